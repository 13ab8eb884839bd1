"""Experiments in PostgreSQL."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import numpy as np

from scoring.experiments.experiment import Arm, Experiment, ExperimentKind, ExperimentPlan, ExperimentState
from scoring.experiments.ports import Assignment
from scoring.experiments.result import ArmLeads
from scoring.registry.model import ModelState
from scoring.store.model_changes import ModelChange
from scoring.store.models import LOCK_MODELS
from server.runtime import outbox
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.runtime.unit_of_work import unit_of_work

COLUMNS = (
    "id, kind, state, challenger_id, control_id, challenger_share, hold_out_share, minimum_outcome_count, "
    "create_time, end_time, conclusion"
)

_FIND = f"SELECT {COLUMNS} FROM experiments WHERE tenant_id = $1 AND id = $2"

_NEWEST = f"""
SELECT {COLUMNS} FROM experiments WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
"""

_RUNNING = f"SELECT {COLUMNS} FROM experiments WHERE tenant_id = $1 AND state = {ExperimentState.RUNNING} ORDER BY id"

# For each batch of changed leads: one round trip, in which the tenant is set before the rows are read.
_RUNNING_OF_TENANT = f"""
SELECT {COLUMNS}
FROM (SELECT set_config('app.tenant_id', $1::uuid::text, true) AS tenant OFFSET 0) setting,
    LATERAL (SELECT * FROM experiments WHERE tenant_id = setting.tenant::uuid AND state = {ExperimentState.RUNNING}
        OFFSET 0) running
ORDER BY id
"""

_START = f"""
INSERT INTO experiments (tenant_id, id, kind, state, challenger_id, control_id, challenger_share, hold_out_share,
    minimum_outcome_count)
VALUES ($1, $2, $3, {ExperimentState.RUNNING}, $4, $5, $6, $7, $8)
RETURNING {COLUMNS}
"""

_SET_MODEL_STATE = "UPDATE models SET state = $3 WHERE tenant_id = $1 AND id = $2"

# Only of leads that are open still: what a model says once the outcome is known would be no prediction.
_RECORD = """
INSERT INTO experiment_leads (tenant_id, experiment_id, lead_id, arm, probability)
SELECT $1, $2, l.id, a.arm, a.probability
FROM unnest($3::uuid[], $4::smallint[], $5::float8[]) AS a (lead_id, arm, probability)
JOIN leads l ON l.tenant_id = $1 AND l.id = a.lead_id AND l.status = 1
ORDER BY l.id, a.arm
ON CONFLICT (tenant_id, experiment_id, lead_id, arm) DO UPDATE SET probability = excluded.probability,
    update_time = now()
"""

_TAKE_SCORES = """
UPDATE leads SET score_probability = NULL, score_log_odds = NULL, score_base_log_odds = NULL, score_value = NULL,
    score_grade = NULL, score_id = NULL, score_model_id = NULL, score_time = NULL, score_probability_low = NULL,
    score_probability_high = NULL, score_evidence_count = NULL, score_is_overridden = false
WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status = 1 AND score_value IS NOT NULL
"""

# An outcome that came after the end says nothing of the arms any more: the champion makes all scores since.
_COUNTS = "SELECT arm, count(*) FROM experiment_leads WHERE tenant_id = $1 AND experiment_id = $2 GROUP BY arm"

_OUTCOMES = """
SELECT e.arm, e.probability, l.status = 2 AS converted
FROM experiment_leads e JOIN leads l ON l.tenant_id = e.tenant_id AND l.id = e.lead_id
WHERE e.tenant_id = $1 AND e.experiment_id = $2 AND l.status IN (2, 3)
    AND ($3::timestamptz IS NULL OR coalesce(l.outcome_time, l.update_time) <= $3)
ORDER BY e.lead_id
"""


class Experiments:
    """The experiments in PostgreSQL. Every method raises DependencyUnavailable where it can't be reached.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: UUID, experiment_id: UUID) -> Experiment | None:
        """Gives an experiment; None if the tenant has no such experiment."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_FIND, tenant_id, experiment_id)
        return None if row is None else _to_experiment(row)

    async def newest(self, tenant_id: UUID, limit: int, before: UUID | None = None) -> Sequence[Experiment]:
        """Gives up to `limit` experiments, the newest first, of those before one if it is given."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_NEWEST, tenant_id, before, limit)
        return [_to_experiment(row) for row in rows]

    async def running(self, tenant_id: UUID) -> Sequence[Experiment]:
        """Gives the experiments that run. One round trip."""
        async with self._database.session() as connection:
            rows = await connection.fetch(_RUNNING_OF_TENANT, tenant_id)
        return [_to_experiment(row) for row in rows]

    async def arm_leads(self, tenant_id: UUID, experiment: Experiment) -> Mapping[Arm, ArmLeads]:
        """Gives the leads of each arm that the experiment has, with the outcomes that are known now."""
        async with self._database.transaction(tenant_id) as connection:
            counted = await connection.fetch(_COUNTS, tenant_id, experiment.experiment_id)
            rows = await connection.fetch(_OUTCOMES, tenant_id, experiment.experiment_id, experiment.end_time)
        counts = {row["arm"]: row["count"] for row in counted}
        arms = [arm for arm in Arm if arm is not Arm.HOLD_OUT or experiment.plan.hold_out_share > 0.0]
        return {arm: _arm_leads(arm, counts.get(arm, 0), [row for row in rows if row["arm"] == arm]) for arm in arms}

    async def record(self, tenant_id: UUID, experiment_id: UUID, assignments: Sequence[Assignment]) -> None:
        """Keeps the latest assignments of leads that are open still, and takes held-out leads their stored score."""
        held_out = sorted(one.lead_id for one in assignments if one.arm is Arm.HOLD_OUT)
        async with self._database.transaction(tenant_id) as connection:
            await connection.execute(
                _RECORD,
                tenant_id,
                experiment_id,
                [one.lead_id for one in assignments],
                [int(one.arm) for one in assignments],
                [one.probability for one in assignments],
            )
            if held_out:
                await connection.execute(_TAKE_SCORES, tenant_id, held_out)


class ExperimentChange(ModelChange):
    """A change of a tenant's experiments and models. See `scoring.experiments.ports`."""

    async def running(self) -> Sequence[Experiment]:
        """Gives the experiments that run."""
        return [_to_experiment(row) for row in await self._work.driver.fetch(_RUNNING, self._work.tenant_id)]

    async def find(self, experiment_id: UUID) -> Experiment | None:
        """Gives an experiment; None if the tenant has no such experiment."""
        row = await self._work.driver.fetchrow(_FIND, self._work.tenant_id, experiment_id)
        return None if row is None else _to_experiment(row)

    async def start(self, plan: ExperimentPlan, control_id: UUID, challenger_state: ModelState) -> Experiment:
        """Starts an experiment, with the message to the workers that assign the open leads to its arms."""
        work = self._work
        row = await work.driver.fetchrow(
            _START,
            work.tenant_id,
            new_id(),
            plan.kind,
            plan.challenger_id,
            control_id,
            plan.challenger_share,
            plan.hold_out_share,
            plan.minimum_outcome_count,
        )
        if row is None:
            raise RuntimeError("an insert gave no row")
        await work.driver.execute(_SET_MODEL_STATE, work.tenant_id, plan.challenger_id, challenger_state)
        await outbox.append(work.driver, work.tenant_id, "experiment.started", {"experiment_id": str(row["id"])})
        return _to_experiment(row)

    async def end(self, experiment: Experiment, state: ExperimentState, conclusion: str) -> Experiment:
        """Ends an experiment, gives its challenger its former state, and has leads scored that were held out."""
        await self.end_experiments(state, conclusion, experiment.experiment_id)
        ended = await self.find(experiment.experiment_id)
        if ended is None:
            raise RuntimeError("an experiment that runs has gone")
        return ended


class ExperimentChanges:
    """Where changes begin.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def begin(self, tenant_id: UUID) -> AsyncIterator[ExperimentChange]:
        """Begins a change, as soon as no other change of the tenant's models is under way.

        Args:
            tenant_id: The tenant.

        Yields:
            The change; without a commit it does not take effect.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        async with unit_of_work(self._database, tenant_id) as work:
            await work.driver.execute(LOCK_MODELS, tenant_id)
            yield ExperimentChange(work)


def _arm_leads(arm: Arm, lead_count: int, rows: Sequence[asyncpg.Record]) -> ArmLeads:
    return ArmLeads(
        lead_count=lead_count,
        outcomes=np.array([row["converted"] for row in rows], dtype=np.bool_),
        probabilities=None if arm is Arm.HOLD_OUT else np.array([row["probability"] for row in rows], dtype=np.float64),
    )


def _to_experiment(row: asyncpg.Record) -> Experiment:
    return Experiment(
        experiment_id=row["id"],
        plan=ExperimentPlan(
            kind=ExperimentKind(row["kind"]),
            challenger_id=row["challenger_id"],
            challenger_share=row["challenger_share"],
            hold_out_share=row["hold_out_share"],
            minimum_outcome_count=row["minimum_outcome_count"],
        ),
        control_id=row["control_id"],
        state=ExperimentState(row["state"]),
        create_time=row["create_time"],
        end_time=row["end_time"],
        conclusion=row["conclusion"],
    )
