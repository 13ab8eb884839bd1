"""The website tracker in a real browser: a page of another origin, consent, a form, and what becomes of it."""

import functools
import gzip
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.ports import LOOPBACK
from leadline_sdk import Lead
from tests.e2e.conftest import Tenant

FOLDER = Path(__file__).parents[2] / "clients" / "tracker"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
LARGEST_SCRIPT = 4 * 1024
"""Bytes, gzipped."""
PAGE = """<!doctype html><title>Harbour</title>
<script src="leadline.js" data-edge="{edge}" data-key="{key}"></script>
<a href="#other" onclick="history.pushState(null, '', 'other')">Other</a>
<form id="contact" action="thanks.html">
<input id="email" name="email" data-leadline="email"><input id="name" name="name" data-leadline="displayName">
<input id="interest" name="interest" data-leadline="field:Interest"><input id="unmarked" name="unmarked">
<input id="password" type="password" data-leadline="company"><button>Send</button></form>"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Says nothing."""


@pytest.fixture(scope="session")
def script() -> Path:
    """The built tracker."""
    subprocess.run([str(FOLDER / "build.sh")], check=True, capture_output=True)
    return FOLDER / "dist" / "leadline.js"


@pytest.fixture
def website(tmp_path: Path, script: Path) -> Iterator[tuple[str, Path]]:
    """A website of an origin of its own, and the folder of its pages."""
    shutil.copy(script, tmp_path)
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer((LOOPBACK, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://{LOOPBACK}:{server.server_port}", tmp_path
        server.shutdown()
        thread.join()


def journey(website: str, edge: str) -> dict[str, Any]:
    if CHROMIUM is None:
        pytest.skip("no browser: install Chromium, or name one in CHROMIUM")
    command = ["node", "tests/journey.mjs", website, edge]
    environment = {**os.environ, "CHROMIUM": CHROMIUM}
    done = subprocess.run(command, cwd=FOLDER, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def types(visit: dict[str, Any]) -> list[str]:
    return [event["type"] for sent in visit["sent"] for event in sent["body"]["events"]]


def test_the_script_is_small(script: Path) -> None:
    assert len(gzip.compress(script.read_bytes())) < LARGEST_SCRIPT


def test_a_visitor_who_consents_and_sends_a_form_is_a_scored_lead(tenant: Tenant, website: tuple[str, Path]) -> None:
    address, folder = website
    edge = f"http://{tenant.stack.edge_address}"
    key = tenant.client.create_tracking_key("Harbour", [address])
    for page in ("index.html", "thanks.html"):
        (folder / page).write_text(PAGE.format(edge=edge, key=key.write_key), encoding="utf-8")
    found = journey(address, edge)

    assert (found["errors"], found["cookies"]) == ([], 0)
    assert (found["withoutConsent"]["sent"], found["storedBefore"]) == ([], 0)
    assert (found["privacyControl"]["sent"], found["doNotTrack"]["sent"]) == ([], [])
    assert types(found["withoutStorage"]) == types(found["withoutBeacon"]) == ["page_view"]
    consented = found["consented"]
    assert types(consented) == ["page_view", "video_played", "form_submitted"]
    assert (found["storedMeanwhile"], found["storedAfterwards"]) == (1, 0)
    assert {sent["type"] for sent in consented["sent"]} == {"text/plain"}
    assert "private" not in json.dumps(consented["sent"])
    first = consented["sent"][0]["body"]["events"][0]["properties"]
    assert (first["url"], first["utm_source"]) == (f"{address}/index.html", "letter")
    assert "secret" not in json.dumps(consented["sent"])
    assert set(consented["answered"] + found["withoutBeacon"]["answered"]) <= {200}

    (lead,) = list(tenant.client.list_leads(filter='email = "noor@example.com"'))
    assert (lead.display_name, lead.company, lead.fields["Interest"].category) == ("Noor", "", "Cranes")
    events = [told.event.type for told in tenant.client.list_lead_events(lead.name)]
    assert sorted(events) == ["form_submitted", "page_view", "video_played"]
    assert 0 < tenant.client.score_lead(lead.name).probability < 1


def test_pages_elsewhere_can_send_nothing(tenant: Tenant) -> None:
    key = tenant.client.create_tracking_key("Harbour", ["https://www.harbour.example"])
    body = {
        "writeKey": key.write_key,
        "visitorId": "00000000-0000-4000-8000-000000000001",
        "events": [{"eventId": "e", "type": "page_view", "ageMilliseconds": 5}],
    }
    with tenant.rest("") as client:
        answers = [
            client.post("/v1/track", content=json.dumps(body), headers={"content-type": "text/plain", "origin": origin})
            for origin in ("https://www.harbour.example", "https://elsewhere.example")
        ]
    assert [answer.status_code for answer in answers] == [200, 403]
    assert answers[1].json()["details"][0]["reason"] == "TRACKING_KEY_REFUSED"
    assert "set-cookie" not in answers[0].headers


def test_an_opened_email_is_an_event_of_the_lead(tenant: Tenant) -> None:
    lead = tenant.client.create_lead(Lead(email="noor@example.com"))
    path = tenant.client.sign_open_pixel(lead.name, "offer")
    with httpx.Client(base_url=f"http://{tenant.stack.edge_address}") as client:
        images = [client.get(url) for url in (path, path, path + "x", "/v1/track/pixel.gif")]
    assert {(image.status_code, image.headers["content-type"], image.content[:6]) for image in images} == {
        (200, "image/gif", b"GIF89a")
    }
    deadline = time.monotonic() + 10
    while not (events := list(tenant.client.list_lead_events(lead.name))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [(told.event.type, told.event.properties["message"].text) for told in events] == [("email_opened", "offer")]
