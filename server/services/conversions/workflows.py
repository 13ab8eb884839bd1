"""Workflows between the contract and the domain."""

from typing import Final

from leadline.v1 import lead_pb2, score_pb2, value_pb2, workflow_pb2, workflow_service_pb2

from server.leads.lead import Grade
from server.runtime.identifiers import format_name
from server.services.conversions.field_values import values_from_proto, values_to_proto
from server.services.conversions.times import time_to_proto
from server.workflows.dry_run import DryRun
from server.workflows.runs import WorkflowRun
from server.workflows.workflow import (
    Action,
    AddToCrmQueue,
    AssignOwner,
    Direction,
    GradeCrossing,
    LeadCondition,
    Notify,
    OwnerCapacity,
    ScoreCrossing,
    ScoreMovement,
    SetField,
    Trigger,
    Webhook,
    Workflow,
    WorkflowDefinition,
)

_FIELD: Final = "value"


def definition_from_proto(workflow: workflow_pb2.Workflow) -> WorkflowDefinition:
    """Gives what a caller tells of a workflow.

    Args:
        workflow: A valid workflow.
    """
    return WorkflowDefinition(
        display_name=workflow.display_name,
        trigger=trigger_from_proto(workflow.trigger),
        actions=tuple(_action_from_proto(action) for action in workflow.actions),
        cool_down=workflow.cool_down.ToTimedelta(),
    )


def trigger_from_proto(trigger: workflow_pb2.WorkflowTrigger) -> Trigger:
    """Gives a valid trigger as the domain has it."""
    match trigger.WhichOneof("kind"):
        case "score_crossing":
            crossing = trigger.score_crossing
            return ScoreCrossing(Direction(crossing.direction), crossing.threshold, crossing.hysteresis)
        case "grade_crossing":
            return GradeCrossing(Direction(trigger.grade_crossing.direction), Grade(trigger.grade_crossing.grade))
        case "score_movement":
            movement = trigger.score_movement
            return ScoreMovement(Direction(movement.direction), movement.points, movement.within.ToTimedelta())
        case _:
            return LeadCondition(trigger.lead_condition.filter)


def workflow_to_proto(workflow: Workflow) -> workflow_pb2.Workflow:
    """Gives a workflow as the contract has it."""
    definition = workflow.definition
    message = workflow_pb2.Workflow(
        name=workflow.name,
        display_name=definition.display_name,
        trigger=_trigger_to_proto(definition.trigger),
        actions=map(_action_to_proto, definition.actions),
        enabled=workflow.enabled,
        create_time=time_to_proto(workflow.create_time),
        update_time=time_to_proto(workflow.update_time),
        etag=workflow.etag,
    )
    message.cool_down.FromTimedelta(definition.cool_down)
    return message


def run_to_proto(run: WorkflowRun) -> workflow_pb2.WorkflowRun:
    """Gives a run as the contract has it."""
    return workflow_pb2.WorkflowRun(
        name=format_name("workflowRuns", run.run_id),
        workflow=format_name("workflows", run.workflow_id),
        lead=format_name("leads", run.lead_id),
        state=run.state,  # type: ignore[arg-type]  # numbered alike
        reason=run.reason,
        action_results=[
            workflow_pb2.WorkflowActionResult(
                action=result.action, done=result.done, detail=result.detail, resource=result.resource
            )
            for result in run.results
        ],
        crossing_key=str(run.crossing_key),
        create_time=time_to_proto(run.create_time),
    )


def dry_run_to_proto(dry_run: DryRun) -> workflow_service_pb2.DryRunWorkflowResponse:
    """Gives what a dry run found as the contract has it."""
    return workflow_service_pb2.DryRunWorkflowResponse(
        lead_count=dry_run.lead_count,
        score_count=dry_run.score_count,
        crossing_count=dry_run.crossing_count,
        cooling_down_count=dry_run.cooling_down_count,
        crossings=[
            workflow_service_pb2.DryRunCrossing(
                lead=format_name("leads", crossing.lead_id),
                cross_time=time_to_proto(crossing.time),
                reason=crossing.reason,
                cooling_down=crossing.cooling_down,
            )
            for crossing in dry_run.crossings
        ],
        begin_time=time_to_proto(dry_run.begin_time),
    )


def _action_from_proto(action: workflow_pb2.WorkflowAction) -> Action:
    match action.WhichOneof("kind"):
        case "notify":
            return Notify(tuple(action.notify.recipients), action.notify.notify_owner, action.notify.text)
        case "webhook":
            return Webhook(action.webhook.url)
        case "assign_owner":
            owners = tuple(OwnerCapacity(owner.owner, owner.capacity) for owner in action.assign_owner.owners)
            return AssignOwner(owners, action.assign_owner.reassign)
        case "set_field":
            value = values_from_proto({_FIELD: action.set_field.value})[_FIELD]
            return SetField(action.set_field.field, value)
        case _:
            return AddToCrmQueue(action.add_to_crm_queue.queue)


def _trigger_to_proto(trigger: Trigger) -> workflow_pb2.WorkflowTrigger:
    message = workflow_pb2.WorkflowTrigger()
    match trigger:
        case ScoreCrossing():
            message.score_crossing.direction = _direction(trigger.direction)
            message.score_crossing.threshold = trigger.threshold
            message.score_crossing.hysteresis = trigger.hysteresis
        case GradeCrossing():
            message.grade_crossing.direction = _direction(trigger.direction)
            message.grade_crossing.grade = score_pb2.Grade.Value(f"GRADE_{trigger.grade.name}")
        case ScoreMovement():
            message.score_movement.direction = _direction(trigger.direction)
            message.score_movement.points = trigger.points
            message.score_movement.within.FromTimedelta(trigger.within)
        case LeadCondition():
            message.lead_condition.filter = trigger.filter
    return message


def _action_to_proto(action: Action) -> workflow_pb2.WorkflowAction:
    message = workflow_pb2.WorkflowAction()
    match action:
        case Notify():
            message.notify.recipients.extend(action.recipients)
            message.notify.notify_owner = action.notify_owner
            message.notify.text = action.text
        case Webhook():
            message.webhook.url = action.url
        case AssignOwner():
            for owner in action.owners:
                message.assign_owner.owners.add(owner=owner.owner, capacity=owner.capacity)
            message.assign_owner.reassign = action.reassign
        case SetField():
            message.set_field.field = action.field
            message.set_field.value.CopyFrom(_field_value(action))
        case AddToCrmQueue():
            message.add_to_crm_queue.queue = action.queue
    return message


def _field_value(action: SetField) -> value_pb2.FieldValue:
    # Values are converted by name into the map of a message, so such a map holds this one.
    holder = lead_pb2.Lead()
    values_to_proto({_FIELD: action.value}, holder.fields)
    return holder.fields[_FIELD]


def _direction(direction: Direction) -> workflow_pb2.Direction.ValueType:
    return workflow_pb2.Direction.Value(f"DIRECTION_{direction.name}")
