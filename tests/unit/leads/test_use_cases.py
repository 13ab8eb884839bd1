"""The use cases of leads, on a store in memory."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from server.leads.change_leads import DeleteLead, UpdateLead
from server.leads.create_leads import CreateLeads
from server.leads.field_mask import masked_change
from server.leads.import_leads import ImportBatch, ImportLeads
from server.leads.lead import LeadProfile, LeadStatus
from server.leads.ports import DuplicatePolicy, ImportCounts
from server.leads.read_leads import GetLead, ListLeads
from server.runtime.errors import (
    EtagMismatch,
    IdempotencyKeyReused,
    InvalidPageToken,
    InvalidRequest,
    LeadAlreadyExists,
    LeadNotFound,
)
from server.runtime.identifiers import new_id
from server.runtime.signed_tokens import TokenSigner
from tests.fakes.leads import InMemoryLeadStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENANT = new_id()


@pytest.fixture
def store() -> InMemoryLeadStore:
    return InMemoryLeadStore()


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """Shows noon first and a minute more each time."""
    minutes = count()
    return lambda: NOON + timedelta(minutes=next(minutes))


def profile(external_id: str = "", owner: str = "team-a") -> LeadProfile:
    return LeadProfile(external_id, "", "", "", "", owner, LeadStatus.OPEN, None, None, {})


async def test_a_created_lead_can_be_read_and_is_announced(
    store: InMemoryLeadStore, clock: Callable[[], datetime]
) -> None:
    (lead,) = await CreateLeads(store, clock)(TENANT, [profile("a")])

    assert (lead.etag, lead.create_time, lead.update_time, lead.profile.received_time) == ("1", NOON, NOON, NOON)
    assert await GetLead(store)(TENANT, lead.lead_id) == lead
    assert store.of(TENANT).announced == [[lead.lead_id]]


async def test_leads_are_created_all_or_none(store: InMemoryLeadStore, clock: Callable[[], datetime]) -> None:
    create = CreateLeads(store, clock)
    (first,) = await create(TENANT, [profile("a")])

    with pytest.raises(LeadAlreadyExists) as refusal:
        await create(TENANT, [profile("b"), profile(), profile("a")])
    with pytest.raises(InvalidRequest):
        await create(TENANT, [profile("c"), profile("c")])

    assert refusal.value.metadata == {"external_id": "a", "name": first.name}
    assert list(store.of(TENANT).leads) == [first.lead_id]
    assert len(store.of(TENANT).announced) == 1


async def test_a_change_makes_the_next_revision(store: InMemoryLeadStore, clock: Callable[[], datetime]) -> None:
    (lead,) = await CreateLeads(store, clock)(TENANT, [profile()])
    update = UpdateLead(store, clock)
    change = masked_change(profile(owner="team-b"), ["owner"])

    changed = await update(TENANT, lead.lead_id, change, lead.etag)

    assert (changed.etag, changed.profile.owner) == ("2", "team-b")
    assert (changed.create_time, changed.update_time) == (NOON, NOON + timedelta(minutes=1))
    assert await GetLead(store)(TENANT, lead.lead_id) == changed
    with pytest.raises(EtagMismatch):
        await update(TENANT, lead.lead_id, change, lead.etag)
    with pytest.raises(EtagMismatch):
        await DeleteLead(store)(TENANT, lead.lead_id, lead.etag)


async def test_an_outcome_has_the_time_at_which_it_came_unless_it_is_told(
    store: InMemoryLeadStore, clock: Callable[[], datetime]
) -> None:
    (lead,) = await CreateLeads(store, clock)(TENANT, [profile()])
    update, told = UpdateLead(store, clock), NOON - timedelta(days=3)

    async def outcome_time(status: LeadStatus, time: datetime | None = None, *paths: str) -> datetime | None:
        new = profile()._replace(status=status, outcome_time=time)
        changed = await update(TENANT, lead.lead_id, masked_change(new, ["status", *paths]), "")
        assert changed.profile.status is status
        return changed.profile.outcome_time

    assert await outcome_time(LeadStatus.CONVERTED) == NOON + timedelta(minutes=1)
    assert await outcome_time(LeadStatus.CONVERTED) == NOON + timedelta(minutes=1)
    assert await outcome_time(LeadStatus.LOST) == NOON + timedelta(minutes=3)
    assert await outcome_time(LeadStatus.OPEN, told, "outcome_time") is None
    assert await outcome_time(LeadStatus.LOST, told, "outcome_time") == told
    assert await outcome_time(LeadStatus.OPEN) is None
    assert await outcome_time(LeadStatus.CONVERTED, None, "outcome_time") is None


async def test_a_deleted_lead_is_gone(store: InMemoryLeadStore, clock: Callable[[], datetime]) -> None:
    (lead,) = await CreateLeads(store, clock)(TENANT, [profile()])

    await DeleteLead(store)(TENANT, lead.lead_id, "")

    with pytest.raises(LeadNotFound):
        await GetLead(store)(TENANT, lead.lead_id)
    with pytest.raises(LeadNotFound):
        await DeleteLead(store)(TENANT, lead.lead_id, "")


async def test_a_list_ends_without_a_token(store: InMemoryLeadStore, clock: Callable[[], datetime]) -> None:
    leads = await CreateLeads(store, clock)(TENANT, [profile() for _ in range(4)])
    list_leads = ListLeads(store, TokenSigner("a secret for tests", "leads.page"))

    async def page(token: str, filter_text: str = "", size: int = 2) -> tuple[list[str], str]:
        given = await list_leads(
            TENANT, filter_text=filter_text, order_text="create_time", page_size=size, page_token=token
        )
        return [lead.name for lead in given.leads], given.next_page_token

    first, token = await page("")
    second, end = await page(token)

    assert first + second == [lead.name for lead in leads]
    assert (await page("", size=0))[1] == end == ""
    with pytest.raises(InvalidPageToken):
        await page(token, "status = OPEN")


@pytest.mark.parametrize(
    ("policy", "expected", "owner"),
    [
        (DuplicatePolicy.SKIP, ImportCounts(created=3, replaced=0, duplicate=2), "team-a"),
        (DuplicatePolicy.REPLACE, ImportCounts(created=3, replaced=2, duplicate=0), "team-c"),
    ],
)
async def test_an_imported_batch_counts_as_if_row_followed_row(
    store: InMemoryLeadStore,
    clock: Callable[[], datetime],
    policy: DuplicatePolicy,
    expected: ImportCounts,
    owner: str,
) -> None:
    rows = [profile("a"), profile(), profile("a", "team-b"), profile(), profile("a", "team-c")]

    counts = await ImportLeads(store, clock)(TENANT, ImportBatch("k/0", b"digest", rows, policy))

    assert counts == expected
    assert {lead.profile.owner for lead in store.of(TENANT).leads.values() if lead.profile.external_id} == {owner}


async def test_a_batch_is_imported_once(store: InMemoryLeadStore, clock: Callable[[], datetime]) -> None:
    import_leads = ImportLeads(store, clock)
    batch = ImportBatch("k/0", b"digest", [profile()], DuplicatePolicy.SKIP)

    assert await import_leads(TENANT, batch) == await import_leads(TENANT, batch)

    assert len(store.of(TENANT).leads) == 1
    with pytest.raises(IdempotencyKeyReused):
        await import_leads(TENANT, ImportBatch("k/0", b"other", [profile()], DuplicatePolicy.SKIP))


async def test_a_batch_without_a_usable_row_announces_nothing(
    store: InMemoryLeadStore, clock: Callable[[], datetime]
) -> None:
    counts = await ImportLeads(store, clock)(TENANT, ImportBatch("k/0", b"digest", [], DuplicatePolicy.SKIP))

    assert counts == ImportCounts(created=0, replaced=0, duplicate=0)
    assert store.of(TENANT).announced == []
