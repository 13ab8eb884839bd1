"""Whether a condition holds on a lead: the same conditions by which leads are listed. Pure."""

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

from server.leads.contact import comparable_email, comparable_phone
from server.leads.filter import Comparator, Condition, FilterField
from server.leads.lead import Lead

_COMPARISONS: Final[dict[Comparator, Callable[[Any, Any], bool]]] = {
    Comparator.EQUAL: operator.eq,
    Comparator.LESS: operator.lt,
    Comparator.LESS_OR_EQUAL: operator.le,
    Comparator.GREATER: operator.gt,
    Comparator.GREATER_OR_EQUAL: operator.ge,
}

_VALUES: Final[dict[FilterField, Callable[[Lead], Any]]] = {
    FilterField.STATUS: lambda lead: lead.profile.status,
    FilterField.OWNER: lambda lead: lead.profile.owner,
    FilterField.EMAIL: lambda lead: comparable_email(lead.profile.email),
    FilterField.PHONE: lambda lead: comparable_phone(lead.profile.phone),
    FilterField.EXTERNAL_ID: lambda lead: lead.profile.external_id,
    FilterField.SCORE: lambda lead: lead.score and lead.score.value,
    FilterField.GRADE: lambda lead: lead.score and lead.score.grade,
    FilterField.CREATE_TIME: lambda lead: lead.create_time,
}


def holds(conditions: Sequence[Condition], lead: Lead) -> bool:
    """Tells whether all conditions hold on a lead; what a lead has not, no condition on it holds.

    Args:
        conditions: From `parse_filter`.
        lead: The lead.
    """
    return all(_holds(condition, lead) for condition in conditions)


def _holds(condition: Condition, lead: Lead) -> bool:
    value = _VALUES[condition.field](lead)
    return value is not None and _COMPARISONS[condition.comparator](value, condition.value)
