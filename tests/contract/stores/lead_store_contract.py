"""What every store of leads must do, whatever it keeps them in."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count, groupby
from uuid import UUID

import pytest

from server.leads.filter import parse_filter
from server.leads.lead import Grade, Lead, LeadProfile, LeadStatus, StoredScore
from server.leads.lead_query import LeadOrder, LeadQuery, cursor_after
from server.leads.ports import DuplicatePolicy, ImportCounts, LeadStore, StoredLeads
from server.runtime.errors import IdempotencyKeyReused, LeadAlreadyExists
from server.runtime.identifiers import new_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GRADED = 60
ANN = LeadProfile(
    external_id="crm-1",
    email="ann@example.com",
    display_name="Ann",
    company="Example",
    phone="+43 1 000",
    owner="team-a",
    status=LeadStatus.LOST,
    outcome_time=NOON - timedelta(days=1),
    received_time=NOON - timedelta(days=9),
    fields={
        "Visits": {"number": 3.5},
        "Source": {"category": "Google"},
        "Consent": {"boolean": True},
        "Birthday": {"date": "1990-01-02T00:00:00+00:00"},
        "Note": {"text": "call 'back'\n\\u0041 ☎"},
    },
)
SetScore = Callable[[UUID, int], Awaitable[None]]


def make_lead(external_id: str = "", *, created: datetime = NOON, **changes: object) -> Lead:
    """Gives a lead that no store has."""
    profile = ANN._replace(external_id=external_id, **changes)  # type: ignore[arg-type]
    return Lead(new_id(), profile, score=None, create_time=created, update_time=created, revision=1)


def make_score(value: int) -> StoredScore:
    """Gives a score with this value: of grade A from 60 on, below of none."""
    grade = Grade.A if value >= GRADED else None
    return StoredScore(new_id(), value / 100 or 0.001, 0.5, -0.5, value, grade, new_id(), NOON, value / 200, 0.999, 500)


async def add(
    store: LeadStore, tenant_id: UUID, *leads: Lead, policy: DuplicatePolicy = DuplicatePolicy.SKIP
) -> StoredLeads:
    """Adds leads in a transaction of their own."""
    created: list[UUID] = []
    replaced: list[UUID] = []
    async with store.transaction(tenant_id) as transaction:
        for _, made_together in groupby(leads, key=lambda lead: lead.create_time):
            stored = await transaction.add(list(made_together), policy)
            created += stored.created
            replaced += stored.replaced
        await transaction.commit()
    return StoredLeads(created, replaced)


async def all_pages(store: LeadStore, tenant_id: UUID, order: LeadOrder, filter_text: str = "") -> list[Lead]:
    """Reads a list to its end in pages of two."""
    leads: list[Lead] = []
    after = None
    for _ in count():
        page = await store.page(tenant_id, LeadQuery(parse_filter(filter_text), order, 2, after))
        leads += page
        if len(page) < 2:
            break
        after = cursor_after(page[-1], order)
    return leads


class LeadStoreContract:
    """Inherit it and give the fixtures `store`, `tenant_id`, `other_tenant_id` and `set_score`."""

    async def test_gives_back_what_was_stored(self, store: LeadStore, tenant_id: UUID) -> None:
        lead = make_lead("crm-1")

        assert await add(store, tenant_id, lead) == StoredLeads([lead.lead_id], [])

        assert await store.get(tenant_id, lead.lead_id) == lead

    async def test_keeps_tenants_apart(self, store: LeadStore, tenant_id: UUID, other_tenant_id: UUID) -> None:
        lead = make_lead("crm-1")
        await add(store, tenant_id, lead)

        assert await store.get(other_tenant_id, lead.lead_id) is None
        assert await all_pages(store, other_tenant_id, LeadOrder.CREATE_TIME_DESCENDING) == []
        async with store.transaction(other_tenant_id) as transaction:
            assert await transaction.lock(lead.lead_id) is None
            assert await transaction.find_by_external_id(["crm-1"]) == {}
        assert len((await add(store, other_tenant_id, make_lead("crm-1"))).created) == 1

    async def test_undoes_what_is_not_committed(self, store: LeadStore, tenant_id: UUID) -> None:
        lead = make_lead()
        async with store.transaction(tenant_id) as transaction:
            await transaction.add([lead], DuplicatePolicy.SKIP)

        assert await store.get(tenant_id, lead.lead_id) is None

    async def test_skips_leads_whose_external_id_is_stored(self, store: LeadStore, tenant_id: UUID) -> None:
        first, second, third = make_lead("crm-1"), make_lead("crm-1", owner="team-b"), make_lead("crm-2")
        await add(store, tenant_id, first)

        assert await add(store, tenant_id, second, third) == StoredLeads([third.lead_id], [])

        assert await store.get(tenant_id, first.lead_id) == first

    async def test_stores_any_number_of_leads_without_external_id(self, store: LeadStore, tenant_id: UUID) -> None:
        leads = [make_lead(), make_lead()]

        assert sorted((await add(store, tenant_id, *leads)).created) == sorted(lead.lead_id for lead in leads)

    async def test_replaces_leads_whose_external_id_is_stored(
        self, store: LeadStore, tenant_id: UUID, set_score: SetScore
    ) -> None:
        first, other = make_lead("crm-1"), make_lead("crm-2")
        later = NOON + timedelta(hours=1)
        second = make_lead("crm-1", created=later, owner="team-b", fields={}, status=LeadStatus.OPEN)
        await add(store, tenant_id, first, other)
        await set_score(first.lead_id, 70)

        stored = await add(store, tenant_id, second, policy=DuplicatePolicy.REPLACE)

        replaced = await store.get(tenant_id, first.lead_id)
        assert stored == StoredLeads([], [first.lead_id])
        assert replaced is not None
        assert replaced.score is not None
        assert (replaced.score.probability_low, replaced.score.probability_high) == (0.35, 0.999)
        assert replaced.score.evidence_count == 500
        assert (replaced.profile, replaced.update_time, replaced.revision) == (second.profile, later, 2)
        assert replaced.create_time == NOON
        assert await store.get(tenant_id, other.lead_id) == other

    async def test_a_replacement_without_received_time_was_received_when_the_lead_was_created(
        self, store: LeadStore, tenant_id: UUID
    ) -> None:
        first, later = make_lead("crm-1"), NOON + timedelta(hours=1)
        await add(store, tenant_id, first)

        await add(
            store,
            tenant_id,
            make_lead("crm-1", created=later, received_time=later),
            policy=DuplicatePolicy.REPLACE,
        )

        replaced = await store.get(tenant_id, first.lead_id)
        assert replaced is not None
        assert replaced.profile.received_time == NOON

    async def test_saves_a_changed_lead(self, store: LeadStore, tenant_id: UUID) -> None:
        lead = make_lead("crm-1")
        await add(store, tenant_id, lead)
        changed = lead._replace(
            profile=lead.profile._replace(external_id="", owner="", outcome_time=None, fields={"A": {"number": 1.0}}),
            update_time=NOON + timedelta(hours=1),
            revision=2,
        )

        async with store.transaction(tenant_id) as transaction:
            assert await transaction.lock(lead.lead_id) == lead
            await transaction.save(changed)
            await transaction.commit()

        assert await store.get(tenant_id, lead.lead_id) == changed

    async def test_refuses_to_save_the_external_id_of_another_lead(self, store: LeadStore, tenant_id: UUID) -> None:
        first, second = make_lead("crm-1"), make_lead("crm-2")
        await add(store, tenant_id, first, second)

        async with store.transaction(tenant_id) as transaction:
            with pytest.raises(LeadAlreadyExists) as refusal:
                await transaction.save(second._replace(profile=second.profile._replace(external_id="crm-1")))

        assert refusal.value.metadata == {"external_id": "crm-1", "name": first.name}

    async def test_deletes_a_lead(self, store: LeadStore, tenant_id: UUID) -> None:
        lead = make_lead("crm-1")
        await add(store, tenant_id, lead)

        async with store.transaction(tenant_id) as transaction:
            await transaction.delete(lead.lead_id)
            await transaction.commit()

        assert await store.get(tenant_id, lead.lead_id) is None

    async def test_finds_leads_by_external_id(self, store: LeadStore, tenant_id: UUID) -> None:
        lead = make_lead("crm-1")
        await add(store, tenant_id, lead, make_lead("crm-2"))

        async with store.transaction(tenant_id) as transaction:
            assert await transaction.find_by_external_id(["crm-1", "crm-9"]) == {"crm-1": lead.lead_id}

    async def test_counts_a_batch_once(self, store: LeadStore, tenant_id: UUID) -> None:
        async def count_first() -> ImportCounts:
            return ImportCounts(created=3, replaced=2, duplicate=1)

        async def count_again() -> ImportCounts:
            raise AssertionError("a batch was imported twice")

        async with store.transaction(tenant_id) as transaction:
            first = await transaction.once("import/0", b"digest", count_first)
            await transaction.commit()
        async with store.transaction(tenant_id) as transaction:
            assert await transaction.once("import/0", b"digest", count_again) == first
        async with store.transaction(tenant_id) as transaction:
            with pytest.raises(IdempotencyKeyReused):
                await transaction.once("import/0", b"other", count_again)

    @pytest.fixture
    def spread(self) -> list[Lead]:
        """Seven leads, some with the same create time."""
        times = [NOON + timedelta(minutes=minute) for minute in (0, 1, 1, 1, 2, 3, 3)]
        statuses = [LeadStatus.OPEN, LeadStatus.CONVERTED]
        return [
            make_lead(f"crm-{index}", created=time, status=statuses[index % 2], owner=f"team-{index % 3}")
            for index, time in enumerate(times)
        ]

    async def test_pages_by_create_time(self, store: LeadStore, tenant_id: UUID, spread: list[Lead]) -> None:
        await add(store, tenant_id, *spread)
        ascending = sorted(spread, key=lambda lead: (lead.create_time, lead.lead_id))

        assert await all_pages(store, tenant_id, LeadOrder.CREATE_TIME_ASCENDING) == ascending
        assert await all_pages(store, tenant_id, LeadOrder.CREATE_TIME_DESCENDING) == ascending[::-1]

    async def test_pages_by_score_with_unscored_leads_last(
        self, store: LeadStore, tenant_id: UUID, set_score: SetScore, spread: list[Lead]
    ) -> None:
        await add(store, tenant_id, *spread)
        for lead, value in zip(spread, (50, 90, 50, 50), strict=False):
            await set_score(lead.lead_id, value)

        listed = await all_pages(store, tenant_id, LeadOrder.SCORE_DESCENDING)

        by_id = sorted(spread, key=lambda lead: lead.lead_id, reverse=True)
        equal = [lead for lead in by_id if lead in (spread[0], spread[2], spread[3])]
        unscored = [lead for lead in by_id if lead in spread[4:]]
        expected = [spread[1], *equal, *unscored]
        assert [lead.lead_id for lead in listed] == [lead.lead_id for lead in expected]

    @pytest.mark.parametrize(
        ("filter_text", "expected"),
        [
            ("status = OPEN", {0, 2, 4, 6}),
            ('status = OPEN AND owner = "team-0"', {0, 6}),
            ("email = ann@example.com AND external_id = crm-3", {3}),
            ("email = 'Ann@EXAMPLE.com' AND external_id = crm-3", {3}),
            ("phone = '0043 (1) 000' AND external_id = crm-3", {3}),
            ("phone = 1000", set()),
            ("email = ''", set()),
            ("external_id = ''", set()),
            ("score >= 50", {0, 1}),
            ("grade = A", {1}),
            ("grade = B", set()),
            ("score > 50", {1}),
            ("score < 90", {0}),
            ("score <= 90 AND score = 90", {1}),
            ("create_time > 2026-03-01T12:02:00Z", {5, 6}),
            ("create_time >= '2026-03-01T13:02:00+01:00' AND create_time < 2026-03-01T12:03:00Z", {4}),
            ("create_time <= 2026-03-01T12:00:00Z", {0}),
        ],
    )
    async def test_filters_in_every_order(  # noqa: PLR0917 - each is a fixture or a case
        self,
        store: LeadStore,
        tenant_id: UUID,
        set_score: SetScore,
        spread: list[Lead],
        filter_text: str,
        expected: set[int],
    ) -> None:
        await add(store, tenant_id, *spread)
        await set_score(spread[0].lead_id, 50)
        await set_score(spread[1].lead_id, 90)

        places = {lead.lead_id: index for index, lead in enumerate(spread)}
        for order in LeadOrder:
            listed = [places[lead.lead_id] for lead in await all_pages(store, tenant_id, order, filter_text)]
            assert set(listed) == expected
            assert len(listed) == len(expected)
