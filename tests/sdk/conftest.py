"""Every SDK's driver, built once and spoken to by every test of the suite; and a Leadline that fails on demand."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.sdk.fake_leadline_service import FakeLeadline
from tests.sdk.drivers import DRIVERS, RunningDriver
from tests.sdk.web_edge import WebEdge

# Set by `make test-sdks`, which asks for every toolchain; without it, those that `make test` asks for are enough.
RUNS_ALL = os.environ.get("LEADLINE_TEST_SDKS") == "all"
TESTED = [name for name, driver in DRIVERS.items() if RUNS_ALL or driver.in_every_test_run]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the SDKs that were left out."""
    if left_out := [name for name in DRIVERS if name not in TESTED]:
        told = f"The suite of all SDKs did not run for {', '.join(left_out)}: make test-sdks runs it for each."
        terminalreporter.write_line(told)


@pytest.fixture(scope="session", params=TESTED)
def driver(request: pytest.FixtureRequest) -> Iterator[RunningDriver]:
    """A running driver of each SDK."""
    chosen = DRIVERS[request.param]
    if missing := chosen.missing():
        pytest.fail(f"missing for the {request.param} SDK: {', '.join(missing)}")
    chosen.make()
    with RunningDriver(chosen) as running:
        yield running


@pytest.fixture(scope="session")
def web_edge(driver: RunningDriver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebEdge | None]:
    """What stands between browsers and Leadline; None for an SDK that needs nothing between."""
    if not driver.driver.over_web:
        yield None
        return
    with WebEdge(tmp_path_factory.mktemp("edge")) as running:
        yield running


@pytest.fixture
def leadline(web_edge: WebEdge | None) -> Iterator[FakeLeadline]:
    """The Leadline of the test, at the address that the SDK is to connect to."""
    with FakeLeadline(web_edge.upstream_port if web_edge else 0) as running:
        if web_edge:
            running.address = web_edge.address
        yield running


class Client:
    """A client of the SDK under test, connected to the Leadline of the test.

    Args:
        driver: the SDK's driver.
        leadline: whom it calls.
    """

    def __init__(self, driver: RunningDriver, leadline: FakeLeadline) -> None:
        self._driver = driver
        self._leadline = leadline
        self.agent = driver.driver.agent
        self.lacks = driver.driver.lacks

    def connect(self, **told: Any) -> None:
        """Connect anew, with a token unless an API key is told; what is None is left to the SDK."""
        credentials = {} if "api_key" in told else {"token": "a-secret-token"}
        settings = {"timeout_ms": 5_000} | credentials | told
        told_settings = {name: value for name, value in settings.items() if value is not None}
        self._driver("connect", address=self._leadline.address, **told_settings)

    def __call__(self, call: str, **told: Any) -> Any:
        """Carry out a call; see `RunningDriver`."""
        return self._driver(call, **told)


@pytest.fixture
def client(driver: RunningDriver, leadline: FakeLeadline) -> Client:
    connected = Client(driver, leadline)
    connected.connect()
    return connected
