"""The calls about scoring rules, of the synchronous client."""

from __future__ import annotations

from collections.abc import Iterator

from leadline.v1.rule_service_pb2 import DryRunRuleSetResponse, GetRuleSetRequest, ListRuleSetsRequest
from leadline.v1.rule_service_pb2_grpc import RuleServiceStub
from leadline.v1.rule_set_pb2 import RuleSet

from leadline_sdk import requests
from leadline_sdk.channel import Connection
from leadline_sdk.operation_calls import OperationCalls
from leadline_sdk.rule_set_changes import RuleSetChange

ACTIVE_RULE_SET = "ruleSets/active"


class RuleCalls(OperationCalls):
    """What `Client` does with scoring rules; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._rules = RuleServiceStub(self._channel)

    def create_rule_set(
        self,
        rule_set: RuleSet,
        *,
        newest_etag: str = "",
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> RuleSet:
        """Keep a new version of the rules, which is not active yet.

        Args:
            rule_set: the rules, their groups and a name for people.
            newest_etag: the etag of the newest version, from which this one was made: the call fails if there is a
                newer one meanwhile. Empty asks for no such check.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            InvalidRequest: a rule can't be used; `field_violations` tells which, and where in its expression.
            Conflict: there is a newer version.
        """
        request = requests.create_rule_set(rule_set, newest_etag, idempotency_key)
        return self._call(self._rules.CreateRuleSet, request, timeout)

    def get_rule_set(self, name: str = ACTIVE_RULE_SET, *, timeout: float | None = None) -> RuleSet:
        """Give a version of the rules; without a name, the active one.

        Raises:
            NotFound: there is no such version, or none is active.
        """
        return self._call(self._rules.GetRuleSet, GetRuleSetRequest(name=name), timeout)

    def list_rule_sets(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[RuleSet]:
        """Go through the versions of the rules, the newest first."""
        for page in self._pages(self._rules.ListRuleSets, ListRuleSetsRequest(page_size=page_size), timeout):
            yield from page.rule_sets

    def activate_rule_set(
        self, name: str, *, etag: str = "", idempotency_key: str | None = None, timeout: float | None = None
    ) -> RuleSetChange:
        """Make a version, new or earlier, the rules of the scores, and have every open lead scored anew.

        Args:
            name: `ruleSets/{rule_set}`.
            etag: the version's etag as it was read: the call fails if it was activated or deactivated meanwhile.
                Empty asks for no such check.
            idempotency_key: see the class.
            timeout: see the class; it is not the rescoring's.

        Raises:
            NotFound: there is no such version.
            Conflict: the version was changed since.
        """
        request = requests.activate_rule_set(name, etag, idempotency_key)
        response = self._call(self._rules.ActivateRuleSet, request, timeout)
        rescoring = self._handle(response.rescoring) if response.HasField("rescoring") else None
        return RuleSetChange(response.rule_set, rescoring)

    def deactivate_rule_set(
        self, name: str, *, etag: str = "", idempotency_key: str | None = None, timeout: float | None = None
    ) -> RuleSetChange:
        """End the effect of the active version, and have every open lead scored anew.

        Takes what `activate_rule_set` takes.

        Raises:
            NotFound: there is no such version, or it is not active.
            Conflict: the version was changed since.
        """
        request = requests.deactivate_rule_set(name, etag, idempotency_key)
        response = self._call(self._rules.DeactivateRuleSet, request, timeout)
        rescoring = self._handle(response.rescoring) if response.HasField("rescoring") else None
        return RuleSetChange(response.rule_set, rescoring)

    def delete_rule_set(self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> None:
        """Delete a version that was never active.

        Raises:
            NotFound: there is no such version.
            FailedPrecondition: it was active once, and is kept for the scores that were made with it.
        """
        self._call(self._rules.DeleteRuleSet, requests.delete_rule_set(name, idempotency_key), timeout)

    def dry_run_rule_set(
        self, rule_set: RuleSet, *, sample_size: int = 0, timeout: float | None = None
    ) -> DryRunRuleSetResponse:
        """Tell what rules would do, without keeping them.

        Args:
            rule_set: the rules and their groups.
            sample_size: how many open leads, and how many with an outcome, to try them on at most; 0 means 2,000.
            timeout: see the class; a large sample takes some seconds.

        Returns:
            Which open leads would change grade, and the conversion that would have been seen in each grade.

        Raises:
            InvalidRequest: a rule can't be used.
            FailedPrecondition: there is no model yet.
        """
        request = requests.dry_run_rule_set(rule_set, sample_size)
        return self._call(self._rules.DryRunRuleSet, request, timeout)
