"""Open leads as columns from PostgreSQL: the same numbers as lead by lead, page by page."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import orjson

from scoring.bulk.open_leads import BEFORE_ALL, LAST_OF_ALL
from scoring.features.feature import Feature, FeatureKind
from scoring.features.feature_set import FeatureSet
from scoring.features.lead_columns import columns_needed, encode_columns
from scoring.store.leads import Leads
from scoring.store.open_leads import OpenLeads
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from tests.integration.scorer.conftest import RECEIVED_TIME, add_champion, add_event, add_lead

AS_OF = datetime(2026, 5, 1, tzinfo=UTC)
NAME = "Says \"how\", 'why' \\ ✓"
FIELD_KINDS = (
    FeatureKind.NUMBER,
    FeatureKind.BOOLEAN,
    FeatureKind.CATEGORY,
    FeatureKind.DAYS_BEFORE_RECEIVED,
    FeatureKind.DAY_OF_WEEK,
    FeatureKind.TEXT_LENGTH,
)
FEATURES = FeatureSet(
    [
        Feature(f"{field} {kind}", field, kind, ("Google", "Größe ✓") if kind is FeatureKind.CATEGORY else (), absent)
        for field in ("Field", NAME)
        for kind, absent in zip(FIELD_KINDS, (np.nan, 1.0, 0.0, np.nan, 3.0, 12.0), strict=True)
    ]
    + [
        Feature("events.page_view.count", "page_view", FeatureKind.EVENT_COUNT),
        Feature("events.page_view.days", "page_view", FeatureKind.DAYS_SINCE_EVENT),
        Feature("events.page_view.week", "page_view", FeatureKind.EVENT_DECAYED, half_life_in_days=7.0),
        Feature("events.page_view.active", "page_view", FeatureKind.EVENT_ACTIVE_DAYS),
    ]
)
VALUES: tuple[dict[str, Any] | None, ...] = (
    None,
    {"number": 0.1},
    {"number": -1e300},
    {"number": 12345678901234567},
    {"boolean": True},
    {"boolean": False},
    {"category": "Google"},
    {"category": "Größe ✓"},
    {"category": "elsewhere"},
    {"date": "2025-12-24T18:00:00.123456+00:00"},
    {"date": "2026-01-02T23:30:00-05:00"},
    {"text": ""},
    {"text": 'Grüße\n\t"✓😀" ' * 900},
)


async def add_every_value(database: Database, tenant_id: UUID) -> list[UUID]:
    """Store an open lead for each value, which the one field has and the next value the other."""
    lead_ids = [new_id() for _ in VALUES]
    fields = [
        {name: value for name, value in (("Field", value), (NAME, VALUES[place - 1])) if value is not None}
        for place, value in enumerate(VALUES)
    ]
    async with database.transaction(tenant_id) as connection:
        await connection.execute(
            "INSERT INTO leads (tenant_id, id, status, received_time, fields) "
            "SELECT $1, id, 1, $4, fields::jsonb FROM unnest($2::uuid[], $3::text[]) AS l (id, fields)",
            tenant_id,
            lead_ids,
            [orjson.dumps(of_lead).decode() for of_lead in fields],
            RECEIVED_TIME,
        )
    return lead_ids


async def test_columns_are_encoded_to_the_same_bits_as_leads(database: Database, tenant_id: UUID) -> None:
    lead_ids = await add_every_value(database, tenant_id)
    for place, lead_id in enumerate(lead_ids[::3]):
        for number in range(place + 1):
            await add_event(database, tenant_id, lead_id, RECEIVED_TIME + timedelta(hours=17 * number))
    await add_event(database, tenant_id, await add_lead(database, tenant_id, status=2), RECEIVED_TIME)

    page = await OpenLeads(database).open_page(tenant_id, BEFORE_ALL, LAST_OF_ALL, 100, columns_needed(FEATURES))
    found = encode_columns(FEATURES, page.leads, AS_OF)

    leads = {lead.lead_id: lead.record for lead in await Leads(database).leads(tenant_id, lead_ids)}
    expected = FEATURES.encode([leads[lead_id] for lead_id in lead_ids], AS_OF)
    assert list(page.lead_ids) == sorted(lead_ids)
    np.testing.assert_array_equal(found, expected)
    assert len(np.unique(found[:, 0])) > 3


async def test_pages_part_the_open_leads_of_one_tenant(database: Database, tenant_id: UUID) -> None:
    lead_ids = [await add_lead(database, tenant_id) for _ in range(7)]
    await add_lead(database, tenant_id, status=3)
    await add_lead(database, new_id())
    leads, needed = OpenLeads(database), columns_needed(FeatureSet([]))

    assert await leads.open_count(tenant_id) == 7
    assert await leads.open_page_ends(tenant_id, BEFORE_ALL, 3) == [lead_ids[2], lead_ids[5], lead_ids[6]]
    assert await leads.open_page_ends(tenant_id, lead_ids[3], 3) == [lead_ids[6]]
    assert await leads.open_page_ends(tenant_id, lead_ids[6], 3) == []
    page = await leads.open_page(tenant_id, lead_ids[1], lead_ids[5], 3, needed)
    assert list(page.lead_ids) == lead_ids[2:5]
    rest = await leads.open_page(tenant_id, lead_ids[4], lead_ids[5], 3, needed)
    assert list(rest.lead_ids) == [lead_ids[5]]
    assert not await leads.open_page(tenant_id, lead_ids[6], LAST_OF_ALL, 3, needed)


async def test_a_page_tells_what_is_stored_and_by_which_model(database: Database, tenant_id: UUID) -> None:
    champion = await add_champion(database, tenant_id)
    scored, unscored = [await add_lead(database, tenant_id) for _ in range(2)]
    async with database.transaction(tenant_id) as connection:
        await connection.execute(
            "UPDATE leads SET score_probability = 0.25, score_model_id = $2 WHERE id = $1", scored, champion.model_id
        )

    page = await OpenLeads(database).open_page(tenant_id, BEFORE_ALL, LAST_OF_ALL, 5, columns_needed(FeatureSet([])))

    assert list(page.lead_ids) == [scored, unscored]
    np.testing.assert_array_equal(page.probabilities, [0.25, np.nan])
    assert list(page.model_ids) == [champion.model_id, None]
    assert not page.stored_leads
