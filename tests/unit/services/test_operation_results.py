"""The results of long-running operations, as far as the server must know them to show them."""

from google.longrunning import operations_pb2
from leadline.v1 import encryption_key_service_pb2, scoring_service_pb2

from server.services.conversions.operations import RESULT_TYPES


def test_the_result_of_every_operation_of_the_contract_is_known() -> None:
    promised = {
        method.GetOptions().Extensions[operations_pb2.operation_info].response_type
        for file in (scoring_service_pb2.DESCRIPTOR, encryption_key_service_pb2.DESCRIPTOR)
        for service in file.services_by_name.values()
        for method in service.methods
        if method.output_type.full_name == "google.longrunning.Operation"
    }
    assert {result.DESCRIPTOR.name for result in RESULT_TYPES} == promised
