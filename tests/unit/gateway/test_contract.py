"""The contract as the edge sees it."""

from google.protobuf.descriptor_pool import DescriptorPool

from gateway.contract import contract_services, descriptor_set, grpc_path, is_stream, rest_path


def test_descriptor_set_is_whole_and_in_order() -> None:
    pool = DescriptorPool()
    for file in descriptor_set().file:
        pool.Add(file)
    for name in ("google.rpc.ErrorInfo", "google.rpc.BadRequest", "leadline.v1.OperationMetadata", "leadline.v1.Model"):
        assert pool.FindMessageTypeByName(name).full_name == name
    for service in contract_services():
        assert pool.FindServiceByName(service.full_name).full_name == service.full_name


def test_services_and_their_streams() -> None:
    methods = [method for service in contract_services() for method in service.methods]
    assert {grpc_path(method) for method in methods if is_stream(method)} == {
        "/leadline.v1.AuditService/ExportAuditRecords",
        "/leadline.v1.IntegrationService/PublishEvents",
        "/leadline.v1.IntegrationService/StreamEvents",
        "/leadline.v1.LeadService/ImportLeads",
        "/leadline.v1.NotificationService/WatchNotifications",
        "/leadline.v1.ScoringService/WatchScores",
    }


def test_every_rpc_has_a_rest_path() -> None:
    paths = {grpc_path(method): rest_path(method) for service in contract_services() for method in service.methods}
    assert all(path.startswith("/v1/") for path in paths.values())
    assert paths["/leadline.v1.LeadService/ImportLeads"] == "/v1/leads:import"
    assert paths["/leadline.v1.ScoringService/ScoreLead"] == "/v1/{name=leads/*}:score"
