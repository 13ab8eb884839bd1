"""The drivers of the SDKs: how each is built and started, and how it is spoken to.

README.md tells what a driver is. An SDK in another language has to bring one, and an entry in `DRIVERS`.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

REPOSITORY = Path(__file__).parents[2]
SDKS = REPOSITORY / "sdk"
BUILD = REPOSITORY / "build"


def run_build(command: Sequence[str], folder: Path, sdk: str) -> None:
    """Build something of an SDK, or fail with what the tools say; one build at a time, whichever process asks for it.

    Args:
        command: what builds it.
        folder: where to run it.
        sdk: whose builds must not meet.
    """
    BUILD.mkdir(exist_ok=True)
    with (BUILD / f"{sdk}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        built = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr


@dataclass(frozen=True, slots=True)
class Driver:
    """A driver of an SDK.

    Attributes:
        agent: how the SDK names itself in the user agent.
        run: the command that starts it, in the project's folder.
        build: the command that builds it; empty where there is nothing to build.
        folder: where it is built.
        needs: the programs without which it can't be built or run, with what brings them.
        in_every_test_run: whether it belongs to `make test`, and not to `make test-sdks` alone.
        over_web: whether it speaks gRPC-web, so that an edge has to stand between.
        lacks: the methods of the client that it can't have.
    """

    agent: str
    run: Sequence[str]
    build: Sequence[str] = ()
    folder: Path = REPOSITORY
    needs: Mapping[str, str] = field(default_factory=dict)
    in_every_test_run: bool = False
    over_web: bool = False
    lacks: frozenset[str] = frozenset()

    def missing(self) -> list[str]:
        """Name what is missing on this machine."""
        return [f"{program} ({source})" for program, source in self.needs.items() if shutil.which(program) is None]

    def make(self) -> None:
        """Build it, one process of the tests at a time; what is unchanged is built in no time."""
        if not self.build:
            return
        run_build(self.build, self.folder, self.agent)


NODE = {"node": "Node 20.9 or newer", "npm": "Node 20.9 or newer"}
GO_DRIVER = BUILD / "go-contract-driver"
JAVA_CLASSES = ["classes", "test-classes", "dependency/*"]
TYPESCRIPT_DRIVER = ["node", "sdk/typescript/build/tests/contract_driver.js"]
BUILD_TYPESCRIPT = ["npm", "exec", "--", "tsc", "--project", "tsconfig.json"]

DRIVERS = {
    "python": Driver("leadline-python", [sys.executable, "-m", "tests.sdk.python_driver"], in_every_test_run=True),
    "python-async": Driver(
        "leadline-python", [sys.executable, "-m", "tests.sdk.python_async_driver"], in_every_test_run=True
    ),
    "typescript": Driver(
        "leadline-typescript",
        TYPESCRIPT_DRIVER,
        build=BUILD_TYPESCRIPT,
        folder=SDKS / "typescript",
        needs=NODE,
        in_every_test_run=True,
    ),
    "typescript-browser": Driver(
        "leadline-typescript",
        [*TYPESCRIPT_DRIVER, "--browser"],
        build=BUILD_TYPESCRIPT,
        folder=SDKS / "typescript",
        needs=NODE,
        in_every_test_run=True,
        over_web=True,
        lacks=frozenset({"publish_events", "close"}),  # browsers send no stream bit by bit, and keep connections
    ),
    "go": Driver(
        "leadline-go",
        [str(GO_DRIVER)],
        build=["go", "build", "-o", str(GO_DRIVER), "./internal/contractdriver"],
        folder=SDKS / "go",
        needs={"go": "Go 1.26 or newer"},
    ),
    "java": Driver(
        "leadline-java",
        [
            "java",
            "-cp",
            ":".join(f"sdk/java/target/{part}" for part in JAVA_CLASSES),
            "dev.leadline.sdk.ContractDriver",
        ],
        build=["make", "sdk-java-driver"],
        needs={"javac": "a JDK, 17 or newer", "mvn": "Maven 3.8 or newer"},
    ),
}


class DriverError(Exception):
    """A call of a driver that failed, as the driver tells it.

    Attributes:
        kind: the name of the exception in `leadline_sdk.errors`.
        text: all that the language prints of it.
        told: the rest.
    """

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['kind']}: {error['text']}")
        self.kind: str = error["kind"]
        self.text: str = error["text"]
        self.told = error


class RunningDriver:
    """A driver that runs; to be used as a context manager.

    Args:
        driver: which.
    """

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._process = subprocess.Popen(
            driver.run,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """Give the driver itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it: its input ends."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def __call__(self, call: str, **told: Any) -> Any:
        """Let the SDK carry out a call and give its result.

        Raises:
            DriverError: the call failed.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"call": call, **told}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the driver ended in {call}"
        answer = json.loads(line)
        if "error" in answer:
            raise DriverError(answer["error"])
        return answer["result"]
