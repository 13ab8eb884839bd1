"""The SDK's calls about scoring rules, on the real rule service."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from deploy.local.development_token import DevelopmentKey
from leadline_sdk import (
    AsyncClient,
    Client,
    Conflict,
    Decay,
    FailedPrecondition,
    InvalidRequest,
    NotFound,
    Rule,
    RuleSet,
)
from scoring.registry.model import Model
from server.runtime.database import Database
from tests.integration.scorer.conftest import add_lead

RULES = RuleSet(display_name="First", rules=[Rule(id="referral", expression='fields.source == "Referral"', points=20)])


@pytest.fixture
async def client(development_key: DevelopmentKey, address: str, tenant_id: UUID) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(address, token=development_key.mint(tenant_id), tls=False) as connected:
        yield connected


async def test_rules_are_written_activated_and_taken_back(
    client: AsyncClient, champion: Model, database: Database, tenant_id: UUID
) -> None:
    assert champion
    await add_lead(database, tenant_id, visits=-0.1, source="Referral")

    tried = await client.dry_run_rule_set(RULES)
    assert (tried.open_count, tried.changed_count) == (1, 1)
    created = await client.create_rule_set(RULES)
    change = await client.activate_rule_set(created.name, etag=created.etag)

    assert change.rule_set.active
    assert change.rescoring is not None
    assert change.rescoring.metadata.method == "RescoreLeads"
    assert (await client.get_rule_set()).name == created.name
    assert (await client.dry_run_rule_set(await client.get_rule_set())).changed_count == 0
    with pytest.raises(Conflict):
        await client.activate_rule_set(created.name, etag=created.etag)
    assert not (await client.deactivate_rule_set(created.name)).rule_set.active
    with pytest.raises(NotFound):
        await client.get_rule_set()
    with pytest.raises(FailedPrecondition):
        await client.delete_rule_set(created.name)
    assert [found.version async for found in client.list_rule_sets(page_size=1)] == [1]


async def test_the_same_key_makes_one_version(client: AsyncClient) -> None:
    first = await client.create_rule_set(RULES, idempotency_key="once")
    assert await client.create_rule_set(RULES, idempotency_key="once") == first
    assert [found.version async for found in client.list_rule_sets()] == [1]


async def test_the_synchronous_client_does_the_same(
    development_key: DevelopmentKey, address: str, tenant_id: UUID
) -> None:
    def use() -> None:
        with Client(address, token=development_key.mint(tenant_id), tls=False) as client:
            decay = Decay(anchor_event_type="page_view")
            decay.half_life.FromTimedelta(timedelta(days=7))
            fading = Rule(id="visited", expression="event_counts.page_view > 1", points=9, decay=decay)
            first = client.create_rule_set(RULES)
            second = client.create_rule_set(RuleSet(rules=[fading]), newest_etag=first.etag)
            assert [found.version for found in client.list_rule_sets(page_size=1)] == [2, 1]
            assert client.activate_rule_set(second.name).rescoring is None
            assert client.get_rule_set().rules[0] == fading
            assert client.deactivate_rule_set(second.name).rescoring is None
            client.delete_rule_set(first.name)
            with pytest.raises(FailedPrecondition):
                client.dry_run_rule_set(second)
            with pytest.raises(InvalidRequest) as refused:
                client.create_rule_set(RuleSet(rules=[Rule(id="broken", expression="fields.", points=1)]))
            [violation] = refused.value.field_violations
            assert violation.field == "rule_set.rules[0].expression"
            assert violation.description.startswith("1:8: ")

    await asyncio.to_thread(use)
