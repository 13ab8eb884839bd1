"""What a workflow must be like beyond the contract's rules for single values. Pure."""

import string
from collections.abc import Iterator
from typing import Final

from server.leads.filter import parse_filter
from server.leads.lead import Grade
from server.runtime.errors import FieldViolation, InvalidRequest
from server.webhooks.addresses import TargetRules
from server.workflows.workflow import (
    Direction,
    GradeCrossing,
    LeadCondition,
    Notify,
    ScoreCrossing,
    Trigger,
    Webhook,
    WorkflowDefinition,
)

PLACEHOLDERS: Final = frozenset({"lead", "company", "owner", "score", "previous_score", "grade", "workflow"})
HIGHEST_SCORE: Final = 100


def check_definition(definition: WorkflowDefinition, rules: TargetRules) -> None:
    """Checks a workflow as a whole.

    Args:
        definition: Each of its values is valid by itself.
        rules: Where webhooks may go.

    Raises:
        InvalidRequest: Its parts don't fit together, or a text has a placeholder that there is not.
        InvalidFilter: Its condition can't be read.
        WebhookTargetRefused: A webhook would go to where none may go.
    """
    check_trigger(definition.trigger)
    violations: list[FieldViolation] = []
    for place, action in enumerate(definition.actions):
        if isinstance(action, Notify):
            violations += _text_violations(f"workflow.actions[{place}].notify.text", action.text)
        if isinstance(action, Webhook):
            rules.check_url(action.url)
    if violations:
        raise InvalidRequest(violations)


def check_trigger(trigger: Trigger) -> None:
    """Checks a trigger as a whole.

    Raises:
        InvalidRequest: It could never be set off, or only once for each lead.
        InvalidFilter: Its condition can't be read.
    """
    if isinstance(trigger, LeadCondition):
        parse_filter(trigger.filter)
    elif isinstance(trigger, ScoreCrossing):
        up = trigger.direction is Direction.UP
        beyond = trigger.threshold - trigger.hysteresis if up else HIGHEST_SCORE + 1 - trigger.threshold
        if beyond < 1 or (not up and trigger.hysteresis >= beyond):
            description = "leaves no score beyond the threshold at which the trigger would be armed anew"
            raise InvalidRequest(
                [FieldViolation("workflow.trigger.score_crossing.hysteresis", description, "hysteresis.range")]
            )
    elif isinstance(trigger, GradeCrossing):
        end = Grade.D if trigger.direction is Direction.UP else Grade.A
        if trigger.grade is end:
            description = "is the last in this direction: every lead has it or a grade beyond it"
            raise InvalidRequest([FieldViolation("workflow.trigger.grade_crossing.grade", description, "grade.range")])


def _text_violations(field: str, text: str) -> Iterator[FieldViolation]:
    template = string.Template(text)
    if not template.is_valid():
        yield FieldViolation(field, "has a $ that begins no placeholder; write $$ for a dollar sign", "text.template")
        return
    unknown = sorted(set(template.get_identifiers()) - PLACEHOLDERS)
    if unknown:
        known = ", ".join(f"${name}" for name in sorted(PLACEHOLDERS))
        yield FieldViolation(field, f"has no placeholder ${unknown[0]}; there are {known}", "text.placeholder")
