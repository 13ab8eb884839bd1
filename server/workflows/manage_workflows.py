"""Keeps workflows: create, read, change, delete, enable, disable, and new secrets for their webhooks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from server.leads.filter import parse_filter
from server.runtime.errors import EtagMismatch, InvalidFieldMask, TooManyWorkflows, WorkflowNotFound
from server.runtime.identifiers import format_name, new_id
from server.runtime.pages import Pages
from server.runtime.signed_tokens import TokenSigner
from server.webhooks.addresses import TargetRules
from server.webhooks.secrets import WebhookSigner
from server.workflows.definition import check_definition
from server.workflows.ports import WorkflowStore, WorkflowTransaction
from server.workflows.workflow import (
    MAX_WORKFLOWS,
    LeadCondition,
    WebhookSecrets,
    Workflow,
    WorkflowDefinition,
)

WRITABLE = frozenset({"display_name", "trigger", "actions", "cool_down"})


@dataclass(frozen=True, slots=True)
class WorkflowPage:
    """A page of workflows, the newest first, and what asks for the next one; empty on the last."""

    workflows: Sequence[Workflow]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that is shown this once.

    Attributes:
        secret: The secret in the form of Standard Webhooks.
        previous_expire_time: Until when the one before signs as well, UTC; None if there was none.
    """

    secret: str
    previous_expire_time: datetime | None


class ManageWorkflows:
    """Keeps workflows.

    Args:
        store: Where they are kept.
        rules: Where webhooks may go.
        signer: Derives secrets.
        tokens: Signs page tokens.
        clock: Gives the present time, UTC.
    """

    def __init__(
        self,
        store: WorkflowStore,
        rules: TargetRules,
        signer: WebhookSigner,
        tokens: TokenSigner,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._rules = rules
        self._signer = signer
        self._pages = Pages(tokens)
        self._clock = clock

    async def create(self, tenant_id: UUID, definition: WorkflowDefinition, *, enabled: bool) -> Workflow:
        """Creates a workflow and gives it.

        Args:
            tenant_id: Whose workflow.
            definition: What it is like.
            enabled: Whether it runs at once.

        Raises:
            InvalidRequest: Its parts don't fit together.
            InvalidFilter: Its condition can't be read.
            WebhookTargetRefused: A webhook would go to where none may go.
            TooManyWorkflows: The tenant can have no more.
        """
        check_definition(definition, self._rules)
        now = self._clock()
        workflow = Workflow(new_id(), definition, enabled, WebhookSecrets(), now, now)
        async with self._store.transaction(tenant_id) as transaction:
            if await transaction.count() >= MAX_WORKFLOWS:
                raise TooManyWorkflows(MAX_WORKFLOWS)
            await transaction.add(workflow)
            if enabled:
                await _start_afresh(transaction, workflow)
            await transaction.commit()
        return workflow

    async def get(self, tenant_id: UUID, workflow_id: UUID) -> Workflow:
        """Gives one workflow.

        Raises:
            WorkflowNotFound: The tenant has no such workflow.
        """
        workflow = await self._store.get(tenant_id, workflow_id)
        if workflow is None:
            raise WorkflowNotFound(format_name("workflows", workflow_id))
        return workflow

    async def page(self, tenant_id: UUID, *, page_size: int, page_token: str) -> WorkflowPage:
        """Gives workflows, the newest first.

        Args:
            tenant_id: Whose workflows.
            page_size: The largest number to give; 0 means 50.
            page_token: Of the page before; empty for the first one.

        Raises:
            InvalidPageToken: The token is of another tenant, or not ours.
        """
        position = self._pages.position(tenant_id, "", page_size, page_token)
        # One more than the page tells whether there is a next one.
        found = await self._store.page(tenant_id, position.size + 1, position.before)
        return WorkflowPage(*self._pages.cut(position, found, lambda workflow: workflow.workflow_id))

    async def update(
        self, tenant_id: UUID, workflow_id: UUID, given: WorkflowDefinition, mask: Sequence[str], etag: str
    ) -> Workflow:
        """Changes a workflow and gives it as it is then.

        Args:
            tenant_id: Whose workflow.
            workflow_id: Which one.
            given: The new values.
            mask: What to change; none means everything.
            etag: As the caller knows it; empty to change it in any case.

        Raises:
            WorkflowNotFound: The tenant has no such workflow.
            EtagMismatch: It was changed since.
            InvalidFieldMask: The mask names what can't be written.
            InvalidRequest: Its parts would not fit together.
            InvalidFilter: Its condition can't be read.
            WebhookTargetRefused: A webhook would go to where none may go.
        """
        paths = frozenset(mask) or WRITABLE
        if paths == {"*"}:
            paths = WRITABLE
        for path in paths - WRITABLE:
            raise InvalidFieldMask(path)
        async with self._store.transaction(tenant_id) as transaction:
            workflow = await _lock(transaction, workflow_id, etag)
            definition = replace(workflow.definition, **{path: getattr(given, path) for path in paths})
            check_definition(definition, self._rules)
            changed = self._next(replace(workflow, definition=definition))
            await transaction.save(changed)
            if definition.trigger != workflow.definition.trigger and changed.enabled:
                await _start_afresh(transaction, changed)
            await transaction.commit()
        return changed

    async def delete(self, tenant_id: UUID, workflow_id: UUID, etag: str) -> None:
        """Deletes a workflow with its history and its deliveries.

        Raises:
            WorkflowNotFound: The tenant has no such workflow.
            EtagMismatch: An etag is given, and it was changed since.
        """
        async with self._store.transaction(tenant_id) as transaction:
            await _lock(transaction, workflow_id, etag)
            await transaction.delete(workflow_id)
            await transaction.commit()

    async def switch(self, tenant_id: UUID, workflow_id: UUID, *, enabled: bool) -> Workflow:
        """Lets a workflow run, or stops it, and gives it as it is then.

        Raises:
            WorkflowNotFound: The tenant has no such workflow.
        """
        async with self._store.transaction(tenant_id) as transaction:
            workflow = await _lock(transaction, workflow_id, "")
            if workflow.enabled is not enabled:
                workflow = self._next(replace(workflow, enabled=enabled))
                await transaction.save(workflow)
                if enabled:
                    # What happened while it was stopped is nothing that it crosses now.
                    await _start_afresh(transaction, workflow)
            await transaction.commit()
        return workflow

    async def rotate_secret(self, tenant_id: UUID, workflow_id: UUID, overlap: timedelta) -> NewSecret:
        """Makes a new secret for a workflow's webhooks.

        Args:
            tenant_id: Whose workflow.
            workflow_id: Which one.
            overlap: For how long the secret before signs as well.

        Raises:
            WorkflowNotFound: The tenant has no such workflow.
        """
        async with self._store.transaction(tenant_id) as transaction:
            workflow = await _lock(transaction, workflow_id, "")
            generation = workflow.secrets.generation + 1
            expire_time = self._clock() + overlap if generation > 1 else None
            await transaction.save(self._next(replace(workflow, secrets=WebhookSecrets(generation, expire_time))))
            if generation == 1:
                await transaction.release_deliveries(workflow_id)
            await transaction.commit()
        return NewSecret(self._signer.secret(tenant_id, workflow_id, generation), expire_time)

    def _next(self, workflow: Workflow) -> Workflow:
        return replace(workflow, update_time=self._clock(), revision=workflow.revision + 1)


async def _start_afresh(transaction: WorkflowTransaction, workflow: Workflow) -> None:
    """Lets only what happens from now on count."""
    await transaction.forget_states(workflow.workflow_id)
    trigger = workflow.definition.trigger
    if isinstance(trigger, LeadCondition):
        await transaction.disarm_where(workflow.workflow_id, parse_filter(trigger.filter))


async def _lock(transaction: WorkflowTransaction, workflow_id: UUID, etag: str) -> Workflow:
    workflow = await transaction.lock(workflow_id)
    if workflow is None:
        raise WorkflowNotFound(format_name("workflows", workflow_id))
    if etag and etag != workflow.etag:
        raise EtagMismatch(workflow.etag, "the workflow")
    return workflow
