"""Operations as messages."""

from google.longrunning import operations_pb2
from leadline.v1 import operation_pb2

from scoring.conversions.scores import to_timestamp
from server.runtime.identifiers import format_name
from server.runtime.operations import RunningOperation


def to_operation(operation: RunningOperation) -> operations_pb2.Operation:
    """Gives an operation that is not over as a message."""
    message = operations_pb2.Operation(name=format_name("operations", operation.operation_id))
    message.metadata.Pack(
        operation_pb2.OperationMetadata(
            method=operation.method,
            stage=operation.stage,
            progress_percent=operation.progress_percent,
            create_time=to_timestamp(operation.create_time),
            update_time=to_timestamp(operation.update_time),
            cancel_requested=operation.cancel_requested,
        )
    )
    return message
