"""How a connection is made: its options, its retries, its security and who it says it is."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from leadline.v1 import (
    audit_service_pb2,
    authentication_service_pb2,
    crm_queue_service_pb2,
    dead_letter_service_pb2,
    encryption_key_service_pb2,
    experiment_service_pb2,
    identity_service_pb2,
    integration_service_pb2,
    lead_history_service_pb2,
    lead_service_pb2,
    monitoring_service_pb2,
    notification_service_pb2,
    operation_service_pb2,
    rule_service_pb2,
    scoring_service_pb2,
    workflow_service_pb2,
)

from leadline_sdk.errors import Unauthenticated
from leadline_sdk.version import __version__

TokenSource = str | Callable[[], str]
"""A bearer token, or a function that gives the one to use now. It is asked before each call, so it should keep what it
fetched until it expires; an asynchronous client asks it on the event loop, so there it must not block."""

ClientInterceptor = (
    grpc.UnaryUnaryClientInterceptor
    | grpc.UnaryStreamClientInterceptor
    | grpc.StreamUnaryClientInterceptor
    | grpc.StreamStreamClientInterceptor
)
"""What sees the calls of a synchronous client."""

Metadata = tuple[tuple[str, str], ...]
"""The metadata of a call, as gRPC takes it."""

SERVICES: tuple[ServiceDescriptor, ...] = tuple(
    file.DESCRIPTOR.services_by_name[name]
    for file, name in (
        (lead_service_pb2, "LeadService"),
        (scoring_service_pb2, "ScoringService"),
        (integration_service_pb2, "IntegrationService"),
        (lead_history_service_pb2, "LeadHistoryService"),
        (operation_service_pb2, "OperationService"),
        (rule_service_pb2, "RuleService"),
        (experiment_service_pb2, "ExperimentService"),
        (monitoring_service_pb2, "MonitoringService"),
        (workflow_service_pb2, "WorkflowService"),
        (notification_service_pb2, "NotificationService"),
        (crm_queue_service_pb2, "CrmQueueService"),
        (dead_letter_service_pb2, "DeadLetterService"),
        (audit_service_pb2, "AuditService"),
        (encryption_key_service_pb2, "EncryptionKeyService"),
        (authentication_service_pb2, "AuthenticationService"),
        (identity_service_pb2, "IdentityService"),
    )
)
IMPORT_METHOD = "/leadline.v1.LeadService/ImportLeads"
EXCHANGE_METHOD = "leadline.v1.AuthenticationService.ExchangeApiKey"
LARGEST_MESSAGE = 16 * 1024 * 1024


def is_repeatable(method: MethodDescriptor) -> bool:
    """Tell whether gRPC may send a call again by itself.

    It may where the contract says that the call has no side effects, where its one request carries an idempotency key,
    and where it exchanges an API key: a second access token harms nobody. Streams are not among them: gRPC never
    repeats a stream that has begun, so the clients resume those.
    """
    if method.client_streaming or method.server_streaming:
        return False
    options: MethodOptions = method.GetOptions()
    return (
        options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS
        or method.full_name == EXCHANGE_METHOD
        or "idempotency_key" in method.input_type.fields_by_name
    )


def service_config(methods: Iterable[MethodDescriptor]) -> dict[str, Any]:
    """Give the retries of the repeatable methods among these, in the form that gRPC reads.

    Backoff has jitter; a server's `grpc-retry-pushback-ms` goes before it. The throttle stops retries while more than
    about one call in ten fails, so that a client never adds to an overload.
    """
    names = [
        {"service": method.containing_service.full_name, "method": method.name}
        for method in methods
        if is_repeatable(method)
    ]
    return {
        "methodConfig": [
            {
                "name": names,
                "retryPolicy": {
                    "maxAttempts": 5,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "2s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
                },
            },
        ],
        "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.1},
    }


def bearer(token: str) -> Metadata:
    """Give the metadata that carries a token.

    Raises:
        Unauthenticated: the token has characters that metadata can't carry, such as the line break at a file's end;
            gRPC would fail in ways of its own.
    """
    if not (token.isascii() and token.isprintable()):
        raise Unauthenticated(
            "the token has characters that can't be sent, such as a line break", code=grpc.StatusCode.UNAUTHENTICATED
        )
    return (("authorization", f"Bearer {token}"),)


@dataclass(frozen=True, slots=True)
class Connection:
    """What both clients need to know to connect.

    Attributes:
        address: `host:port` of Leadline's edge.
        token: the bearer token or where it comes from; empty where there is none.
        tls: False for plain text: on a machine of one's own, or inside a network that encrypts by itself.
        root_certificates: PEM of the authorities to trust; None for the usual ones.
        timeout: seconds that a call may take, its retries included, where the call does not say otherwise.
        user_agent: the name and version of the program that uses the SDK, sent before the SDK's own.
        api_key: the API key to get access tokens for, in place of a token; empty where there is none.
        interceptors: interceptors of gRPC that see each call, the outermost first.
    """

    address: str
    token: TokenSource = field(repr=False)
    tls: bool
    root_certificates: bytes | None
    timeout: float
    user_agent: str
    api_key: str = field(default="", repr=False)
    interceptors: Sequence[Any] = ()

    def __post_init__(self) -> None:
        """Refuse a token and an API key together.

        Raises:
            ValueError: both are given.
        """
        if self.token and self.api_key:
            message = "give a token or an API key, not both"
            raise ValueError(message)

    def options(self) -> list[tuple[str, Any]]:
        """Give the options of the channel."""
        methods = [method for service in SERVICES for method in service.methods]
        return [
            ("grpc.service_config", json.dumps(service_config(methods))),
            ("grpc.enable_retries", 1),
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.primary_user_agent", f"{self.user_agent} leadline-python/{__version__}".strip()),
        ]

    def credentials(self) -> grpc.ChannelCredentials | None:
        """Give the transport security, or None for plain text."""
        return grpc.ssl_channel_credentials(self.root_certificates) if self.tls else None

    def metadata(self) -> Metadata:
        """Give the metadata of a call: the token as it is now; none without a token."""
        token = self.token if isinstance(self.token, str) else self.token()
        return bearer(token) if token else ()
