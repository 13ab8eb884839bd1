"""The dashboard in a real browser against the whole stack: on a desktop and on a phone."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.local.processes import DASHBOARD
from tests.e2e.conftest import TrainedTenant

FOLDER = DASHBOARD.parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
MOST_JAVASCRIPT = 350 * 1024
"""Bytes, gzipped."""

JOURNEYS = {
    "journey": ("board", "lead", "models", "import"),
    "work_journey": ("workflows", "notifications", "lead-history"),
    "trouble_journey": ("session-over", "offline"),
    "account_journey": ("settings", "settings-users", "settings-keys", "settings-webhooks", "second-factor"),
}
"""The scripts, with pages of which each keeps a picture."""


def leads_to_move(trained: TrainedTenant) -> str:
    """Gives two open leads in the middle, whose score an event of `EVENT_TYPE` moves noticeably."""
    middle = [lead for lead in trained.quiet_leads if 20 <= lead.score.value <= 60]
    assert len(middle) >= 2
    return ",".join(lead.name for lead in middle[:2])


def travel(trained: TrainedTenant, token_file: Path, script: str) -> dict[str, Any]:
    """Goes on a journey in Chromium; gives what was found, and keeps screenshots in `build/dashboard`."""
    if CHROMIUM is None:
        pytest.skip("no browser: install Chromium, or name one in CHROMIUM")
    if not (DASHBOARD / "index.html").exists():
        pytest.skip("the dashboard is not built: make dashboard")
    token_file.write_text(trained.token, encoding="utf-8")
    command = ["node", f"tests/{script}.mjs", trained.stack.edge_address, str(token_file), "../../build/dashboard"]
    environment = {**os.environ, "CHROMIUM": CHROMIUM}
    done = subprocess.run(
        [*command, leads_to_move(trained), str(trained.stack.folder.mailbox)],
        cwd=FOLDER,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout) | {"script": script}
    return found


@pytest.fixture(scope="module", params=JOURNEYS)
def journey(
    request: pytest.FixtureRequest, trained: TrainedTenant, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What a journey found."""
    return travel(trained, tmp_path_factory.mktemp("journey") / "token", request.param)


def test_pages_work_without_an_error_or_a_breach_of_the_content_policy(journey: dict[str, Any]) -> None:
    assert journey["errors"] == []


def test_no_request_leaves_for_another_host(journey: dict[str, Any]) -> None:
    assert journey["foreign"] == []


def test_axe_finds_nothing_serious(journey: dict[str, Any]) -> None:
    assert journey["violations"] == []


def test_values_of_leads_are_text_and_never_markup(journey: dict[str, Any]) -> None:
    assert journey["markup"] == []


def test_no_page_is_wider_than_its_window_however_long_names_are(journey: dict[str, Any]) -> None:
    assert journey["overflows"] == []


def test_a_page_loads_little_javascript(journey: dict[str, Any]) -> None:
    sizes = journey["javascript"]
    assert sizes
    assert all(0 < size <= MOST_JAVASCRIPT for size in sizes.values()), sizes


def test_pictures_are_kept(journey: dict[str, Any]) -> None:
    kept = {picture.name for picture in Path(FOLDER, "../../build/dashboard").glob("*.png")}
    assert {f"{device}-{page}.png" for device in ("desktop", "phone") for page in JOURNEYS[journey["script"]]} <= kept
