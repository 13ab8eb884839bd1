# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about scoring rules, of the asynchronous client."""

from __future__ import annotations

from collections.abc import AsyncIterator

from leadline.v1.rule_service_pb2 import DryRunRuleSetResponse, GetRuleSetRequest, ListRuleSetsRequest
from leadline.v1.rule_service_pb2_grpc import RuleServiceStub
from leadline.v1.rule_set_pb2 import RuleSet

from leadline_sdk import requests
from leadline_sdk.channel import Connection
from leadline_sdk.operation_calls import AsyncOperationCalls
from leadline_sdk.rule_calls import ACTIVE_RULE_SET
from leadline_sdk.rule_set_changes import AsyncRuleSetChange


class AsyncRuleCalls(AsyncOperationCalls):
    """What `AsyncClient` does with scoring rules: the methods of `RuleCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._rules = RuleServiceStub(self._channel)

    async def create_rule_set(
        self,
        rule_set: RuleSet,
        *,
        newest_etag: str = "",
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> RuleSet:
        """Keep a new version of the rules; see `Client.create_rule_set`."""
        request = requests.create_rule_set(rule_set, newest_etag, idempotency_key)
        return await self._call(self._rules.CreateRuleSet, request, timeout)

    async def get_rule_set(self, name: str = ACTIVE_RULE_SET, *, timeout: float | None = None) -> RuleSet:
        """Give a version of the rules; see `Client.get_rule_set`."""
        return await self._call(self._rules.GetRuleSet, GetRuleSetRequest(name=name), timeout)

    async def list_rule_sets(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncIterator[RuleSet]:
        """Go through the versions of the rules, the newest first."""
        async for page in self._pages(self._rules.ListRuleSets, ListRuleSetsRequest(page_size=page_size), timeout):
            for rule_set in page.rule_sets:
                yield rule_set

    async def activate_rule_set(
        self, name: str, *, etag: str = "", idempotency_key: str | None = None, timeout: float | None = None
    ) -> AsyncRuleSetChange:
        """Make a version the rules of the scores; see `Client.activate_rule_set`."""
        request = requests.activate_rule_set(name, etag, idempotency_key)
        response = await self._call(self._rules.ActivateRuleSet, request, timeout)
        rescoring = self._handle(response.rescoring) if response.HasField("rescoring") else None
        return AsyncRuleSetChange(response.rule_set, rescoring)

    async def deactivate_rule_set(
        self, name: str, *, etag: str = "", idempotency_key: str | None = None, timeout: float | None = None
    ) -> AsyncRuleSetChange:
        """End the effect of the active version; see `Client.deactivate_rule_set`."""
        request = requests.deactivate_rule_set(name, etag, idempotency_key)
        response = await self._call(self._rules.DeactivateRuleSet, request, timeout)
        rescoring = self._handle(response.rescoring) if response.HasField("rescoring") else None
        return AsyncRuleSetChange(response.rule_set, rescoring)

    async def delete_rule_set(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a version that was never active; see `Client.delete_rule_set`."""
        await self._call(self._rules.DeleteRuleSet, requests.delete_rule_set(name, idempotency_key), timeout)

    async def dry_run_rule_set(
        self, rule_set: RuleSet, *, sample_size: int = 0, timeout: float | None = None
    ) -> DryRunRuleSetResponse:
        """Tell what rules would do; see `Client.dry_run_rule_set`."""
        request = requests.dry_run_rule_set(rule_set, sample_size)
        return await self._call(self._rules.DryRunRuleSet, request, timeout)
