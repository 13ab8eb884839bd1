"""The rule service: converts, calls, converts."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import grpc.aio
from google.protobuf import empty_pb2
from leadline.v1 import rule_service_pb2, rule_service_pb2_grpc, rule_set_pb2

from scoring.conversions.operations import to_operation
from scoring.conversions.rule_sets import from_rule_set, to_dry_run, to_rule_set
from scoring.registry.rule_set_version import RuleSetVersion
from scoring.scores.dry_run import SAMPLE_SIZE, DryRunRules
from scoring.scores.keep_rule_sets import KeepRuleSets
from server.runtime.errors import InvalidPageToken
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal
from server.runtime.signed_tokens import TokenSigner

DEFAULT_PAGE_SIZE = 50

_ACTIVE = "ruleSets/active"
_QUERY = "rule sets"

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class RuleSetReader(Protocol):
    """Where versions are read and deleted; every method raises DependencyUnavailable where that can't be reached."""

    async def get(self, tenant_id: UUID, rule_set_id: UUID) -> RuleSetVersion:
        """Gives a version.

        Raises:
            RuleSetNotFound: The tenant has no such version.
        """

    async def active(self, tenant_id: UUID) -> RuleSetVersion:
        """Gives the active version.

        Raises:
            RuleSetNotFound: None is active.
        """

    async def newest(self, tenant_id: UUID, limit: int, below_version: int | None = None) -> Sequence[RuleSetVersion]:
        """Gives up to `limit` versions, the newest first, of those below a version if one is given."""

    async def delete(self, tenant_id: UUID, rule_set_id: UUID) -> None:
        """Deletes a version that was never active.

        Raises:
            RuleSetNotFound: The tenant has no such version.
            RuleSetInUse: It was active once.
        """


class RuleService(rule_service_pb2_grpc.RuleServiceServicer):
    """Keeps versions of scoring rules, and tries them.

    Args:
        keep_rule_sets: Changes rules.
        rule_sets: Where versions are read and deleted.
        dry_run: Tries rules.
        signing_secret: Signs page tokens.
    """

    def __init__(
        self, keep_rule_sets: KeepRuleSets, rule_sets: RuleSetReader, dry_run: DryRunRules, signing_secret: str
    ) -> None:
        self._keep_rule_sets = keep_rule_sets
        self._rule_sets = rule_sets
        self._dry_run = dry_run
        self._page_signer = TokenSigner(signing_secret, "rule-sets.page")

    async def CreateRuleSet(  # noqa: N802
        self, request: rule_service_pb2.CreateRuleSetRequest, context: Context
    ) -> rule_set_pb2.RuleSet:
        """Keeps a new version."""
        del context
        version = await self._keep_rule_sets.create(
            current_principal().tenant_id,
            request.rule_set.display_name,
            from_rule_set(request.rule_set),
            request.newest_etag,
        )
        return to_rule_set(version)

    async def GetRuleSet(  # noqa: N802
        self, request: rule_service_pb2.GetRuleSetRequest, context: Context
    ) -> rule_set_pb2.RuleSet:
        """Gives one version."""
        del context
        tenant_id = current_principal().tenant_id
        if request.name == _ACTIVE:
            return to_rule_set(await self._rule_sets.active(tenant_id))
        return to_rule_set(await self._rule_sets.get(tenant_id, parse_name(request.name, "ruleSets")))

    async def ListRuleSets(  # noqa: N802
        self, request: rule_service_pb2.ListRuleSetsRequest, context: Context
    ) -> rule_service_pb2.ListRuleSetsResponse:
        """Lists versions, the newest first."""
        del context
        tenant_id = current_principal().tenant_id
        page_size = request.page_size or DEFAULT_PAGE_SIZE
        below_version = self._page_position(request.page_token, tenant_id)
        versions = await self._rule_sets.newest(tenant_id, page_size + 1, below_version)
        response = rule_service_pb2.ListRuleSetsResponse(
            rule_sets=[to_rule_set(version) for version in versions[:page_size]]
        )
        if len(versions) > page_size:
            response.next_page_token = self._page_signer.sign(tenant_id, _QUERY, versions[page_size - 1].version)
        return response

    async def ActivateRuleSet(  # noqa: N802
        self, request: rule_service_pb2.ActivateRuleSetRequest, context: Context
    ) -> rule_service_pb2.ActivateRuleSetResponse:
        """Makes a version the active one."""
        del context
        version, operation = await self._keep_rule_sets.set_active(
            current_principal().tenant_id, parse_name(request.name, "ruleSets"), request.etag, active=True
        )
        return rule_service_pb2.ActivateRuleSetResponse(
            rule_set=to_rule_set(version), rescoring=None if operation is None else to_operation(operation)
        )

    async def DeactivateRuleSet(  # noqa: N802
        self, request: rule_service_pb2.DeactivateRuleSetRequest, context: Context
    ) -> rule_service_pb2.DeactivateRuleSetResponse:
        """Ends the effect of the active version."""
        del context
        version, operation = await self._keep_rule_sets.set_active(
            current_principal().tenant_id, parse_name(request.name, "ruleSets"), request.etag, active=False
        )
        return rule_service_pb2.DeactivateRuleSetResponse(
            rule_set=to_rule_set(version), rescoring=None if operation is None else to_operation(operation)
        )

    async def DeleteRuleSet(  # noqa: N802
        self, request: rule_service_pb2.DeleteRuleSetRequest, context: Context
    ) -> empty_pb2.Empty:
        """Deletes a version that was never active."""
        del context
        await self._rule_sets.delete(current_principal().tenant_id, parse_name(request.name, "ruleSets"))
        return empty_pb2.Empty()

    async def DryRunRuleSet(  # noqa: N802
        self, request: rule_service_pb2.DryRunRuleSetRequest, context: Context
    ) -> rule_service_pb2.DryRunRuleSetResponse:
        """Tells what rules would do."""
        del context
        return to_dry_run(
            await self._dry_run(
                current_principal().tenant_id, from_rule_set(request.rule_set), request.sample_size or SAMPLE_SIZE
            )
        )

    def _page_position(self, page_token: str, tenant_id: UUID) -> int | None:
        if not page_token:
            return None
        try:
            version: int = self._page_signer.read(page_token, tenant_id, _QUERY)
        except ValueError as error:
            raise InvalidPageToken from error
        return version
