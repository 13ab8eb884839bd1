"""Lets workflows look at changes, and act on crossings: each change once, each crossing once.

A change is taken in the transaction in which everything happens that it leads to. Either all of that is kept and the
change is gone, or nothing is and the change waits for the next worker.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID, uuid5

import structlog

from server.leads.filter import Condition, parse_filter
from server.leads.lead import Lead
from server.runtime.errors import DependencyUnavailable
from server.runtime.identifiers import new_id
from server.workflows.actions import ActionTransaction, Crossing, perform
from server.workflows.changes import LONGEST_CHAIN, Change, WaitingChange, changes_in
from server.workflows.conditions import holds
from server.workflows.crossings import Observation, Step, TriggerState, Verdict, begin_of_path, step
from server.workflows.ports import RunTransaction, StateKey
from server.workflows.runs import ActionResult, RunState, WorkflowRun
from server.workflows.workflow import LeadCondition, ScoreMovement, Workflow

BATCH_SIZE: Final = 20

_log = structlog.get_logger()


class RunAndActTransaction(RunTransaction, ActionTransaction, Protocol):
    """What looking and acting need, in one transaction."""


class RunStore(Protocol):
    """Where the changes of all tenants wait."""

    def run_transaction(self, tenant_id: UUID) -> AbstractAsyncContextManager[RunAndActTransaction | None]:
        """Opens a transaction for a tenant's workflows; gives None if another worker has one open.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        ...


class RunWorkflows:
    """Looks at the changes of one tenant, in their order.

    Args:
        store: Where changes wait.
        clock: Gives the present time, UTC.
    """

    def __init__(self, store: RunStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, tenant_id: UUID) -> int:
        """Handles the oldest changes that wait.

        A change that can't be handled is put aside and holds up no other.

        Args:
            tenant_id: The tenant.

        Returns:
            How many were handled; 0 also if another worker is at it.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached; nothing was done.
        """
        try:
            return await self._handle(tenant_id, BATCH_SIZE)
        except DependencyUnavailable:
            raise
        except Exception:  # noqa: BLE001 (logged; the changes are handled one by one, and the bad one is put aside)
            _log.exception("changes can't be handled together", tenant_id=str(tenant_id))
        try:
            return await self._handle(tenant_id, 1)
        except DependencyUnavailable:
            raise
        except Exception:  # noqa: BLE001 (logged)
            _log.exception("change put aside", tenant_id=str(tenant_id))
            return await self._put_aside(tenant_id)

    async def _handle(self, tenant_id: UUID, limit: int) -> int:
        async with self._store.run_transaction(tenant_id) as transaction:
            if transaction is None:
                return 0
            waiting = await transaction.take_changes(limit)
            if waiting:
                workflows = await transaction.enabled_workflows()
                if workflows:
                    await _Looking(transaction, workflows, self._clock()).look_at(waiting)
                await transaction.commit()
            return len(waiting)

    async def _put_aside(self, tenant_id: UUID) -> int:
        async with self._store.run_transaction(tenant_id) as transaction:
            if transaction is None:
                return 0
            put_aside = await transaction.put_oldest_aside()
            await transaction.commit()
            return put_aside


class _Looking:
    """One look at changes."""

    def __init__(self, transaction: RunAndActTransaction, workflows: Sequence[Workflow], now: datetime) -> None:
        self._transaction = transaction
        self._workflows = workflows
        self._now = now
        self._conditions: Mapping[UUID, tuple[Condition, ...]] = {
            workflow.workflow_id: parse_filter(workflow.definition.trigger.filter)
            for workflow in workflows
            if isinstance(workflow.definition.trigger, LeadCondition)
        }
        self._leads: dict[UUID, Lead] = {}
        self._states: dict[StateKey, TriggerState] = {}
        self._changed: dict[StateKey, TriggerState] = {}

    async def look_at(self, waiting: Sequence[WaitingChange]) -> None:
        """Looks at changes in their order, with every workflow."""
        changes = [change for message in waiting for change in changes_in(message)]
        lead_ids = {change.lead_id for change in changes}
        self._leads = await self._transaction.leads(lead_ids)
        workflow_ids = [workflow.workflow_id for workflow in self._workflows]
        self._states = await self._transaction.states(workflow_ids, lead_ids)
        for change in changes:
            if change.lead_id in self._leads:
                for workflow in self._workflows:
                    await self._look(workflow, change)
        if self._changed:
            await self._transaction.save_states(self._changed)

    async def _look(self, workflow: Workflow, change: Change) -> None:
        trigger = workflow.definition.trigger
        if change.score is None and not isinstance(trigger, LeadCondition):
            return
        key = (workflow.workflow_id, change.lead_id)
        state = self._states.get(key)
        taken = step(trigger, workflow.definition.cool_down, state, await self._observe(workflow, change, state))
        if taken.state != state and not (state is None and taken.is_plain):
            self._states[key] = self._changed[key] = taken.state
        if taken.verdict is not Verdict.NOTHING:
            await self._run(workflow, change, taken)

    async def _observe(self, workflow: Workflow, change: Change, state: TriggerState | None) -> Observation:
        trigger, score = workflow.definition.trigger, change.score
        if isinstance(trigger, LeadCondition):
            lead = self._leads[change.lead_id]
            return Observation(change.time, holds=holds(self._conditions[workflow.workflow_id], lead))
        if score is None:
            return Observation(change.time)
        path: list[tuple[datetime, int]] = []
        if isinstance(trigger, ScoreMovement):
            begin = begin_of_path(trigger, state, score.time)
            path = await self._transaction.path(change.lead_id, begin, score.time)
        return Observation(score.time, score.value, score.grade, score.previous_value, score.previous_grade, path=path)

    async def _run(self, workflow: Workflow, change: Change, taken: Step) -> None:
        crossing = Crossing(
            workflow=workflow,
            change=change,
            lead=self._leads[change.lead_id],
            key=crossing_key(workflow.workflow_id, change),
            run_id=new_id(),
            reason=taken.reason,
            time=self._now,
        )
        state, results = RunState.COOLING_DOWN, list[ActionResult]()
        if change.depth >= LONGEST_CHAIN:
            state = RunState.STOPPED
        elif taken.verdict is Verdict.ACT:
            results = await perform(self._transaction, crossing)
            state = RunState.DONE if all(result.done for result in results) else RunState.PARTLY_DONE
        run = WorkflowRun(
            run_id=crossing.run_id,
            workflow_id=workflow.workflow_id,
            lead_id=change.lead_id,
            crossing_key=crossing.key,
            state=state,
            reason=taken.reason,
            results=results,
            create_time=self._now,
        )
        await self._transaction.add_run(run)


def crossing_key(workflow_id: UUID, change: Change) -> UUID:
    """Gives the key of a crossing: the same however often the change is looked at.

    Args:
        workflow_id: The workflow.
        change: What led to the crossing.
    """
    return uuid5(workflow_id, f"{change.lead_id}/{change.change_id}")
