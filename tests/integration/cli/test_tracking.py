"""`leadline tracking-keys` against the server as a process."""

import json

from tests.integration.cli.conftest import Run

ORIGIN = "https://www.harbour.example"


def test_a_key_is_made_shown_and_deleted(live_run: Run) -> None:
    assert "There are no tracking keys" in live_run("tracking-keys").shown
    made = live_run("tracking-keys", "create", ORIGIN, "--name", "Harbour")
    assert '<script src="/leadline.js" data-edge="http://' in made.output
    (key,) = json.loads(live_run("tracking-keys", "list", "--json").output)
    assert f'data-key="{key["write_key"]}"' in made.output
    shown = live_run("tracking-keys").shown
    assert "Harbour" in shown
    assert ORIGIN in shown
    assert "is deleted" in live_run("tracking-keys", "delete", key["name"]).shown
    assert "There are no tracking keys" in live_run("tracking-keys").shown


def test_what_is_no_origin_is_refused(live_run: Run) -> None:
    refused = live_run("tracking-keys", "create", f"{ORIGIN}/page")
    assert refused.exit_status == 1
    assert "allowed_origins" in refused.shown
