"""`leadline experiments`, `leadline drift` and `leadline alarms`, on the real services."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from clients.cli.main import app
from deploy.local.development_token import DevelopmentKey
from scoring.monitoring.alarm import AlarmKind, Finding
from scoring.monitoring.drift_report import DriftReport, FeatureStability
from scoring.monitoring.policy import MonitoringPolicy
from scoring.monitoring.score_quality import ScoreQuality
from scoring.statistics.intervals import Estimate
from scoring.store.monitoring import Monitoring
from server.runtime.database import Database
from tests.integration.scorer.conftest import add_champion
from tests.integration.scorer.test_life_cycle_rpcs import add_candidate

Run = Callable[..., Awaitable[str]]


@pytest.fixture
def run(development_key: DevelopmentKey, address: str, tenant_id: UUID) -> Run:
    """Runs a command, and gives what it shows without line breaks and runs of spaces."""
    settings = {"LEADLINE_TOKEN": development_key.mint(tenant_id), "LEADLINE_ADDRESS": address, "COLUMNS": "200"}

    async def run_command(*arguments: str, exit_status: int = 0) -> str:
        command = ["--plain-text", *arguments]
        # The server's log would else be caught as if it were the command's.
        with capture_logs():
            result = await asyncio.to_thread(CliRunner().invoke, app, command, env=settings)
        shown = " ".join(f"{result.stdout} {result.stderr}".split())
        assert result.exit_code == exit_status, shown
        return shown

    return run_command


async def test_a_canary_is_started_shown_and_stopped(run: Run, database: Database, tenant_id: UUID) -> None:
    assert "There is no experiment yet" in await run("experiments")
    await add_champion(database, tenant_id)
    await add_candidate(database, tenant_id, passed=False)

    begun = await run("experiments", "start", "canary", "2", "--share", "0.2")
    found = re.match(r"(experiments/\S+) has begun", begun)
    assert found, begun
    name = found[1]
    assert "canary" in (await run("models", "list")).split("champion")[0]
    shown = await run("experiments", "show", name)
    assert "control │ 0 │ 0" in shown
    assert "needs 100 leads" in shown
    assert "needs 100 leads" in await run("experiments", "conclude", name, exit_status=1)
    assert "has ended: stopped on request" in await run("experiments", "stop", name)
    assert "canary │ stopped" in await run("experiments", "list")
    [listed] = json.loads(await run("experiments", "list", "--json"))
    assert (listed["name"], listed["challenger_share"]) == (name, 0.2)


async def test_the_champion_s_checks_are_shown(run: Run, database: Database, tenant_id: UUID) -> None:
    champion = await add_champion(database, tenant_id)
    assert "has not been checked yet" in await run("drift", exit_status=1)
    assert await run("alarms") == "There is no alarm."
    moved = FeatureStability("visits", stability_index=0.5, chance_limit=0.02, lead_count=300, drifted=True)
    quality = ScoreQuality(300, 0.75, 0.31, 0.2, Estimate(0.11, 0.06, 0.16), 0.04, Estimate(0.7, 0.65, 0.75))
    now = datetime.now(UTC)
    async with Monitoring(database).begin(tenant_id) as change:
        await change.save(DriftReport(champion.model_id, now, now, [moved], quality), MonitoringPolicy())
        finding = Finding(AlarmKind.CALIBRATION, "", 0.11, 0.1, "scores are off")
        await change.raise_alarm(champion.model_id, finding, None, None)
        await change.commit()

    shown = await run("drift", "1")
    assert "visits │ 0.500 │ 0.020 │ 300 │ moved" in shown
    assert "Of 300 leads 20.0% converted, 31.0% were expected; calibration error 0.110 (0.060 to 0.160" in shown
    assert "AUC 0.700, 0.750 when it was evaluated." in shown
    assert "calibration │ scores are off" in await run("alarms")
