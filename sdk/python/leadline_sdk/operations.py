"""Handles of long-running operations: what they tell, and waiting for their result."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from google.longrunning import operations_pb2
from leadline.v1.encryption_key_service_pb2 import RotateTenantKeyResponse
from leadline.v1.model_pb2 import Model
from leadline.v1.operation_pb2 import OperationMetadata
from leadline.v1.scoring_service_pb2 import RescoreLeadsResponse

from leadline_sdk.errors import DeadlineExceeded, FailedPrecondition, LeadlineError, error_from_status
from leadline_sdk.resuming import Resumption

ProgressCallback = Callable[[OperationMetadata], None]
"""Called with where the operation stands: its stage in words, and its progress in percent."""

LONGEST_OPERATION = 3_600.0
REPORT_SECONDS = 1.0
MOST_FAILURES = 8


Result = TypeVar("Result")
"""What an operation gives: `Model` for a training, the response of its rpc for a rescoring or the rotation of a key."""

_RESULTS: tuple[type[Any], ...] = (Model, RescoreLeadsResponse, RotateTenantKeyResponse)


class OperationState(Generic[Result]):
    """What a handle knows of its operation: as it was when it was last asked for."""

    def __init__(self, message: operations_pb2.Operation) -> None:
        self._message = message

    @property
    def name(self) -> str:
        """The resource name, `operations/{operation}`: with it another process can get a handle of its own."""
        name: str = self._message.name
        return name

    @property
    def done(self) -> bool:
        """Whether the operation is over, with a result or with an error."""
        done: bool = self._message.done
        return done

    @property
    def metadata(self) -> OperationMetadata:
        """Where the operation stands."""
        metadata = OperationMetadata()
        self._message.metadata.Unpack(metadata)
        return metadata

    @property
    def error(self) -> LeadlineError | None:
        """Why the operation failed; None if it did not."""
        return error_from_status(self._message.error) if self._message.HasField("error") else None

    def result(self) -> Result:
        """Give what the operation made: the model that was trained, or how many leads were scored.

        Raises:
            LeadlineError: the operation failed: FailedPrecondition where there is nothing to learn (reasons
                NOT_ENOUGH_OUTCOMES, NO_USABLE_FIELD), Cancelled where somebody cancelled it; FailedPrecondition also
                where it is not done.
        """
        error = self.error
        if error is not None:
            raise error
        if not self.done:
            raise FailedPrecondition(f"{self.name} is not done yet")
        response = self._message.response
        for kind in _RESULTS:
            if response.Is(kind.DESCRIPTOR):
                result: Result = kind.FromString(response.value)
                return result
        raise FailedPrecondition(f"{self.name} gives {response.type_url}, which this version does not know")

    def _seconds_to_wait(self, deadline: float) -> float:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise DeadlineExceeded(f"{self.name} is not done yet: {self.metadata.stage}")
        return min(remaining, REPORT_SECONDS)


class Operation(OperationState[Result]):
    """A handle of a long-running operation, from `Client.train_model`, `rescore_leads` or `get_operation`."""

    def __init__(
        self,
        message: operations_pb2.Operation,
        *,
        wait: Callable[[str, float], operations_pb2.Operation],
        cancel: Callable[[str], operations_pb2.Operation],
    ) -> None:
        super().__init__(message)
        self._wait = wait
        self._cancel = cancel

    def wait(self, timeout: float = LONGEST_OPERATION, progress: ProgressCallback | None = None) -> Result:
        """Wait until the operation is done and give its result.

        Goes on over lost connections. Waiting is only looking: the operation goes on if the wait ends early.

        Args:
            timeout: the most seconds to wait.
            progress: called about once a second.

        Raises:
            DeadlineExceeded: the operation is not done in time.
            LeadlineError: as `result` raises.
        """
        deadline = time.monotonic() + timeout
        resumption = Resumption(MOST_FAILURES)
        while not self.done:
            try:
                self._message = self._wait(self.name, self._seconds_to_wait(deadline))
            except LeadlineError as error:
                time.sleep(resumption.wait_after(error))
                continue
            resumption.progressed()
            if progress is not None:
                progress(self.metadata)
        return self.result()

    def cancel(self) -> None:
        """Ask for the operation to end; it does soon after, and `wait` then raises Cancelled.

        Raises:
            FailedPrecondition: it is over already.
        """
        self._message = self._cancel(self.name)


class AsyncOperation(OperationState[Result]):
    """A handle of a long-running operation, from `AsyncClient.train_model`, `rescore_leads` or `get_operation`."""

    def __init__(
        self,
        message: operations_pb2.Operation,
        *,
        wait: Callable[[str, float], Awaitable[operations_pb2.Operation]],
        cancel: Callable[[str], Awaitable[operations_pb2.Operation]],
    ) -> None:
        super().__init__(message)
        self._wait = wait
        self._cancel = cancel

    async def wait(self, timeout: float = LONGEST_OPERATION, progress: ProgressCallback | None = None) -> Result:  # noqa: ASYNC109 -- the same as of `Operation`
        """Wait until the operation is done and give its result; see `Operation.wait`."""
        deadline = time.monotonic() + timeout
        resumption = Resumption(MOST_FAILURES)
        while not self.done:
            try:
                self._message = await self._wait(self.name, self._seconds_to_wait(deadline))
            except LeadlineError as error:
                await asyncio.sleep(resumption.wait_after(error))
                continue
            resumption.progressed()
            if progress is not None:
                progress(self.metadata)
        return self.result()

    async def cancel(self) -> None:
        """Ask for the operation to end; see `Operation.cancel`."""
        self._message = await self._cancel(self.name)
