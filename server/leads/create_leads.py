"""Creates leads, all or none."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from server.leads.lead import Lead, LeadProfile
from server.leads.ports import DuplicatePolicy, LeadStore
from server.runtime.audit import note_resources
from server.runtime.errors import FieldViolation, InvalidRequest, LeadAlreadyExists
from server.runtime.identifiers import format_name, new_id


class CreateLeads:
    """Creates leads, all or none.

    Args:
        store: Where leads are kept.
        clock: Gives the present time, UTC.
    """

    def __init__(self, store: LeadStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self, tenant_id: UUID, profiles: Sequence[LeadProfile]) -> list[Lead]:
        """Creates the leads.

        Args:
            tenant_id: Whose leads they are.
            profiles: At least one.

        Returns:
            The leads, in the order of the profiles.

        Raises:
            InvalidRequest: Two of the profiles have the same external id.
            LeadAlreadyExists: A stored lead has the external id of one of them.
        """
        _refuse_repeated(profiles)
        now = self._clock()
        leads = [new_lead(profile, now) for profile in profiles]
        async with self._store.transaction(tenant_id) as transaction:
            stored = await transaction.add(leads, DuplicatePolicy.SKIP)
            if len(stored.created) < len(leads):
                external_ids = [lead.profile.external_id for lead in leads if lead.profile.external_id]
                existing = await transaction.find_by_external_id(external_ids)
                created = frozenset(stored.created)
                refused = next(lead.profile.external_id for lead in leads if lead.lead_id not in created)
                # It may have been deleted since it stood in the way.
                holder = existing.get(refused)
                raise LeadAlreadyExists(refused, format_name("leads", holder) if holder else "")
            await transaction.announce(stored.created)
            note_resources(lead.name for lead in leads)
            await transaction.commit()
        return leads


def new_lead(profile: LeadProfile, now: datetime) -> Lead:
    """Gives a lead that is not stored yet.

    Args:
        profile: What is known of it; without a `received_time` it was received now.
        now: The present time, UTC.
    """
    if profile.received_time is None:
        profile = profile._replace(received_time=now)
    return Lead(lead_id=new_id(), profile=profile, score=None, create_time=now, update_time=now, revision=1)


def _refuse_repeated(profiles: Sequence[LeadProfile]) -> None:
    """Refuses profiles of which two have the same external id.

    Raises:
        InvalidRequest: Names each that repeats an earlier one.
    """
    first: dict[str, int] = {}
    violations = []
    for index, profile in enumerate(profiles):
        if profile.external_id and first.setdefault(profile.external_id, index) != index:
            description = f"repeats the external_id of leads[{first[profile.external_id]}]"
            violations.append(FieldViolation(f"leads[{index}].external_id", description, "leads.external_id.unique"))
    if violations:
        raise InvalidRequest(violations)
