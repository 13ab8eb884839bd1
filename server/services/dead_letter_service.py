"""DeadLetterService: what came in and could not be used."""

from google.protobuf import empty_pb2
from leadline.v1 import dead_letter_pb2, dead_letter_service_pb2, dead_letter_service_pb2_grpc

from server.integrations.dead_letters import ReadDeadLetters, SettleDeadLetters
from server.interceptors.method_interceptor import Context
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal
from server.services.conversions.dead_letters import dead_letter_to_proto, kept_event
from server.services.conversions.events import event_from_proto


class DeadLetterService(dead_letter_service_pb2_grpc.DeadLetterServiceServicer):
    """Converts requests, calls the use cases, converts what they give.

    Args:
        read_dead_letters: Gives dead letters.
        settle_dead_letters: Replays and deletes them.
    """

    def __init__(self, *, read_dead_letters: ReadDeadLetters, settle_dead_letters: SettleDeadLetters) -> None:
        self._read = read_dead_letters
        self._settle = settle_dead_letters

    async def GetDeadLetter(
        self, request: dead_letter_service_pb2.GetDeadLetterRequest, context: Context
    ) -> dead_letter_pb2.DeadLetter:
        """Gives one dead letter."""
        dead_letter_id = parse_name(request.name, "deadLetters")
        return dead_letter_to_proto(await self._read.get(current_principal().tenant_id, dead_letter_id))

    async def ListDeadLetters(
        self, request: dead_letter_service_pb2.ListDeadLettersRequest, context: Context
    ) -> dead_letter_service_pb2.ListDeadLettersResponse:
        """Gives a page of dead letters."""
        page = await self._read.page(
            current_principal().tenant_id, page_size=request.page_size, page_token=request.page_token
        )
        return dead_letter_service_pb2.ListDeadLettersResponse(
            dead_letters=map(dead_letter_to_proto, page.dead_letters), next_page_token=page.next_page_token
        )

    async def ReplayDeadLetter(
        self, request: dead_letter_service_pb2.ReplayDeadLetterRequest, context: Context
    ) -> dead_letter_service_pb2.ReplayDeadLetterResponse:
        """Tries once more what is kept."""
        tenant_id, dead_letter_id = current_principal().tenant_id, parse_name(request.name, "deadLetters")
        event = (
            event_from_proto(request.event)
            if request.HasField("event")
            else kept_event(await self._read.get(tenant_id, dead_letter_id))
        )
        duplicate = await self._settle.replay(tenant_id, dead_letter_id, event)
        return dead_letter_service_pb2.ReplayDeadLetterResponse(duplicate=duplicate)

    async def DeleteDeadLetter(
        self, request: dead_letter_service_pb2.DeleteDeadLetterRequest, context: Context
    ) -> empty_pb2.Empty:
        """Deletes a dead letter."""
        await self._settle.delete(current_principal().tenant_id, parse_name(request.name, "deadLetters"))
        return empty_pb2.Empty()
