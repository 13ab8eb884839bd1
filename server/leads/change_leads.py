"""Changes and deletes a lead, guarded by its etag."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from server.leads.field_mask import LeadChange, apply_change
from server.leads.lead import Lead, LeadProfile, LeadStatus
from server.leads.ports import LeadStore, LeadTransaction
from server.runtime.errors import EtagMismatch, LeadNotFound
from server.runtime.identifiers import format_name


class UpdateLead:
    """Changes a lead.

    Args:
        store: Where leads are kept.
        clock: Gives the present time, UTC.
    """

    def __init__(self, store: LeadStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, tenant_id: UUID, lead_id: UUID, change: LeadChange, etag: str) -> Lead:
        """Makes the change and gives the lead as it is then.

        A lead that converts or is lost has its outcome now, unless the change tells when; one that is open again has
        none.

        Args:
            tenant_id: Whose lead.
            lead_id: Which one.
            change: What to change.
            etag: The lead's etag as the caller knows it; empty to change it in any case.

        Raises:
            LeadNotFound: The tenant has no such lead.
            EtagMismatch: It was changed since.
            InvalidRequest: It would have too many custom fields.
            LeadAlreadyExists: Another lead has its new external id.
        """
        async with self._store.transaction(tenant_id) as transaction:
            lead = await _lock(transaction, lead_id, etag)
            now = self._clock()
            profile = apply_change(lead.profile, change, create_time=lead.create_time)
            changed = lead._replace(
                profile=_with_outcome_time(lead.profile.status, profile, change, now),
                update_time=now,
                revision=lead.revision + 1,
            )
            await transaction.save(changed)
            await transaction.announce([lead_id])
            await transaction.commit()
        return changed


class DeleteLead:
    """Deletes a lead with its events and scores.

    Args:
        store: Where leads are kept.
    """

    def __init__(self, store: LeadStore) -> None:
        self._store = store

    async def __call__(self, tenant_id: UUID, lead_id: UUID, etag: str) -> None:
        """Deletes the lead.

        Args:
            tenant_id: Whose lead.
            lead_id: Which one.
            etag: The lead's etag as the caller knows it; empty to delete it in any case.

        Raises:
            LeadNotFound: The tenant has no such lead.
            EtagMismatch: It was changed since.
        """
        async with self._store.transaction(tenant_id) as transaction:
            await _lock(transaction, lead_id, etag)
            await transaction.delete(lead_id)
            await transaction.announce([lead_id])
            await transaction.commit()


def _with_outcome_time(before: LeadStatus, profile: LeadProfile, change: LeadChange, now: datetime) -> LeadProfile:
    """Gives a changed profile with the time of its outcome.

    Args:
        before: Where the lead stood before the change.
        profile: The profile after it.
        change: What was changed.
        now: The present time, UTC.
    """
    if profile.status is before:
        return profile
    if profile.status is LeadStatus.OPEN:
        return profile._replace(outcome_time=None)
    return profile if "outcome_time" in change.attributes else profile._replace(outcome_time=now)


async def _lock(transaction: LeadTransaction, lead_id: UUID, etag: str) -> Lead:
    """Gives a lead that nobody else can change until the transaction ends.

    Raises:
        LeadNotFound: The tenant has no such lead.
        EtagMismatch: An etag is given and is not the lead's.
    """
    lead = await transaction.lock(lead_id)
    if lead is None:
        raise LeadNotFound(format_name("leads", lead_id))
    if etag and etag != lead.etag:
        raise EtagMismatch(lead.etag)
    return lead
