"""Requests that can't be taken as they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from server.runtime.errors.base import LeadlineError


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A rule that a field of a request breaks.

    Attributes:
        field: The path of the field, such as `lead.fields["Total Visits"].number`.
        description: What the rule asks for, in words.
        rule: The rule's identifier, such as `string.min_len`.
    """

    field: str
    description: str
    rule: str


class InvalidRequest(LeadlineError):
    """Fields of the request break rules of the contract.

    Args:
        violations: At least one broken rule.
    """

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        first = violations[0]
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        super().__init__(f"{first.field or 'request'}: {first.description}{more}")
        self.violations = tuple(violations)


class RuleInvalid(InvalidRequest):
    """Scoring rules can't be used: an expression can't be read, or names don't fit together."""


class InvalidFilter(LeadlineError):
    """A filter or an order can't be read.

    Args:
        reason: What is wrong with it.
        position: 0-based character where it goes wrong.
    """

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"{reason} (at character {position})", {"position": str(position)})


class InvalidPageToken(LeadlineError):
    """A page token was not made by this service, or was made for another query."""

    def __init__(self) -> None:
        super().__init__("the page token was not made by this service for this query; begin with the first page")


class InvalidResumeToken(LeadlineError):
    """A resume token was not made by this service, or was made for another tenant or filter."""

    def __init__(self) -> None:
        super().__init__("the resume token was not made by this service for this watch; begin without one")


class ResumeTokenExpired(LeadlineError):
    """What comes after a resume token is not kept any more."""

    def __init__(self) -> None:
        super().__init__("what comes after the resume token is not kept any more; begin with a snapshot")


class InvalidFieldMask(LeadlineError):
    """An update mask names a field that does not exist or can't be written.

    Args:
        path: The path in the mask.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"update_mask: {path!r} can't be written", {"path": path})


class IdempotencyKeyReused(LeadlineError):
    """An idempotency key was used before with another request.

    Args:
        key: The key as the caller sent it.
    """

    def __init__(self, key: str) -> None:
        super().__init__(f"the idempotency key {key!r} was used before with another request", {"idempotency_key": key})


class EtagMismatch(LeadlineError):
    """What the caller changes was changed since the caller read it.

    Args:
        etag: Its present etag.
        what: What it is, in words.
    """

    def __init__(self, etag: str, what: str = "the lead") -> None:
        super().__init__(f"{what} was changed since it was read; read it again and repeat", {"etag": etag})


class UnknownMethod(LeadlineError):
    """The service has no such rpc.

    Args:
        method: The path that was called, such as `/leadline.v1.LeadService/GetLead`.
    """

    def __init__(self, method: str) -> None:
        super().__init__(f"there is no method {method}", {"method": method})
