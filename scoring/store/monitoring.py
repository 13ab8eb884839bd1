"""The watch over models in PostgreSQL: policies, reports and alarms."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import asyncpg
import orjson

from scoring.monitoring.alarm import BREACHES, Alarm, AlarmKind, Finding
from scoring.monitoring.drift_report import DriftReport
from scoring.monitoring.policy import MonitoringPolicy
from scoring.registry.operation import TRAIN_MODEL
from scoring.store.model_changes import ModelChange
from scoring.store.models import LOCK_MODELS
from server.runtime import outbox
from server.runtime.database import Database
from server.runtime.errors import DriftReportNotFound, ModelNotFound, NoModel
from server.runtime.identifiers import format_name, new_id
from server.runtime.operations import DONE
from server.runtime.unit_of_work import held_unit_of_work, unit_of_work

# A check that a worker did not bring to its end is made again after this.
RETRY_INTERVAL = timedelta(minutes=5)

_POLICY_COLUMNS = (
    "check_interval",
    "minimum_lead_count",
    "minimum_outcome_count",
    "maximum_stability_index",
    "maximum_calibration_error",
    "maximum_auc_drop",
    "roll_back_on_breach",
    "retrain_on_drift",
    "retrain_interval",
    "next_check_time",
    "next_training_time",
)
_COLUMNS = f"{', '.join(_POLICY_COLUMNS)}, window_length"

_POLICY = f"SELECT {_COLUMNS} FROM monitoring_policies WHERE tenant_id = $1"

# With another interval, the next training is due that long after now.
_SET_POLICY = f"""
INSERT INTO monitoring_policies AS p (tenant_id, check_interval, window_length, minimum_lead_count,
    minimum_outcome_count, maximum_stability_index, maximum_calibration_error, maximum_auc_drop, roll_back_on_breach,
    retrain_on_drift, retrain_interval, next_check_time, next_training_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now(), now() + $11)
ON CONFLICT (tenant_id) DO UPDATE SET check_interval = excluded.check_interval,
    window_length = excluded.window_length, minimum_lead_count = excluded.minimum_lead_count,
    minimum_outcome_count = excluded.minimum_outcome_count,
    maximum_stability_index = excluded.maximum_stability_index,
    maximum_calibration_error = excluded.maximum_calibration_error, maximum_auc_drop = excluded.maximum_auc_drop,
    roll_back_on_breach = excluded.roll_back_on_breach, retrain_on_drift = excluded.retrain_on_drift,
    retrain_interval = excluded.retrain_interval, next_check_time = now(),
    next_training_time = CASE WHEN p.retrain_interval IS DISTINCT FROM excluded.retrain_interval
        THEN excluded.next_training_time ELSE p.next_training_time END
RETURNING {_COLUMNS}
"""

_CLAIM_CHECK = f"""
UPDATE monitoring_policies SET next_check_time = now() + least(check_interval, $2)
WHERE tenant_id = (SELECT tenant_id FROM monitoring_policies WHERE tenant_id = $1 AND next_check_time <= now()
    FOR UPDATE SKIP LOCKED)
RETURNING {_COLUMNS}
"""

_CLAIM_TRAINING = """
UPDATE monitoring_policies SET next_training_time = now() + retrain_interval
WHERE tenant_id = (SELECT tenant_id FROM monitoring_policies WHERE tenant_id = $1 AND next_training_time <= now()
    FOR UPDATE SKIP LOCKED)
RETURNING true
"""

_NEXT_CHECK = "UPDATE monitoring_policies SET next_check_time = now() + $2 WHERE tenant_id = $1"

_TRAINING_RUNS = f"""
SELECT EXISTS (SELECT FROM operations WHERE tenant_id = $1 AND method = '{TRAIN_MODEL}' AND state <> {DONE})
"""

_SAVE_REPORT = """
INSERT INTO drift_reports (tenant_id, model_id, compute_time, start_time, report) VALUES ($1, $2, $3, $4, $5::jsonb)
ON CONFLICT (tenant_id, model_id) DO UPDATE SET compute_time = excluded.compute_time,
    start_time = excluded.start_time, report = excluded.report
"""

_CHAMPION = "SELECT id FROM models WHERE tenant_id = $1 AND state = 2"

_REPORT = """
SELECT m.id, r.compute_time, r.start_time, r.report::text AS report
FROM models m LEFT JOIN drift_reports r ON r.tenant_id = m.tenant_id AND r.model_id = m.id
WHERE m.tenant_id = $1 AND m.id = $2
"""

_ALARM_COLUMNS = (
    "id, model_id, kind, feature, value, threshold, message, rolled_back_to, training_id, create_time, end_time"
)

_STANDING = f"SELECT {_ALARM_COLUMNS} FROM alarms WHERE tenant_id = $1 AND model_id = $2 AND end_time IS NULL"

_ALARMS = f"""
SELECT {_ALARM_COLUMNS} FROM alarms
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) AND (NOT $3 OR end_time IS NULL) ORDER BY id DESC LIMIT $4
"""

_BREACHED = (
    f"SELECT DISTINCT model_id FROM alarms WHERE tenant_id = $1 "
    f"AND kind IN ({', '.join(str(int(kind)) for kind in sorted(BREACHES))})"
)

_RAISE = """
INSERT INTO alarms (tenant_id, id, model_id, kind, feature, value, threshold, message, rolled_back_to, training_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

_END = "UPDATE alarms SET end_time = now() WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND end_time IS NULL"

_END_OF_OTHERS = "UPDATE alarms SET end_time = now() WHERE tenant_id = $1 AND model_id <> $2 AND end_time IS NULL"


class MonitoringChange(ModelChange):
    """What follows from a check, in one transaction. See `scoring.monitoring.ports`."""

    async def standing(self, model_id: UUID) -> Sequence[Alarm]:
        """Gives the alarms of a model that stand."""
        return [_to_alarm(row) for row in await self._work.driver.fetch(_STANDING, self._work.tenant_id, model_id)]

    async def breached_models(self) -> frozenset[UUID]:
        """Gives the models that ever raised an alarm about calibration or AUC."""
        return frozenset(row["model_id"] for row in await self._work.driver.fetch(_BREACHED, self._work.tenant_id))

    async def save(self, report: DriftReport, policy: MonitoringPolicy) -> None:
        """Keeps a report in place of the model's former one, and says when the next check is due."""
        work = self._work
        await work.driver.execute(
            _SAVE_REPORT,
            work.tenant_id,
            report.model_id,
            report.compute_time,
            report.start_time,
            orjson.dumps(report.to_json()).decode(),
        )
        await work.driver.execute(_NEXT_CHECK, work.tenant_id, policy.check_interval)

    async def raise_alarm(
        self, model_id: UUID, finding: Finding, rolled_back_to: UUID | None, training_id: UUID | None
    ) -> None:
        """Keeps an alarm, with the message to whoever acts on it."""
        work, alarm_id = self._work, new_id()
        told = {
            "kind": finding.kind.name,
            "feature": finding.feature,
            "value": finding.value,
            "threshold": finding.threshold,
            "message": finding.message,
        }
        await work.driver.execute(
            _RAISE,
            work.tenant_id,
            alarm_id,
            model_id,
            finding.kind,
            finding.feature,
            finding.value,
            finding.threshold,
            finding.message,
            rolled_back_to,
            training_id,
        )
        ids = {"alarm_id": alarm_id, "model_id": model_id, "rolled_back_to": rolled_back_to, "training_id": training_id}
        await outbox.append(work.driver, work.tenant_id, "model.alarm", {**ids, **told})

    async def end_alarms(self, alarm_ids: Sequence[UUID]) -> None:
        """Says that alarms were found gone."""
        await self._work.driver.execute(_END, self._work.tenant_id, alarm_ids)

    async def end_alarms_of_others(self, model_id: UUID) -> None:
        """Says that the alarms of all models but one stand no more."""
        await self._work.driver.execute(_END_OF_OTHERS, self._work.tenant_id, model_id)

    async def claim_training(self) -> bool:
        """Takes the training that is due by the policy's interval, and says when the next one is; False if none is."""
        return bool(await self._work.driver.fetchval(_CLAIM_TRAINING, self._work.tenant_id))

    async def training_runs(self) -> bool:
        """Tells whether a training waits or runs."""
        return bool(await self._work.driver.fetchval(_TRAINING_RUNS, self._work.tenant_id))


class Monitoring:
    """Policies, reports and alarms. Every method raises DependencyUnavailable where PostgreSQL can't be reached.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def begin(self, tenant_id: UUID) -> AsyncIterator[MonitoringChange]:
        """Begins a change that other use cases join, as soon as no other of the tenant's models is under way.

        Args:
            tenant_id: The tenant.

        Yields:
            The change; without a commit it does not take effect.
        """
        async with held_unit_of_work(self._database, tenant_id) as work:
            await work.driver.execute(LOCK_MODELS, tenant_id)
            yield MonitoringChange(work)

    async def policy(self, tenant_id: UUID) -> MonitoringPolicy:
        """Gives the tenant's policy."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_POLICY, tenant_id)
        return MonitoringPolicy() if row is None else _to_policy(row)

    async def set_policy(self, tenant_id: UUID, policy: MonitoringPolicy) -> MonitoringPolicy:
        """Keeps the tenant's policy, in the rpc's unit of work; a check by it is due at once."""
        async with unit_of_work(self._database, tenant_id) as work:
            row = await work.driver.fetchrow(
                _SET_POLICY,
                tenant_id,
                policy.check_interval,
                policy.window,
                policy.minimum_lead_count,
                policy.minimum_outcome_count,
                policy.maximum_stability_index,
                policy.maximum_calibration_error,
                policy.maximum_auc_drop,
                policy.roll_back_on_breach,
                policy.retrain_on_drift,
                policy.retrain_interval,
            )
            await work.commit()
        if row is None:
            raise RuntimeError("an insert gave no row")
        return _to_policy(row)

    async def claim_check(self, tenant_id: UUID) -> MonitoringPolicy | None:
        """Takes a check that is due, so that no other worker makes it, and gives the policy; None if none is due."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_CLAIM_CHECK, tenant_id, RETRY_INTERVAL)
        return None if row is None else _to_policy(row)

    async def report(self, tenant_id: UUID, model_id: UUID | None) -> DriftReport:
        """Gives what the latest check of a model has found.

        Args:
            tenant_id: The tenant.
            model_id: The model; None for the champion.

        Raises:
            NoModel: There is no champion.
            ModelNotFound: The tenant has no such model.
            DriftReportNotFound: It has not been checked yet.
        """
        async with self._database.transaction(tenant_id) as connection:
            if model_id is None:
                model_id = await connection.fetchval(_CHAMPION, tenant_id)
            if model_id is None:
                raise NoModel
            row = await connection.fetchrow(_REPORT, tenant_id, model_id)
        if row is None:
            raise ModelNotFound(format_name("models", model_id))
        if row["report"] is None:
            raise DriftReportNotFound(format_name("models", model_id))
        return DriftReport.from_json(model_id, row["compute_time"], row["start_time"], orjson.loads(row["report"]))

    async def alarms(
        self, tenant_id: UUID, limit: int, before: UUID | None = None, *, standing_only: bool = False
    ) -> Sequence[Alarm]:
        """Gives up to `limit` alarms, the newest first, of those before one if it is given."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_ALARMS, tenant_id, before, standing_only, limit)
        return [_to_alarm(row) for row in rows]


def _to_policy(row: asyncpg.Record) -> MonitoringPolicy:
    return MonitoringPolicy(window=row["window_length"], **{column: row[column] for column in _POLICY_COLUMNS})


def _to_alarm(row: asyncpg.Record) -> Alarm:
    return Alarm(
        alarm_id=row["id"],
        model_id=row["model_id"],
        finding=Finding(AlarmKind(row["kind"]), row["feature"], row["value"], row["threshold"], row["message"]),
        rolled_back_to=row["rolled_back_to"],
        training_id=row["training_id"],
        create_time=row["create_time"],
        end_time=row["end_time"],
    )
