"""What can be configured of the WebSocket bridge."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class BridgeSettings(BaseSettings):
    """The bridge's settings, from environment variables with the prefix `LEADLINE_`."""

    model_config = SettingsConfigDict(env_prefix="LEADLINE_", extra="ignore", frozen=True)

    listen_address: str = Field(
        default="127.0.0.1:50070", pattern=r"^\S+:\d{1,5}$", description="Where the bridge listens: host:port."
    )
    server_target: str = Field(
        default="127.0.0.1:50051",
        description="The server as a gRPC target: host:port, dns:///name:port, or ipv4:host:port,host:port if several.",
    )
    scorer_target: str = Field(default="127.0.0.1:50052", description="The scorer, likewise.")
    tls_certificate_file: Path | None = Field(
        default=None, description="The certificate chain, PEM, by which the bridge takes TLS connections alone."
    )
    tls_private_key_file: Path | None = Field(default=None, description="The certificate's key, PEM.")
    tls_client_authority_file: Path | None = Field(
        default=None, description="The authority, PEM, that must have signed the edge's certificate."
    )
    backend_authority_file: Path | None = Field(
        default=None,
        description="The authority, PEM, that signs the backends' certificates; absent, plain connections.",
    )
    backend_certificate_file: Path | None = Field(
        default=None, description="The certificate chain, PEM, that the bridge shows the backends."
    )
    backend_private_key_file: Path | None = Field(default=None, description="The certificate's key, PEM.")
