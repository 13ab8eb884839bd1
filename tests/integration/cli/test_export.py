"""`leadline export`."""

import csv
import json
import shlex
from pathlib import Path

import grpc
import pytest
from leadline.v1.lead_pb2 import LEAD_STATUS_CONVERTED, LEAD_STATUS_OPEN
from typer.testing import CliRunner

from clients.cli.main import app
from leadline_sdk import Lead, to_fields
from tests.integration.cli.conftest import Run
from tests.integration.sdk.fake_leadline_service import FakeLeadline, status


@pytest.fixture
def stored(leadline: FakeLeadline) -> FakeLeadline:
    leadline.leads = [
        Lead(
            name="leads/1",
            external_id="crm-1",
            display_name="=HYPERLINK(1)",
            status=LEAD_STATUS_CONVERTED,
            fields=to_fields({"visits": 3.5, "signed": True, "score": "as the CRM sees it"}),
        ),
        Lead(name="leads/2", external_id="crm-2", status=LEAD_STATUS_OPEN, fields=to_fields({"source": "Fair, Köln"})),
    ]
    return leadline


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_each_field_of_any_lead_is_a_column(stored: FakeLeadline, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    done = run("export", str(file), "--filter", "owner = ann")
    assert (done.exit_status, "2 leads are exported" in done.shown) == (0, True)
    assert stored.requests["ListLeads"][-1].filter == "owner = ann"
    first, second = rows_of(file)
    assert (first["external_id"], first["outcome"], first["visits"], first["signed"]) == (
        "crm-1",
        "converted",
        "3.5",
        "true",
    )
    assert (first["fields.score"], first["source"], first["display_name"]) == (
        "as the CRM sees it",
        "",
        "=HYPERLINK(1)",
    )
    assert (second["outcome"], second["source"], second["visits"]) == ("", "Fair, Köln", "")


def test_a_spreadsheet_gets_no_formulas(stored: FakeLeadline, run: Run, tmp_path: Path) -> None:
    assert stored.leads
    run("export", str(tmp_path / "leads.csv"), "--for-spreadsheets")
    assert rows_of(tmp_path / "leads.csv")[0]["display_name"] == "'=HYPERLINK(1)"


def test_a_line_is_a_lead_as_json(stored: FakeLeadline, run: Run) -> None:
    assert stored.leads
    lines = [json.loads(line) for line in run("export", "-", "--format", "jsonl").output.splitlines()]
    assert [line["external_id"] for line in lines] == ["crm-1", "crm-2"]
    assert lines[0]["fields"]["visits"] == {"number": 3.5}


def test_a_file_that_is_there_is_kept_unless_told(stored: FakeLeadline, run: Run, tmp_path: Path) -> None:
    assert stored.leads
    file = tmp_path / "leads.csv"
    file.write_text("mine")
    refused = run("export", str(file))
    assert (refused.exit_status, file.read_text()) == (1, "mine")
    assert run("export", str(file), "--force").exit_status == 0
    assert len(rows_of(file)) == 2


def test_half_an_export_leaves_no_file(stored: FakeLeadline, run: Run, tmp_path: Path) -> None:
    stored.fail("ListLeads", status(grpc.StatusCode.PERMISSION_DENIED, "no", "PERMISSION_MISSING"))
    assert run("export", str(tmp_path / "leads.csv")).exit_status == 1
    assert not list(tmp_path.glob("*leads*"))


def test_an_export_is_imported_again(stored: FakeLeadline, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    run("export", str(file))
    stored.leads = []
    told = "--id external_id --email email --name display_name --company company --target outcome"
    done = run("import", str(file), *shlex.split(told), "--json")
    assert done.exit_status == 0
    assert [(lead.external_id, lead.status) for lead in stored.leads] == [
        ("crm-1", LEAD_STATUS_CONVERTED),
        ("crm-2", LEAD_STATUS_OPEN),
    ]
    assert stored.leads[0].fields["visits"].number == 3.5


def test_a_shell_can_complete_commands() -> None:
    shell = {"_LEADLINE_COMPLETE": "complete_bash", "COMP_WORDS": "leadline ex", "COMP_CWORD": "1"}
    completed = CliRunner().invoke(app, [], env=shell, prog_name="leadline")
    assert sorted(completed.output.split()) == ["experiments", "explain", "export"]
