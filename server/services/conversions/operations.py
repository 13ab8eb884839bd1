"""Operations as messages of `google.longrunning`."""

from google.longrunning import operations_pb2
from google.protobuf import json_format
from google.rpc import error_details_pb2

# A result is a packed message of the contract: its type must be known here to be read.
from leadline.v1 import encryption_key_service_pb2, model_pb2, operation_pb2, scoring_service_pb2

from server.interceptors.errors import ERROR_DOMAIN
from server.operations.operation import Operation, OperationFailure
from server.runtime.identifiers import format_name
from server.services.conversions.times import time_to_proto

RESULT_TYPES = (
    model_pb2.Model,
    scoring_service_pb2.RescoreLeadsResponse,
    encryption_key_service_pb2.RotateTenantKeyResponse,
)


def operation_to_proto(operation: Operation) -> operations_pb2.Operation:
    """Gives an operation as the contract has it.

    Raises:
        google.protobuf.json_format.ParseError: Its result is of no type of the contract.
    """
    message = operations_pb2.Operation(name=format_name("operations", operation.operation_id), done=operation.done)
    message.metadata.Pack(
        operation_pb2.OperationMetadata(
            method=operation.method,
            stage=operation.stage,
            progress_percent=operation.progress_percent,
            create_time=time_to_proto(operation.create_time),
            update_time=time_to_proto(operation.update_time),
            cancel_requested=operation.cancel_requested,
        )
    )
    if operation.failure is not None:
        _set_failure(message, operation.failure)
    elif operation.result is not None:
        json_format.ParseDict(dict(operation.result), message.response)
    return message


def _set_failure(message: operations_pb2.Operation, failure: OperationFailure) -> None:
    message.error.code = failure.code
    message.error.message = failure.message
    message.error.details.add().Pack(
        error_details_pb2.ErrorInfo(reason=failure.reason, domain=ERROR_DOMAIN, metadata=failure.metadata)
    )
