"""LeadHistoryService: what happened to a lead."""

from leadline.v1 import lead_history_service_pb2, lead_history_service_pb2_grpc

from server.interceptors.method_interceptor import Context
from server.leads.history import ReadLeadHistory
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal
from server.services.conversions.events import recorded_event_to_proto
from server.services.conversions.leads import score_to_proto


class LeadHistoryService(lead_history_service_pb2_grpc.LeadHistoryServiceServicer):
    """Converts requests, calls the use case, converts what it gives.

    Args:
        read_lead_history: Gives what happened to a lead.
    """

    def __init__(self, *, read_lead_history: ReadLeadHistory) -> None:
        self._history = read_lead_history

    async def ListLeadEvents(
        self, request: lead_history_service_pb2.ListLeadEventsRequest, context: Context
    ) -> lead_history_service_pb2.ListLeadEventsResponse:
        """Gives a page of a lead's events."""
        events, next_page_token = await self._history.events(
            current_principal().tenant_id,
            parse_name(request.parent, "leads"),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return lead_history_service_pb2.ListLeadEventsResponse(
            events=[recorded_event_to_proto(request.parent, event) for event in events],
            next_page_token=next_page_token,
        )

    async def ListLeadScores(
        self, request: lead_history_service_pb2.ListLeadScoresRequest, context: Context
    ) -> lead_history_service_pb2.ListLeadScoresResponse:
        """Gives a page of the scores that a lead had."""
        scores, next_page_token = await self._history.scores(
            current_principal().tenant_id,
            parse_name(request.parent, "leads"),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return lead_history_service_pb2.ListLeadScoresResponse(
            scores=[score_to_proto(request.parent, past.score) for past in scores],
            next_page_token=next_page_token,
        )
