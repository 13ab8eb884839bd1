# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about dead letters, of both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from leadline.v1.dead_letter_pb2 import DeadLetter
from leadline.v1.dead_letter_service_pb2 import GetDeadLetterRequest, ListDeadLettersRequest
from leadline.v1.dead_letter_service_pb2_grpc import DeadLetterServiceStub
from leadline.v1.event_pb2 import Event

from leadline_sdk import workflow_requests as requests
from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection


class DeadLetterCalls(Caller):
    """What `Client` does with dead letters; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._dead_letters = DeadLetterServiceStub(self._channel)

    def get_dead_letter(self, name: str, *, timeout: float | None = None) -> DeadLetter:
        """Give something that came in and could not be used, with the reason.

        Raises:
            NotFound: there is no such dead letter.
        """
        return self._call(self._dead_letters.GetDeadLetter, GetDeadLetterRequest(name=name), timeout)

    def list_dead_letters(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[DeadLetter]:
        """Go through the dead letters, the newest first."""
        request = ListDeadLettersRequest(page_size=page_size)
        for page in self._pages(self._dead_letters.ListDeadLetters, request, timeout):
            yield from page.dead_letters

    def replay_dead_letter(
        self,
        name: str,
        event: Event | None = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Try a dead letter once more; where that succeeds, it is gone.

        Args:
            name: `deadLetters/{dead_letter}`.
            event: the event as it should have been; None to try what is kept.
            idempotency_key: see the class.
            timeout: see the class.

        Returns:
            Whether an event of this id was recorded meanwhile, so that nothing was left to do.

        Raises:
            NotFound: there is no such dead letter, or no such lead.
            InvalidRequest: the event breaks a rule.
        """
        request = requests.replay_dead_letter(name, event, idempotency_key)
        return self._call(self._dead_letters.ReplayDeadLetter, request, timeout).duplicate

    def delete_dead_letter(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a dead letter.

        Raises:
            NotFound: there is no such dead letter.
        """
        self._call(self._dead_letters.DeleteDeadLetter, requests.delete_dead_letter(name, idempotency_key), timeout)


class AsyncDeadLetterCalls(AsyncCaller):
    """What `AsyncClient` does with dead letters: the methods of `DeadLetterCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._dead_letters = DeadLetterServiceStub(self._channel)

    async def get_dead_letter(self, name: str, *, timeout: float | None = None) -> DeadLetter:
        """Give a dead letter; see `Client.get_dead_letter`."""
        return await self._call(self._dead_letters.GetDeadLetter, GetDeadLetterRequest(name=name), timeout)

    async def list_dead_letters(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncIterator[DeadLetter]:
        """Go through the dead letters, the newest first."""
        request = ListDeadLettersRequest(page_size=page_size)
        async for page in self._pages(self._dead_letters.ListDeadLetters, request, timeout):
            for dead_letter in page.dead_letters:
                yield dead_letter

    async def replay_dead_letter(
        self,
        name: str,
        event: Event | None = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Try a dead letter once more; see `Client.replay_dead_letter`."""
        request = requests.replay_dead_letter(name, event, idempotency_key)
        return (await self._call(self._dead_letters.ReplayDeadLetter, request, timeout)).duplicate

    async def delete_dead_letter(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a dead letter; see `Client.delete_dead_letter`."""
        request = requests.delete_dead_letter(name, idempotency_key)
        await self._call(self._dead_letters.DeleteDeadLetter, request, timeout)
