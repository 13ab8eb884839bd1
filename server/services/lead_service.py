"""LeadService: keeps leads."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf import empty_pb2
from leadline.v1 import lead_pb2, lead_service_pb2, lead_service_pb2_grpc

from server.leads.change_leads import DeleteLead, UpdateLead
from server.leads.create_leads import CreateLeads
from server.leads.import_leads import ImportLeads
from server.leads.read_leads import GetLead, ListLeads
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal
from server.services.conversions.batch_streams import BatchSequence
from server.services.conversions.import_batches import add_counts, read_batch
from server.services.conversions.leads import change_from_proto, lead_to_proto, profile_from_proto
from server.services.personal_filters import refuse_guesses

Context = grpc.aio.ServicerContext[Any, Any]


class LeadService(lead_service_pb2_grpc.LeadServiceServicer):
    """Converts each request, calls its use case, and converts the answer. The rpcs are told in the contract."""

    def __init__(
        self,
        *,
        create_leads: CreateLeads,
        get_lead: GetLead,
        list_leads: ListLeads,
        update_lead: UpdateLead,
        delete_lead: DeleteLead,
        import_leads: ImportLeads,
    ) -> None:
        self._create_leads = create_leads
        self._get_lead = get_lead
        self._list_leads = list_leads
        self._update_lead = update_lead
        self._delete_lead = delete_lead
        self._import_leads = import_leads

    async def CreateLead(self, request: lead_service_pb2.CreateLeadRequest, context: Context) -> lead_pb2.Lead:
        """Creates a lead."""
        (lead,) = await self._create_leads(current_principal().tenant_id, [profile_from_proto(request.lead)])
        return lead_to_proto(lead)

    async def GetLead(self, request: lead_service_pb2.GetLeadRequest, context: Context) -> lead_pb2.Lead:
        """Gives one lead."""
        return lead_to_proto(await self._get_lead(current_principal().tenant_id, parse_name(request.name, "leads")))

    async def ListLeads(
        self, request: lead_service_pb2.ListLeadsRequest, context: Context
    ) -> lead_service_pb2.ListLeadsResponse:
        """Gives a page of leads."""
        refuse_guesses(request.filter)
        page = await self._list_leads(
            current_principal().tenant_id,
            filter_text=request.filter,
            order_text=request.order_by,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return lead_service_pb2.ListLeadsResponse(
            leads=map(lead_to_proto, page.leads), next_page_token=page.next_page_token
        )

    async def UpdateLead(self, request: lead_service_pb2.UpdateLeadRequest, context: Context) -> lead_pb2.Lead:
        """Changes a lead."""
        lead_id = parse_name(request.lead.name, "leads")
        change = change_from_proto(request.lead, request.update_mask.paths)
        lead = await self._update_lead(current_principal().tenant_id, lead_id, change, request.lead.etag)
        return lead_to_proto(lead)

    async def DeleteLead(self, request: lead_service_pb2.DeleteLeadRequest, context: Context) -> empty_pb2.Empty:
        """Deletes a lead."""
        lead_id = parse_name(request.name, "leads")
        await self._delete_lead(current_principal().tenant_id, lead_id, request.etag)
        return empty_pb2.Empty()

    async def BatchCreateLeads(
        self, request: lead_service_pb2.BatchCreateLeadsRequest, context: Context
    ) -> lead_service_pb2.BatchCreateLeadsResponse:
        """Creates leads, all or none."""
        profiles = [profile_from_proto(lead) for lead in request.leads]
        leads = await self._create_leads(current_principal().tenant_id, profiles)
        return lead_service_pb2.BatchCreateLeadsResponse(leads=map(lead_to_proto, leads))

    async def ImportLeads(
        self, request_iterator: AsyncIterator[lead_service_pb2.ImportLeadsRequest], context: Context
    ) -> lead_service_pb2.ImportLeadsResponse:
        """Imports leads from a stream of batches."""
        tenant_id, sequence = current_principal().tenant_id, BatchSequence()
        response = lead_service_pb2.ImportLeadsResponse()
        async for request in request_iterator:
            sequence.check(request)
            read = await read_batch(request)
            add_counts(response, await self._import_leads(tenant_id, read.batch), read.refused_rows)
        return response
