"""The TypeScript SDK's folder with its tools, and a Leadline to call."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sdk.fake_leadline_service import FakeLeadline

SDK = Path(__file__).parents[3] / "sdk" / "typescript"


def npm(*arguments: str, folder: Path) -> str:
    """Run npm in a folder; give what it says, or fail with it."""
    command = ["npm", *arguments]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def sdk_folder() -> Path:
    """The SDK's folder, in which its tools are installed."""
    if shutil.which("npm") is None:
        pytest.fail("npm is missing: the TypeScript SDK is built and tested with Node 20.9 or newer")
    if not (SDK / "node_modules").exists():
        npm("ci", folder=SDK)
    return SDK


@pytest.fixture
def leadline() -> Iterator[FakeLeadline]:
    with FakeLeadline() as running:
        yield running
