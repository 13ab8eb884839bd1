"""Changes of what a tenant's models are used for, in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from scoring.registry.model import IN_EXPERIMENT, Model, ModelState
from scoring.registry.operation import RESCORE_LEADS
from scoring.store.models import COLUMNS, LOCK_MODELS, to_model
from server.runtime.database import Database
from server.runtime.errors import ModelNotFound
from server.runtime.identifiers import format_name
from server.runtime.operations import add_operation
from server.runtime.system_changes import SystemChange, record_change
from server.runtime.unit_of_work import UnitOfWork, unit_of_work

_ALL = f"SELECT {COLUMNS} FROM models WHERE tenant_id = $1 ORDER BY version DESC"

_RETIRE_OTHERS = f"""
UPDATE models SET state = {ModelState.RETIRED}
WHERE tenant_id = $1 AND state = {ModelState.CHAMPION} AND id <> $2
"""

_PROMOTE = f"""
UPDATE models SET state = {ModelState.CHAMPION}, champion_time = clock_timestamp()
WHERE tenant_id = $1 AND id = $2 RETURNING {COLUMNS}
"""

# A challenger is again what it was: a former champion or a candidate. A new champion stays champion.
_END_EXPERIMENTS = f"""
WITH ended AS (
    UPDATE experiments SET state = $2, conclusion = $3, end_time = clock_timestamp()
    WHERE tenant_id = $1 AND state = 1 AND ($4::uuid IS NULL OR id = $4)
    RETURNING challenger_id, hold_out_share
), freed AS (
    UPDATE models m SET state = CASE WHEN m.champion_time IS NULL THEN {ModelState.CANDIDATE}
        ELSE {ModelState.RETIRED} END
    FROM ended WHERE m.tenant_id = $1 AND m.id = ended.challenger_id
        AND m.state IN ({", ".join(str(int(state)) for state in sorted(IN_EXPERIMENT))})
)
SELECT coalesce(max(hold_out_share), 0) > 0 FROM ended
"""

STOPPED, CHAMPION_CHANGED = 2, "stopped: the champion changed"

# From its first champion on, a tenant's champions are watched.
_WATCH = "INSERT INTO monitoring_policies (tenant_id) VALUES ($1) ON CONFLICT (tenant_id) DO NOTHING"

_DELETE = "DELETE FROM models WHERE tenant_id = $1 AND id = $2"


class ModelChange:
    """A change of a tenant's models; nobody else changes them until it is over. See `scoring.registry.ports`."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def models(self) -> Sequence[Model]:
        """Gives the tenant's models, the newest first."""
        return [to_model(row) for row in await self._work.driver.fetch(_ALL, self._work.tenant_id)]

    async def make_champion(self, model_id: UUID) -> Model:
        """Makes a model champion, retires the one before, and ends the experiments that run.

        Raises:
            ModelNotFound: The tenant has no such model.
        """
        # What runs compares with the champion of before.
        await self.end_experiments(STOPPED, CHAMPION_CHANGED, None)
        await self._work.driver.execute(_RETIRE_OTHERS, self._work.tenant_id, model_id)
        row = await self._work.driver.fetchrow(_PROMOTE, self._work.tenant_id, model_id)
        if row is None:
            raise ModelNotFound(format_name("models", model_id))
        await self._work.driver.execute(_WATCH, self._work.tenant_id)
        return to_model(row)

    async def delete(self, model_id: UUID) -> None:
        """Forgets a model; no effect if there is none."""
        await self._work.driver.execute(_DELETE, self._work.tenant_id, model_id)

    async def record(self, change: SystemChange) -> None:
        """Records in the audit log what no rpc has asked for."""
        await record_change(self._work.driver, self._work.tenant_id, change)

    async def end_experiments(self, state: int, conclusion: str, experiment_id: UUID | None) -> None:
        """Ends experiments that run, gives challengers their former state, and has leads scored that were held out.

        Args:
            state: How they end, numbered as in the contract.
            conclusion: Why they end, in words.
            experiment_id: The one to end; None for all that run.
        """
        tenant_id = self._work.tenant_id
        if await self._work.driver.fetchval(_END_EXPERIMENTS, tenant_id, state, conclusion, experiment_id):
            await add_operation(self._work, tenant_id, RESCORE_LEADS, {}, "rescoring.requested")

    async def commit(self) -> None:
        """Makes the change take effect, together with the answer of the rpc that it belongs to."""
        await self._work.commit()


class ModelChanges:
    """Where changes begin.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def begin(self, tenant_id: UUID) -> AsyncIterator[ModelChange]:
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
            yield ModelChange(work)
