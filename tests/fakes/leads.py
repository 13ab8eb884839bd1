"""A store of leads in memory, which behaves as the one in PostgreSQL: the contract suite runs on both."""

import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from operator import eq, ge, gt, le, lt
from uuid import UUID

from server.leads.contact import comparable_email, comparable_phone
from server.leads.filter import Comparator, Condition, FilterField
from server.leads.lead import Lead, StoredScore
from server.leads.lead_query import LeadOrder, LeadQuery, cursor_after
from server.leads.ports import DuplicatePolicy, ImportCounts, LeadTransaction, StoredLeads
from server.runtime.errors import IdempotencyKeyReused, LeadAlreadyExists

_COMPARE = {
    Comparator.EQUAL: eq,
    Comparator.LESS: lt,
    Comparator.LESS_OR_EQUAL: le,
    Comparator.GREATER: gt,
    Comparator.GREATER_OR_EQUAL: ge,
}


@dataclass
class Tenant:
    """What the store holds for one tenant."""

    leads: dict[UUID, Lead] = field(default_factory=dict)
    announced: list[list[UUID]] = field(default_factory=list)
    answers: dict[str, tuple[bytes, ImportCounts]] = field(default_factory=dict)


class InMemoryLeadTransaction:
    """Works on a copy that replaces the original at the commit."""

    def __init__(self, tenant: Tenant) -> None:
        self._original = tenant
        self._tenant = copy.deepcopy(tenant)

    async def add(self, leads: Sequence[Lead], policy: DuplicatePolicy) -> StoredLeads:
        created, replaced = [], []
        known = {lead.profile.external_id: lead for lead in self._tenant.leads.values()}
        for lead in leads:
            stored = known.get(lead.profile.external_id) if lead.profile.external_id else None
            if stored is None:
                self._tenant.leads[lead.lead_id] = lead
                created.append(lead.lead_id)
            elif policy is DuplicatePolicy.REPLACE:
                received = lead.profile.received_time
                received = stored.create_time if received == lead.create_time else received
                self._tenant.leads[stored.lead_id] = stored._replace(
                    profile=lead.profile._replace(received_time=received),
                    update_time=lead.update_time,
                    revision=stored.revision + 1,
                )
                replaced.append(stored.lead_id)
        return StoredLeads(created, replaced)

    async def lock(self, lead_id: UUID) -> Lead | None:
        return self._tenant.leads.get(lead_id)

    async def save(self, lead: Lead) -> None:
        external_id = lead.profile.external_id
        other = (await self.find_by_external_id([external_id])).get(external_id) if external_id else None
        if other not in (None, lead.lead_id):
            raise LeadAlreadyExists(external_id, f"leads/{other}")
        self._tenant.leads[lead.lead_id] = lead

    async def delete(self, lead_id: UUID) -> None:
        del self._tenant.leads[lead_id]

    async def find_by_external_id(self, external_ids: Collection[str]) -> dict[str, UUID]:
        return {
            lead.profile.external_id: lead.lead_id
            for lead in self._tenant.leads.values()
            if lead.profile.external_id in external_ids
        }

    async def announce(self, lead_ids: Sequence[UUID]) -> None:
        self._tenant.announced.append(list(lead_ids))

    async def once(self, key: str, request_digest: bytes, count: Callable[[], Awaitable[ImportCounts]]) -> ImportCounts:
        if key not in self._tenant.answers:
            self._tenant.answers[key] = (request_digest, await count())
        digest, counts = self._tenant.answers[key]
        if digest != request_digest:
            raise IdempotencyKeyReused(key)
        return counts

    async def commit(self) -> None:
        self._original.__dict__.update(self._tenant.__dict__)


class InMemoryLeadStore:
    """A store of leads in memory."""

    def __init__(self) -> None:
        self._tenants: dict[UUID, Tenant] = {}

    def of(self, tenant_id: UUID) -> Tenant:
        """Gives all that is held for a tenant."""
        return self._tenants.setdefault(tenant_id, Tenant())

    def set_score(self, tenant_id: UUID, lead_id: UUID, score: StoredScore) -> None:
        """Stores a score, as the scorer does."""
        leads = self.of(tenant_id).leads
        leads[lead_id] = leads[lead_id]._replace(score=score)

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[LeadTransaction]:
        yield InMemoryLeadTransaction(self.of(tenant_id))

    async def get(self, tenant_id: UUID, lead_id: UUID) -> Lead | None:
        return self.of(tenant_id).leads.get(lead_id)

    async def page(self, tenant_id: UUID, query: LeadQuery) -> list[Lead]:
        leads = [
            lead
            for lead in self.of(tenant_id).leads.values()
            if all(_holds(condition, lead) for condition in query.conditions)
        ]
        places = sorted(((_place(lead, query.order), lead) for lead in leads), key=lambda pair: pair[0])
        if query.order is not LeadOrder.CREATE_TIME_ASCENDING:
            places.reverse()
        if query.after:
            passed = [cursor_after(lead, query.order) for _, lead in places].index(query.after) + 1
            places = places[passed:]
        return [lead for _, lead in places[: query.limit]]


def _place(lead: Lead, order: LeadOrder) -> tuple[float, UUID]:
    if order is LeadOrder.SCORE_DESCENDING:
        return (lead.score.value if lead.score else -1, lead.lead_id)
    return (lead.create_time.timestamp(), lead.lead_id)


def _holds(condition: Condition, lead: Lead) -> bool:
    values = {
        FilterField.SCORE: lead.score.value if lead.score else None,
        FilterField.GRADE: lead.score.grade if lead.score else None,
        FilterField.CREATE_TIME: lead.create_time,
        FilterField.EMAIL: comparable_email(lead.profile.email),
        FilterField.PHONE: comparable_phone(lead.profile.phone),
    }
    value = values[condition.field] if condition.field in values else getattr(lead.profile, condition.field)
    return value is not None and bool(_COMPARE[condition.comparator](value, condition.value))
