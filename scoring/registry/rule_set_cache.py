"""Versions of scoring rules that this process has used lately, ready to score with.

A version never changes, so what is held here is never stale. Which one is active is not held: it comes with each lead,
in the round trip that reads the lead.
"""

from typing import Protocol
from uuid import UUID

from scoring.registry.load_cache import LoadCache
from scoring.registry.rule_set_version import RuleSetVersion
from scoring.rules.compiled_rule_set import CompiledRuleSet

CAPACITY = 512


class RuleSetSource(Protocol):
    """Where versions of the rules are kept."""

    async def get(self, tenant_id: UUID, rule_set_id: UUID) -> RuleSetVersion:
        """Gives a version.

        Raises:
            RuleSetNotFound: The tenant has no such version.
            DependencyUnavailable: It can't be read at present.
        """


class RuleSetCache:
    """The versions used last, read and compiled once each.

    Args:
        source: Where a version is read that is not held yet.
        capacity: How many versions are held, 1 or more; beyond it, the one unused for longest goes.
    """

    def __init__(self, source: RuleSetSource, capacity: int = CAPACITY) -> None:
        self._source = source
        self._rule_sets: LoadCache[CompiledRuleSet] = LoadCache(self._load, capacity)

    async def rule_set(self, tenant_id: UUID, rule_set_id: UUID) -> CompiledRuleSet:
        """Gives a version of the tenant's rules; the errors are those of `RuleSetSource.get`."""
        return await self._rule_sets.get(tenant_id, rule_set_id)

    async def _load(self, tenant_id: UUID, rule_set_id: UUID) -> CompiledRuleSet:
        version = await self._source.get(tenant_id, rule_set_id)
        return CompiledRuleSet(rule_set_id, version.rule_set)
