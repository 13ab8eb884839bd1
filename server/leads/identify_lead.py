"""Finds the lead that a person is, or makes one."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from server.leads.create_leads import CreateLeads
from server.leads.filter import parse_filter
from server.leads.lead import LeadProfile, LeadStatus
from server.leads.lead_query import LeadOrder, LeadQuery
from server.leads.ports import LeadStore
from server.runtime.audit import concerns, concerns_nobody
from server.runtime.errors import LeadAlreadyExists

_EXTERNAL_ID_PREFIX: Final = "website:"


class IdentifyLead:
    """Finds a lead by its e-mail address, or makes one.

    Args:
        store: Where leads are kept.
        create_leads: Makes leads.
        secret: Keys the external ids of new leads, so that they tell nothing of the addresses.
    """

    def __init__(self, store: LeadStore, create_leads: CreateLeads, secret: str) -> None:
        self._store = store
        self._create_leads = create_leads
        self._secret = secret

    async def __call__(
        self,
        tenant_id: UUID,
        email: str,
        *,
        principal: str,
        display_name: str,
        company: str,
        phone: str,
        fields: Mapping[str, str],
    ) -> UUID:
        """Gives the lead with an e-mail address: the oldest if there are several, and a new one if there is none.

        Args:
            tenant_id: Whose leads.
            email: The address.
            principal: Who tells it, as the audit log names them if a lead is made.
            display_name: The name of a new lead; like all that follow, it changes nothing of one that is stored.
            company: Its company.
            phone: Its phone number.
            fields: Its custom fields, as categories.
        """
        address = email.strip().casefold()
        # What the contract takes for an address has neither quotes nor backslashes, so it can't leave the text.
        conditions = parse_filter(f'email = "{address}"')
        found = await self._store.page(
            tenant_id, LeadQuery(conditions, LeadOrder.CREATE_TIME_ASCENDING, limit=1, after=None)
        )
        if found:
            return found[0].lead_id
        # The same for each call with this address, so that two at the same time make one lead.
        external_id = _EXTERNAL_ID_PREFIX + self._digest(tenant_id, address)
        profile = LeadProfile(
            external_id=external_id,
            email=email,
            display_name=display_name,
            company=company,
            phone=phone,
            owner="",
            status=LeadStatus.OPEN,
            outcome_time=None,
            received_time=None,
            fields={name: {"category": value} for name, value in fields.items()},
        )
        concerns(tenant_id, principal)
        try:
            (lead,) = await self._create_leads(tenant_id, [profile])
        except LeadAlreadyExists:
            concerns_nobody()
            async with self._store.transaction(tenant_id) as transaction:
                known = await transaction.find_by_external_id([external_id])
            if external_id not in known:
                raise
            return known[external_id]
        return lead.lead_id

    def _digest(self, tenant_id: UUID, address: str) -> str:
        text = f"{tenant_id}\n{address}".encode()
        return hmac.new(self._secret.encode(), text, hashlib.sha256).hexdigest()[:32]
