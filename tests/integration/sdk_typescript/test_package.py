"""The npm package: its own tests, and the package as customers get it, installed alone and used as its README says."""

import re
import subprocess
from pathlib import Path

import pytest
from leadline.v1.scoring_service_pb2 import ScoreChange

from leadline_sdk import Score
from tests.integration.sdk.fake_leadline_service import FakeLeadline, lead_name
from tests.integration.sdk_typescript.conftest import npm

HEAD = """
const myCrmRows = [0, 1, 2].map((number) => ({ id: `${number}`, answers: { Visits: number, Source: "Google" } }));
"""


@pytest.fixture(scope="session")
def project(sdk_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which nothing but the packed SDK is installed."""
    folder = tmp_path_factory.mktemp("project")
    npm("pack", "--pack-destination", str(folder), folder=sdk_folder)
    (package,) = folder.glob("*.tgz")
    npm("init", "--yes", folder=folder)
    npm("install", "--no-audit", "--no-fund", "--prefer-offline", str(package), folder=folder)
    return folder


def test_lint_and_own_tests_pass(sdk_folder: Path) -> None:
    npm("run", "lint", folder=sdk_folder)
    told = npm("test", folder=sdk_folder)
    assert re.search(r"^# fail 0$", told, re.MULTILINE), told
    assert re.search(r"^# pass [1-9]", told, re.MULTILINE), told


def test_the_lock_names_no_registry(sdk_folder: Path) -> None:
    assert '"resolved"' not in (sdk_folder / "package-lock.json").read_text(encoding="utf-8")


def test_the_quick_start_works_from_the_package_alone(leadline: FakeLeadline, sdk_folder: Path, project: Path) -> None:
    leadline.changes = [ScoreChange(score=Score(lead=lead_name(7), probability=0.75), previous_probability=0.5)]
    readme = (sdk_folder / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"```ts\n(.*?)```", readme, re.DOTALL)[0]
    program = project / "quick_start.mjs"
    program.write_text(HEAD + code.replace("leadline.example.com:443", f"http://{leadline.address}"), encoding="utf-8")
    lines: list[str] = []
    run = ["node", str(program)]
    with subprocess.Popen(run, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            lines.append(line.rstrip())
            if lead_name(7) in line:
                running.terminate()  # a watch has no end
                break
    assert lines[0] == "3", lines
    assert lines[-1] == f"{lead_name(7)} 0.5 0.75", lines
    assert "Lead Source Google 2" in lines
    assert [lead.external_id for lead in leadline.leads] == ["0", "1", "2"]
    assert "leadline-typescript/" in leadline.metadata["ScoreInlineLead"]["user-agent"]


def test_the_browser_entry_needs_nothing_of_node(project: Path) -> None:
    program = project / "browser.mjs"
    program.write_text(
        "import { register } from 'node:module';\n"
        "const hooks = `export async function resolve(name, context, next) {\n"
        "  if (name.startsWith('node:') || name.includes('connect-node')) throw new Error('needs ' + name);\n"
        "  return next(name, context);\n"
        "}`;\n"
        "register('data:text/javascript,' + encodeURIComponent(hooks));\n"
        "const { Client } = await import('leadline-sdk');\n"
        "const { LeadService } = await import('leadline-sdk/contract/lead_service');\n"
        "console.log(typeof new Client('http://localhost', { token: 't' }).service(LeadService).getLead);\n",
        encoding="utf-8",
    )
    run = ["node", str(program)]
    used = subprocess.run(run, cwd=project, check=False, capture_output=True, text=True)
    assert used.stdout == "function\n", used.stderr
