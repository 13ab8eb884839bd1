"""What can be configured of the edge."""

from pathlib import Path
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LARGEST_PORT = 65_535


class Address(NamedTuple):
    """Where a process listens: a host name or IP address, and a TCP port."""

    host: str
    port: int


def parse_address(text: str) -> Address:
    """Reads `host:port`.

    Args:
        text: For example `127.0.0.1:8080`, `server:50051` or `[::1]:8080`.

    Returns:
        The host, without brackets, and the port.

    Raises:
        ValueError: It is not an address.
    """
    host, separator, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not separator or not host or not port.isdecimal() or not 0 < int(port) <= LARGEST_PORT:
        raise ValueError(f"{text!r} is not an address: write host:port")
    return Address(host, int(port))


def _split(value: object) -> object:
    return [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _check(text: str) -> str:
    parse_address(text)
    return text.strip()


AddressText = Annotated[str, AfterValidator(_check)]
TextList = Annotated[list[str], NoDecode, BeforeValidator(_split)]
AddressList = Annotated[list[AddressText], NoDecode, BeforeValidator(_split), Field(min_length=1)]
Rate = Annotated[int, Field(ge=1, le=100_000_000)]


class EdgeSettings(BaseSettings):
    """The edge's settings, from environment variables with the prefix `LEADLINE_`.

    Lists are separated by commas. Addresses are `host:port`.

    Attributes:
        listen_address: Where clients connect without TLS.
        tls_listen_address: Where clients connect with TLS 1.3, once there is a certificate.
        tls_certificate_file: PEM file with the certificate chain; absent means no TLS listener.
        tls_private_key_file: PEM file with the certificate's key.
        hsts_seconds: For how long browsers shall come back with TLS alone, told by the TLS listener; 0 tells nothing.
        trusted_hops: How many proxies of yours stand before the edge; the client's address is the one that the first of
            them has added to `x-forwarded-for`. 0 takes the connection's.
        admin_address: Envoy's own administration page; never reachable from outside.
        server_addresses: Server processes, one address each; Envoy balances the load among them.
        scorer_addresses: Scorer processes, likewise.
        websocket_addresses: WebSocket bridges, likewise.
        token_endpoint_addresses: Processes that give tokens to OAuth clients and publish keys, over HTTP, likewise.
        backend_authority_file: PEM file with the authority that signs the backends' certificates; absent means plain
            connections to them. A backend's certificate must name the host in its address.
        backend_certificate_file: PEM file with the certificate chain that the edge shows the backends.
        backend_private_key_file: PEM file with the certificate's key.
        jwks_file: File with the public keys that tokens are signed with. Read once, when Envoy starts.
        jwks_uri: Instead of the file: where Envoy fetches the public keys, again every five minutes.
        token_issuer: What a token's `iss` must be.
        token_audience: What a token's `aud` must contain.
        allowed_origins: Web origins whose pages may call for every tenant, log-in included: those of the dashboards.
            The processes behind need the same setting. Tenants allow origins of their own beside them.
        free_requests_per_second: What each tenant of the free plan may send; twice as much in a burst.
        pro_requests_per_second: Likewise for the pro plan.
        enterprise_requests_per_second: Likewise for the enterprise plan.
        rate_limit_addresses: Rate-limit services (envoyproxy/ratelimit), by which the limits hold for all edges
            together; empty means that each edge counts by itself.
        anonymous_requests_per_second: What all callers without a token may send together (health, preflights).
        public_requests_per_second: What each address may send to paths that need no token, such as log-in; twice as
            much in a burst.
        unary_timeout_seconds: When a unary rpc is given up, unless its caller sends a `grpc-timeout`.
        stream_idle_seconds: When a stream on which nothing moves in either direction is ended.
        drain_seconds: How long requests may go on after the edge was told to stop; for `python -m gateway.envoy`.
        most_connections: How many clients may be connected at a time; further ones are turned away.
        largest_heap_bytes: What Envoy may allocate; before it gets there, it ends and refuses requests.
        access_log_file: Where each request is logged; absent means standard output.
        dashboard_folder: The built dashboard, served under `/app/`; absent means that it is served elsewhere.
        documentation_folder: What `make documentation` has written, served as `/docs` and `/openapi.json`; absent means
            that neither is served.
    """

    model_config = SettingsConfigDict(env_prefix="LEADLINE_", extra="forbid")

    listen_address: AddressText = "127.0.0.1:8080"
    tls_listen_address: AddressText = "127.0.0.1:8443"
    tls_certificate_file: Path | None = None
    tls_private_key_file: Path | None = None
    hsts_seconds: Annotated[int, Field(ge=0)] = 31_536_000
    trusted_hops: Annotated[int, Field(ge=0, le=10)] = 0
    admin_address: AddressText = "127.0.0.1:9901"
    server_addresses: AddressList = ["127.0.0.1:50051"]
    scorer_addresses: AddressList = ["127.0.0.1:50052"]
    websocket_addresses: AddressList = ["127.0.0.1:50070"]
    token_endpoint_addresses: AddressList = ["127.0.0.1:50053"]
    backend_authority_file: Path | None = None
    backend_certificate_file: Path | None = None
    backend_private_key_file: Path | None = None
    jwks_file: Path | None = None
    jwks_uri: HttpUrl | None = None
    token_issuer: str = "https://leadline.dev"  # noqa: S105 - a name, no token
    token_audience: str = "leadline-api"  # noqa: S105 - a name, no token
    allowed_origins: TextList = ["http://localhost:3000"]
    free_requests_per_second: Rate = 100
    pro_requests_per_second: Rate = 5_000
    enterprise_requests_per_second: Rate = 1_000_000
    rate_limit_addresses: Annotated[list[AddressText], NoDecode, BeforeValidator(_split)] = []
    anonymous_requests_per_second: Rate = 1_000
    public_requests_per_second: Rate = 20
    unary_timeout_seconds: Annotated[float, Field(gt=0, le=3_600)] = 15.0
    stream_idle_seconds: Annotated[int, Field(ge=1, le=86_400)] = 3_600
    drain_seconds: Annotated[float, Field(gt=0, le=3_600)] = 20.0
    most_connections: Annotated[int, Field(ge=1)] = 20_000
    largest_heap_bytes: Annotated[int, Field(ge=1)] = 2 * 1024**3
    access_log_file: Path | None = None
    dashboard_folder: Path | None = None
    documentation_folder: Path | None = None

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if (self.jwks_file is None) == (self.jwks_uri is None):
            raise ValueError("the public keys of tokens come from one place: set either jwks_file or jwks_uri")
        if (self.tls_certificate_file is None) != (self.tls_private_key_file is None):
            raise ValueError("TLS needs both tls_certificate_file and tls_private_key_file")
        towards_backends = (
            self.backend_authority_file,
            self.backend_certificate_file,
            self.backend_private_key_file,
        )
        if len({file is None for file in towards_backends}) > 1:
            raise ValueError(
                "TLS to backends needs backend_authority_file, ..._certificate_file and ..._private_key_file"
            )
        return self
