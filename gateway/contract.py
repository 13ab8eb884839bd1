"""The contract as the edge sees it: every file, service and method of `leadline.v1`, read from the generated code."""

import importlib
import pkgutil
from collections.abc import Iterator

import leadline.v1
from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.rpc import error_details_pb2
from leadline.v1 import deprecation_pb2

SCORER_SERVICES = frozenset(
    {
        "leadline.v1.ScoringService",
        "leadline.v1.RuleService",
        "leadline.v1.ExperimentService",
        "leadline.v1.MonitoringService",
    }
)
"""Full names of the services that the scorer answers; the server answers all others."""

LOG_IN_SERVICE = "leadline.v1.AuthenticationService"
"""Full name of the service by which people log in."""

API_VERSION = leadline.v1.__name__.removeprefix("leadline.")
"""The version of the API, as paths name it."""

LARGEST_MESSAGE_BYTES = 16 * 1024 * 1024
"""What a request may have at most; the servers accept as much, so that they can say which field is too long."""


def contract_files() -> list[FileDescriptor]:
    """Loads every file of the contract.

    Returns:
        The files of `leadline.v1`, in the order of their names. Their messages are then in the default descriptor pool.
    """
    modules = (
        importlib.import_module(f"leadline.v1.{module.name}")
        for module in pkgutil.iter_modules(leadline.v1.__path__)
        if module.name.endswith("_pb2")
    )
    return sorted((module.DESCRIPTOR for module in modules), key=lambda file: file.name)


def contract_services() -> list[ServiceDescriptor]:
    """Finds every service of the contract.

    Returns:
        The services, in the order of their files and then of their place in the file.
    """
    return [service for file in contract_files() for service in file.services_by_name.values()]


def descriptor_set() -> FileDescriptorSet:
    """Describes the contract for a program that has no generated code.

    Error details are part of it though no file of the contract imports them: they travel inside `google.protobuf.Any`,
    and a transcoder that doesn't know them answers an empty body.

    Returns:
        All files of the contract with all that they import, each after the files it depends on.
    """
    described: dict[str, FileDescriptorProto] = {}
    for file in [*contract_files(), error_details_pb2.DESCRIPTOR]:
        for needed in _with_dependencies(file):
            if needed.name not in described:
                described[needed.name] = FileDescriptorProto()
                needed.CopyToProto(described[needed.name])
    return FileDescriptorSet(file=described.values())


def is_stream(method: MethodDescriptor) -> bool:
    """Tells whether an rpc streams in either direction, and so may last as long as its caller likes."""
    return bool(method.client_streaming or method.server_streaming)


def grpc_path(method: MethodDescriptor) -> str:
    """Gives the HTTP/2 path of an rpc, such as `/leadline.v1.LeadService/GetLead`."""
    return f"/{method.containing_service.full_name}/{method.name}"


def rest_path(method: MethodDescriptor) -> str:
    """Gives the path template of an rpc over REST, such as `/v1/{name=leads/*}`; empty if it has none."""
    rule: http_pb2.HttpRule = method.GetOptions().Extensions[annotations_pb2.http]
    pattern = rule.WhichOneof("pattern")
    return str(getattr(rule, pattern)) if pattern else ""


def rest_verb(method: MethodDescriptor) -> str:
    """Gives the HTTP method of an rpc over REST, such as `GET`; empty if it has none."""
    rule: http_pb2.HttpRule = method.GetOptions().Extensions[annotations_pb2.http]
    return (rule.WhichOneof("pattern") or "").upper()


def deprecation(method: MethodDescriptor) -> deprecation_pb2.Deprecation | None:
    """Gives what the contract says of an rpc's end; None if the rpc is not deprecated."""
    options = method.GetOptions()
    if not options.HasExtension(deprecation_pb2.deprecation):
        return None
    said: deprecation_pb2.Deprecation = options.Extensions[deprecation_pb2.deprecation]
    return said


def _with_dependencies(file: FileDescriptor) -> Iterator[FileDescriptor]:
    for dependency in file.dependencies:
        yield from _with_dependencies(dependency)
    yield file
