"""What the use cases of workflows need of a store."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from server.leads.filter import Condition
from server.leads.lead import Lead
from server.workflows.changes import WaitingChange
from server.workflows.crossings import TriggerState
from server.workflows.runs import WorkflowRun
from server.workflows.workflow import Workflow

StateKey = tuple[UUID, UUID]
"""A workflow's id and a lead's."""


class WorkflowTransaction(Protocol):
    """The workflows of one tenant in one transaction."""

    async def count(self) -> int:
        """Counts the workflows."""
        ...

    async def add(self, workflow: Workflow) -> None:
        """Stores a new workflow."""
        ...

    async def lock(self, workflow_id: UUID) -> Workflow | None:
        """Gives a workflow, which nobody else can change until the transaction ends; None if there is none."""
        ...

    async def save(self, workflow: Workflow) -> None:
        """Stores what has changed of a workflow that is stored and locked."""
        ...

    async def delete(self, workflow_id: UUID) -> None:
        """Deletes a workflow with its states, runs and deliveries."""
        ...

    async def forget_states(self, workflow_id: UUID) -> None:
        """Forgets what a workflow remembers of leads."""
        ...

    async def disarm_where(self, workflow_id: UUID, conditions: tuple[Condition, ...]) -> None:
        """Remembers of each lead on which the conditions hold that the workflow is not armed."""
        ...

    async def release_deliveries(self, workflow_id: UUID) -> None:
        """Makes the webhook deliveries due that waited for the workflow's first secret."""
        ...

    async def commit(self) -> None:
        """Makes the changes last; without it they are undone."""
        ...


class WorkflowStore(Protocol):
    """The workflows of all tenants. Every method raises DependencyUnavailable if the store can't be reached."""

    def transaction(self, tenant_id: UUID) -> AbstractAsyncContextManager[WorkflowTransaction]:
        """Opens a transaction that sees one tenant's workflows."""
        ...

    async def get(self, tenant_id: UUID, workflow_id: UUID) -> Workflow | None:
        """Gives a workflow, None if the tenant has none with this id."""
        ...

    async def page(self, tenant_id: UUID, size: int, before: UUID | None) -> Sequence[Workflow]:
        """Gives workflows, the newest first, from those before an id on."""
        ...

    async def runs(
        self, tenant_id: UUID, size: int, before: UUID | None, *, workflow_id: UUID | None, lead_id: UUID | None
    ) -> Sequence[WorkflowRun]:
        """Gives runs, the newest first, from those before an id on; of one workflow, for one lead, where given."""
        ...


class RunTransaction(Protocol):
    """What workflows see and do of one tenant in one transaction, which no other worker has at the same time."""

    async def take_changes(self, limit: int) -> Sequence[WaitingChange]:
        """Takes the oldest changes that wait; once the transaction is committed they are gone."""
        ...

    async def put_oldest_aside(self) -> int:
        """Puts the oldest change aside, which can't be handled, for the operator to look at; gives how many that were.

        What is put aside stays, and is not taken any more.
        """
        ...

    async def enabled_workflows(self) -> Sequence[Workflow]:
        """Gives the workflows that run."""
        ...

    async def states(self, workflow_ids: Collection[UUID], lead_ids: Collection[UUID]) -> dict[StateKey, TriggerState]:
        """Gives what workflows remember of leads, where they remember anything."""
        ...

    async def save_states(self, states: Mapping[StateKey, TriggerState]) -> None:
        """Stores what workflows remember of leads."""
        ...

    async def leads(self, lead_ids: Collection[UUID]) -> dict[UUID, Lead]:
        """Gives those of the leads that there are, by id."""
        ...

    async def path(self, lead_id: UUID, begin: datetime, end: datetime) -> list[tuple[datetime, int]]:
        """Gives the values of a lead's scores from the one that held at `begin` to before `end`, the oldest first."""
        ...

    async def add_run(self, run: WorkflowRun) -> None:
        """Stores a run."""
        ...

    async def commit(self) -> None:
        """Makes the changes last; without it they are undone."""
        ...
