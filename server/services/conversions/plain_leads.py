"""Reads leads that are plainly valid, checking them on the way.

Nearly all imported leads are valid, and asking the general validator about each costs more than all else of an import
together. So this reads a lead and checks it in one pass, within limits that are at most the contract's. What is not
plainly valid is left to the general validator, which says what is wrong, if anything is.
"""

import re
from typing import Final

from leadline.v1 import lead_pb2

from server.leads.lead import MAX_FIELDS, LeadProfile
from server.services.conversions.leads import STATUSES
from server.services.conversions.plain_values import LONGEST_NAME, is_plain_time, plain_values
from server.services.conversions.times import time_from_proto

_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
_LONGEST_EMAIL: Final = 254


def plain_profile(lead: lead_pb2.Lead) -> LeadProfile | None:
    """Gives what a caller tells of a lead, if the lead is plainly valid; else None, which says nothing about it.

    Args:
        lead: A lead that nobody has checked.
    """
    external_id, email, phone, owner = lead.external_id, lead.email, lead.phone, lead.owner
    display_name, company = lead.display_name, lead.company
    for text in (external_id, display_name, company, phone, owner, lead.name, lead.etag):
        if len(text) > LONGEST_NAME or "\0" in text:
            return None
    if email and (len(email) > _LONGEST_EMAIL or not _EMAIL.fullmatch(email)):
        return None
    status = STATUSES.get(lead.status)
    received_time = lead.received_time if lead.HasField("received_time") else None
    outcome_time = lead.outcome_time if lead.HasField("outcome_time") else None
    if status is None or not is_plain_time(received_time) or not is_plain_time(outcome_time):
        return None
    values = plain_values(lead.fields, MAX_FIELDS)
    if values is None:
        return None
    return LeadProfile(
        external_id,
        email,
        display_name,
        company,
        phone,
        owner,
        status,
        time_from_proto(outcome_time) if outcome_time else None,
        time_from_proto(received_time) if received_time else None,
        values,
    )
