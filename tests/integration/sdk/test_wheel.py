"""The package as customers get it: built, installed alone into a fresh environment, and used."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.sdk.fake_leadline_service import FakeLeadline

REPOSITORY = Path(__file__).parents[3]
PROGRAM = """
import importlib.util, pathlib, sys
import leadline_sdk, leadline.v1
from leadline_sdk import Client, Lead, NotFound

assert importlib.util.find_spec("buf") is None
assert pathlib.Path(leadline_sdk.__file__).with_name("py.typed").exists()
for module in (leadline_sdk, leadline.v1.lead_pb2):
    assert module.__file__.startswith(sys.prefix), module.__file__
with Client(sys.argv[1], token="secret", tls=False) as client:
    result = client.import_leads(Lead(external_id=str(number)) for number in range(3))
    assert result.created_count == 3
    assert [lead.external_id for lead in client.list_leads()] == ["0", "1", "2"]
    try:
        client.get_lead("leads/x")
    except NotFound as error:
        print(error.reason, client.score_inline_lead({"Visits": 4}).value)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ["uv", "build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([*build, "--out-dir", str(folder), str(REPOSITORY / "sdk" / "python")], check=True)
    return next(folder.glob("*.whl"))


def installed(folder: Path, wheel: str, *options: str) -> Path:
    """Install a wheel alone into a fresh environment and give its Python."""
    environment = folder / "venv"
    python = environment / "bin" / "python"
    create = ["uv", "venv", "--quiet", "--python", sys.executable, str(environment)]
    subprocess.run(create, check=True)
    install = ["uv", "pip", "install", "--quiet", "--python", str(python), *options, wheel]
    subprocess.run(install, check=True)
    return python


def told(python: Path, folder: Path, program: str, *arguments: str) -> str:
    """Run a program and give what it tells; fail with what is the matter."""
    run = [str(python), "-I", "-W", "error", "-c", program, *arguments]
    used = subprocess.run(run, cwd=folder, check=False, capture_output=True, text=True)
    assert used.returncode == 0, used.stderr
    return used.stdout


@pytest.mark.parametrize("resolution", ["highest", "lowest-direct"])
def test_the_wheel_works_alone_with_the_newest_and_the_oldest_dependencies(
    leadline: FakeLeadline, wheel: Path, tmp_path: Path, resolution: str
) -> None:
    python = installed(tmp_path, str(wheel), "--resolution", resolution)
    assert told(python, tmp_path, PROGRAM, leadline.address) == "LEAD_NOT_FOUND 73\n"


def test_the_extra_brings_dataclasses_that_work_as_the_readme_says(
    leadline: FakeLeadline, wheel: Path, tmp_path: Path
) -> None:
    readme = (REPOSITORY / "sdk" / "python" / "README.md").read_text(encoding="utf-8")
    (code,) = (found for found in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "betterproto" in found)
    host, port = leadline.address.split(":")
    program = code.replace('"leadline.example.com", 443, ssl=True', f'"{host}", {port}')
    python = installed(tmp_path, f"{wheel}[betterproto]")
    assert told(python, tmp_path, program) == "73 0.731 ['Lead Source', 'events.page_view.count']\n"
    assert leadline.metadata["ScoreInlineLead"]["authorization"] == "Bearer ..."
    assert leadline.requests["ScoreInlineLead"][0].lead.fields["Visits"].number == 4
    assert (leadline.seconds_left["ScoreInlineLead"] or 0) > 9
