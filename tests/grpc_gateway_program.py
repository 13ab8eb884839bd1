"""grpc-gateway as a program, for the tests that run it."""

import shutil
import subprocess
from pathlib import Path

import pytest

_MODULE = Path(__file__).parents[1] / "gateway"


def build_grpc_gateway(folder: Path) -> str:
    """Builds the program into a folder and gives its path; fails the test where Go is missing."""
    go = shutil.which("go")
    if go is None:
        pytest.fail("go is missing: grpc-gateway is built and tested with Go 1.26 or newer")
    program = str(folder / "grpc_gateway")
    subprocess.run([go, "build", "-o", program, "./grpc_gateway"], cwd=_MODULE, check=True)
    return program
