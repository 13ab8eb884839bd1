"""Whoever may not see personal data can't guess it by filters either, which would tell whether the guess is right."""

from typing import Final

from leadline.v1 import workflow_pb2

from server.interceptors.personal_data import PERMISSION
from server.leads.filter import parse_filter
from server.runtime.errors import PermissionMissing
from server.runtime.principal import current_principal

PERSONAL_FIELDS: Final = frozenset({"email", "phone", "display_name"})


def refuse_guesses(filter_text: str) -> None:
    """Refuses a filter of leads that compares personal data which the caller may not see.

    Raises:
        PermissionMissing: The caller lacks the permission to see what the filter compares.
        InvalidFilter: The filter can't be read.
    """
    if not filter_text or PERMISSION in current_principal().permissions:
        return
    if any(condition.field in PERSONAL_FIELDS for condition in parse_filter(filter_text)):
        raise PermissionMissing(PERMISSION)


def refuse_guesses_of(workflow: workflow_pb2.Workflow) -> None:
    """Refuses a workflow that acts on such a condition; see `refuse_guesses`."""
    refuse_guesses(workflow.trigger.lead_condition.filter)
