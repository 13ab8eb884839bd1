"""A version of a tenant's scoring rules as it is kept and shown."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from scoring.rules.rule_set import RuleSet


@dataclass(frozen=True, slots=True)
class RuleSetVersion:
    """A version of the rules.

    Attributes:
        rule_set_id: Its id.
        version: 1 for the tenant's first version, then 2 and so on.
        display_name: What people call it; empty for nothing.
        rule_set: The rules, which never change.
        active: Whether they are the rules of the tenant's scores.
        revision: How often the version was written: when it was made, and at each activation and deactivation.
        create_time: When it was made, UTC.
        activate_time: When it was last activated, UTC; None if it never was.
    """

    rule_set_id: UUID
    version: int
    display_name: str
    rule_set: RuleSet
    active: bool
    revision: int
    create_time: datetime
    activate_time: datetime | None

    @property
    def etag(self) -> str:
        """Text that changes whenever the version does."""
        return f"{self.version}.{self.revision}"
