"""Keeps versions of a tenant's scoring rules, and changes which one is active."""

from typing import Protocol
from uuid import UUID

from scoring.registry.rule_set_version import RuleSetVersion
from scoring.rules.checking import problems
from scoring.rules.rule_set import RuleSet
from server.runtime.errors import FieldViolation, NoModel, RuleInvalid
from server.runtime.operations import RunningOperation


class RuleSetStore(Protocol):
    """Where versions are kept; every method raises DependencyUnavailable where that can't be reached."""

    async def add(self, tenant_id: UUID, display_name: str, rule_set: RuleSet, newest_etag: str) -> RuleSetVersion:
        """Keeps a new version, which is not active."""

    async def set_active(self, tenant_id: UUID, rule_set_id: UUID, etag: str, *, active: bool) -> RuleSetVersion:
        """Makes a version the active one, or the active one so no longer."""


class RescoringRequests(Protocol):
    """Where the rescoring of all open leads is asked for."""

    async def request_rescoring(self, tenant_id: UUID) -> RunningOperation:
        """Writes down that every open lead shall be scored anew.

        Raises:
            NoModel: The tenant has no model yet.
            DependencyUnavailable: It can't be written at present.
        """


class KeepRuleSets:
    """The use cases that change rules.

    Args:
        store: Where versions are kept.
        rescoring: Where the rescoring of all open leads is asked for.
    """

    def __init__(self, store: RuleSetStore, rescoring: RescoringRequests) -> None:
        self._store = store
        self._rescoring = rescoring

    async def create(self, tenant_id: UUID, display_name: str, rule_set: RuleSet, newest_etag: str) -> RuleSetVersion:
        """Keeps a new version, which is not active.

        Args:
            tenant_id: The caller's tenant.
            display_name: What people call it.
            rule_set: The rules.
            newest_etag: What the etag of the newest version must be; empty for no such check.

        Raises:
            RuleInvalid: A rule can't be used.
            EtagMismatch: The newest version is another one.
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        check(rule_set)
        return await self._store.add(tenant_id, display_name, rule_set, newest_etag)

    async def set_active(
        self, tenant_id: UUID, rule_set_id: UUID, etag: str, *, active: bool
    ) -> tuple[RuleSetVersion, RunningOperation | None]:
        """Activates or deactivates a version, and has every open lead scored anew.

        Args:
            tenant_id: The caller's tenant.
            rule_set_id: The version.
            etag: What its etag must be; empty for no such check.
            active: Whether it shall be active.

        Returns:
            The version, and the operation that scores the leads: None if the tenant has no model.

        Raises:
            RuleSetNotFound: There is no such version, or the one to be deactivated is not active.
            EtagMismatch: The version was changed since.
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        version = await self._store.set_active(tenant_id, rule_set_id, etag, active=active)
        try:
            return version, await self._rescoring.request_rescoring(tenant_id)
        except NoModel:
            return version, None


def check(rule_set: RuleSet) -> None:
    """Lets rules pass that can be used.

    Raises:
        RuleInvalid: A rule can't be used; it lists all that is wrong.
    """
    found = problems(rule_set)
    if found:
        raise RuleInvalid(
            [FieldViolation(f"rule_set.{problem.path}", problem.description, "rule.invalid") for problem in found]
        )
