"""Does what workflows ask for, in the transaction of the crossing."""

import json
import string
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID, uuid5

import structlog

from server.crm_queue.item import NewItem
from server.leads.lead import MAX_FIELDS, Lead, LeadProfile
from server.notifications.notification import NewNotification, NotificationText
from server.runtime.errors import DependencyUnavailable
from server.runtime.identifiers import format_name, new_id
from server.runtime.system_changes import SystemChange
from server.webhooks.delivery import Delivery, DeliveryState
from server.workflows.changes import Change
from server.workflows.runs import ActionResult
from server.workflows.workflow import (
    Action,
    AddToCrmQueue,
    AssignOwner,
    Notify,
    OwnerCapacity,
    SetField,
    Webhook,
    Workflow,
)

# A delivery for which there is no secret yet waits for one, and not for a time.
WHEN_THERE_IS_A_SECRET: Final = datetime(9999, 1, 1, tzinfo=UTC)
EVENT_TYPE: Final = "workflow.crossing"
# What no text contains.
_NAME_PLACE: Final = "\0"

_log = structlog.get_logger()


class ActionTransaction(Protocol):
    """What actions change, in one transaction."""

    def undo_if_it_fails(self) -> AbstractAsyncContextManager[None]:
        """Undoes what is done in a block that raises, and nothing else."""

    async def lock_lead(self, lead_id: UUID) -> Lead | None:
        """Gives a lead, which nobody else can change until the transaction ends; None if there is none."""

    async def save_lead(self, lead: Lead, depth: int) -> None:
        """Stores a lead that is locked, and tells the rest of the system, and after how many workflows."""

    async def record(self, change: SystemChange) -> None:
        """Records a change in the audit log."""

    async def owner_turn(self, workflow_id: UUID) -> int:
        """Tells how many leads the workflow has given to owners so far."""

    async def count_owner_turn(self, workflow_id: UUID) -> None:
        """Counts one lead more that was given to an owner."""

    async def open_lead_counts(self, owners: Collection[str]) -> Mapping[str, int]:
        """Counts the open leads of owners; those without any may be missing."""

    async def add_notification(self, notification: NewNotification) -> None:
        """Stores a notification, and tells those who watch."""

    async def add_delivery(self, delivery: Delivery) -> None:
        """Stores a delivery that is to be sent."""

    async def add_item(self, item: NewItem) -> None:
        """Adds an item to a queue."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A crossing that is acted on.

    Attributes:
        workflow: The workflow.
        change: What led to it.
        lead: The lead as it is now.
        key: The crossing's key.
        run_id: The run's id.
        reason: Why, as a sentence.
        time: When the workflow runs, UTC.
    """

    workflow: Workflow
    change: Change
    lead: Lead
    key: UUID
    run_id: UUID
    reason: str
    time: datetime


async def perform(transaction: ActionTransaction, crossing: Crossing) -> list[ActionResult]:
    """Performs a workflow's actions one after another; one that fails undoes itself and holds up no other.

    Args:
        transaction: The transaction of the crossing.
        crossing: What is acted on.

    Returns:
        What each action did, in their order.

    Raises:
        DependencyUnavailable: The store can't be reached; nothing is done.
    """
    results = []
    for place, action in enumerate(crossing.workflow.definition.actions):
        try:
            async with transaction.undo_if_it_fails():
                results.append(await _perform(transaction, crossing, place, action))
        except DependencyUnavailable:
            raise
        except Exception:  # noqa: BLE001 (logged and told in the run; the other actions and crossings go on)
            _log.exception("action failed", workflow=crossing.workflow.name, action=action.kind)
            results.append(ActionResult(action.kind, done=False, detail="it failed; the log has the cause"))
    return results


async def _perform(transaction: ActionTransaction, crossing: Crossing, place: int, action: Action) -> ActionResult:
    match action:
        case Notify():
            return await _notify(transaction, crossing, action)
        case Webhook():
            return await _call(transaction, crossing, place, action)
        case AssignOwner():
            return await _assign(transaction, crossing, action)
        case SetField():
            return await _set_field(transaction, crossing, action)
        case AddToCrmQueue():
            return await _add_to_queue(transaction, crossing, action)


async def _notify(transaction: ActionTransaction, crossing: Crossing, action: Notify) -> ActionResult:
    recipients = list(action.recipients)
    owner = crossing.lead.profile.owner
    if action.notify_owner and owner:
        recipients.append(owner)
    if action.notify_owner and not recipients:
        return ActionResult(action.kind, done=False, detail="the lead has no owner, and nobody else is to be told")
    notification = NewNotification(
        notification_id=new_id(),
        recipients=list(dict.fromkeys(recipients)),
        text=_text(action, crossing),
        reason=crossing.reason,
        workflow_id=crossing.workflow.workflow_id,
        lead_id=crossing.lead.lead_id,
        create_time=crossing.time,
    )
    await transaction.add_notification(notification)
    told = ", ".join(notification.recipients) or "everyone"
    return ActionResult(
        action.kind,
        done=True,
        detail=f"told {told}",
        resource=format_name("notifications", notification.notification_id),
    )


def _text(action: Notify, crossing: Crossing) -> NotificationText:
    """Gives the text with the person's name apart, so that it can be kept from readers who may not see it."""
    profile = crossing.lead.profile
    lead = _NAME_PLACE if profile.display_name else (profile.company or crossing.lead.name)
    text = string.Template(action.text).safe_substitute(_placeholders(crossing), lead=lead)
    return NotificationText(text.split(_NAME_PLACE), profile.display_name)


async def _call(transaction: ActionTransaction, crossing: Crossing, place: int, action: Webhook) -> ActionResult:
    has_secret = crossing.workflow.secrets.generation > 0
    delivery = Delivery(
        delivery_id=new_id(),
        workflow_id=crossing.workflow.workflow_id,
        run_id=crossing.run_id,
        lead_id=crossing.lead.lead_id,
        webhook_id=uuid5(crossing.key, str(place)),
        url=action.url,
        payload=_payload(crossing),
        state=DeliveryState.PENDING,
        attempt_count=0,
        next_attempt_time=crossing.time if has_secret else WHEN_THERE_IS_A_SECRET,
        create_time=crossing.time,
    )
    await transaction.add_delivery(delivery)
    detail = "handed to its delivery" if has_secret else "waits until the workflow has a secret: rotateWebhookSecret"
    name = format_name("webhookDeliveries", delivery.delivery_id)
    return ActionResult(action.kind, done=True, detail=detail, resource=name)


async def _assign(transaction: ActionTransaction, crossing: Crossing, action: AssignOwner) -> ActionResult:
    lead = await transaction.lock_lead(crossing.lead.lead_id)
    if lead is None:
        return ActionResult(action.kind, done=False, detail="the lead was deleted")
    if lead.profile.owner and not action.reassign:
        return ActionResult(action.kind, done=True, detail=f"keeps its owner {lead.profile.owner}")
    turn = await transaction.owner_turn(crossing.workflow.workflow_id)
    counts = await transaction.open_lead_counts([candidate.owner for candidate in action.owners])
    owner = next_owner(action.owners, turn, counts)
    if owner is None:
        return ActionResult(action.kind, done=False, detail="no owner has capacity left")
    await _save(transaction, crossing, lead, lead.profile._replace(owner=owner))
    await _record(transaction, crossing, action, [lead.name], ["lead.owner"])
    await transaction.count_owner_turn(crossing.workflow.workflow_id)
    return ActionResult(action.kind, done=True, detail=f"owner is {owner}")


def next_owner(owners: Sequence[OwnerCapacity], turn: int, counts: Mapping[str, int]) -> str | None:
    """Gives the owner whose turn it is, or the next one after with capacity left.

    Args:
        owners: At least one, in their order.
        turn: How many leads were given out before.
        counts: The open leads of each owner; those without any may be missing.

    Returns:
        The owner; None if nobody has capacity left.
    """
    for offset in range(len(owners)):
        candidate = owners[(turn + offset) % len(owners)]
        if not candidate.capacity or counts.get(candidate.owner, 0) < candidate.capacity:
            return candidate.owner
    return None


async def _set_field(transaction: ActionTransaction, crossing: Crossing, action: SetField) -> ActionResult:
    lead = await transaction.lock_lead(crossing.lead.lead_id)
    if lead is None:
        return ActionResult(action.kind, done=False, detail="the lead was deleted")
    if lead.profile.fields.get(action.field) == action.value:
        return ActionResult(action.kind, done=True, detail=f"{action.field} has this value already")
    fields = {**lead.profile.fields, action.field: action.value}
    if len(fields) > MAX_FIELDS:
        return ActionResult(action.kind, done=False, detail=f"the lead has {MAX_FIELDS} fields already")
    await _save(transaction, crossing, lead, lead.profile._replace(fields=fields))
    await _record(transaction, crossing, action, [lead.name], ["lead.fields"])
    return ActionResult(action.kind, done=True, detail=f"{action.field} is set")


async def _add_to_queue(transaction: ActionTransaction, crossing: Crossing, action: AddToCrmQueue) -> ActionResult:
    item = NewItem(
        item_id=new_id(),
        queue=action.queue,
        workflow_id=crossing.workflow.workflow_id,
        lead_id=crossing.lead.lead_id,
        reason=crossing.reason,
        create_time=crossing.time,
    )
    await transaction.add_item(item)
    name = format_name("crmQueueItems", item.item_id)
    await _record(transaction, crossing, action, [crossing.lead.name, name], [])
    return ActionResult(action.kind, done=True, detail=f"added to {action.queue}", resource=name)


async def _save(transaction: ActionTransaction, crossing: Crossing, lead: Lead, profile: LeadProfile) -> None:
    changed = lead._replace(profile=profile, update_time=crossing.time, revision=lead.revision + 1)
    await transaction.save_lead(changed, crossing.change.depth + 1)


async def _record(
    transaction: ActionTransaction,
    crossing: Crossing,
    action: Action,
    resources: Sequence[str],
    changed_fields: Sequence[str],
) -> None:
    await transaction.record(
        SystemChange(
            principal=crossing.workflow.name,
            method=f"workflow/{action.kind}",
            resources=resources,
            changed_fields=changed_fields,
        )
    )


def _payload(crossing: Crossing) -> str:
    """The body of a webhook. It names the lead and tells its score, and nothing that tells who the lead is."""
    lead, score = crossing.lead, crossing.change.score
    value = lead.score.value if lead.score else None
    grade = lead.score.grade if lead.score else None
    if score is not None:
        value, grade = score.value, score.grade
    data = {
        "workflow": crossing.workflow.name,
        "workflow_display_name": crossing.workflow.definition.display_name,
        "workflow_run": format_name("workflowRuns", crossing.run_id),
        "lead": lead.name,
        "lead_external_id": lead.profile.external_id,
        "score": value,
        "previous_score": score.previous_value if score else None,
        "grade": grade.name if grade else None,
        "reason": crossing.reason,
    }
    return json.dumps({"type": EVENT_TYPE, "timestamp": crossing.time.isoformat(), "data": data}, ensure_ascii=False)


def _placeholders(crossing: Crossing) -> dict[str, str]:
    profile, score = crossing.lead.profile, crossing.change.score
    stored = crossing.lead.score
    value = score.value if score else (stored.value if stored else None)
    grade = score.grade if score else (stored.grade if stored else None)
    previous = score.previous_value if score else None
    return {
        "company": profile.company,
        "owner": profile.owner,
        "score": "" if value is None else str(value),
        "previous_score": "" if previous is None else str(previous),
        "grade": grade.name if grade else "",
        "workflow": crossing.workflow.definition.display_name,
    }
