"""The settings that all processes share, read from environment variables that begin with `LEADLINE_`."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class ProcessSettings(BaseSettings):
    """What a process must be told. A process with settings of its own extends this class.

    The variable of a field is its name in capitals after `LEADLINE_`.
    """

    model_config = SettingsConfigDict(env_prefix="LEADLINE_", extra="ignore", frozen=True)

    listen_address: str = Field(
        default="127.0.0.1:50051",
        pattern=r"^(unix:.+|\S+:\d{1,5})$",
        description="Where the gRPC server listens: host:port, or unix:path.",
    )
    database_url: str = Field(
        default="postgresql://leadline_app@127.0.0.1:55432/leadline",
        description="PostgreSQL as the role leadline_app, which row-level security binds.",
    )
    relay_database_url: str = Field(
        default="postgresql://leadline_relay@127.0.0.1:55432/leadline",
        description="PostgreSQL as the role leadline_relay, which reads and deletes outbox rows and nothing else.",
    )
    redis_url: str = Field(default="redis://127.0.0.1:56379/0", description="Redis or Valkey.")
    model_server_address: str = Field(
        default="127.0.0.1:58500", description="The gRPC address of TensorFlow Serving, host:port."
    )
    model_repository: Path = Field(
        default=Path("models"), description="The folder from which the model server reads its models."
    )
    jwks_file: Path | None = Field(
        default=None,
        description="A file of public keys (JWKS) by which tokens are verified, beside those in the database.",
    )
    token_issuer: str = Field(default="https://leadline.dev", description="The `iss` that a token must have.")
    token_audience: str = Field(default="leadline-api", description="The `aud` that a token must have.")
    signing_secret: SecretStr = Field(
        min_length=16,
        description="The secret that signs page, resume and refresh tokens, and seals what the database keeps secret; "
        "at least 16 characters, the same in all processes.",
    )
    tls_certificate_file: Path | None = Field(
        default=None,
        description="The certificate chain, PEM, by which the process takes TLS connections alone; absent, plain ones.",
    )
    tls_private_key_file: Path | None = Field(default=None, description="The certificate's key, PEM.")
    tls_client_authority_file: Path | None = Field(
        default=None,
        description="The authority, PEM, that must have signed a client's certificate. Let it sign for the edge and "
        "the WebSocket bridge alone: then nobody else gets in. Needs the certificate.",
    )
    allowed_origins: Annotated[list[str], NoDecode, BeforeValidator(_split)] = Field(
        default=["http://localhost:3000"],
        description="Web origins, separated by commas, whose pages may call for every tenant: those of the dashboards. "
        "A tenant's own origins are the tenant's to say.",
    )
    shutdown_delay_seconds: float = Field(
        default=5.0,
        ge=0.0,
        le=60.0,
        description="How long the process takes calls after it was told to stop, while its health already sends them "
        "elsewhere: longer than the edge takes to notice. 0 where nobody else could take them.",
    )
    webhook_allow_loopback: bool = Field(
        default=False,
        description="Whether webhooks may go to this machine, and over plain http there. For development alone.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe level that is logged."
    )
    reflection: bool = Field(
        default=False, description="Whether clients may ask for the contract by gRPC server reflection."
    )

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if (self.tls_certificate_file is None) != (self.tls_private_key_file is None):
            raise ValueError("TLS needs both tls_certificate_file and tls_private_key_file")
        if self.tls_client_authority_file is not None and self.tls_certificate_file is None:
            raise ValueError("clients can't show a certificate without TLS: tls_client_authority_file needs the others")
        return self

    @classmethod
    def load(cls) -> Self:
        """Reads the environment.

        Raises:
            SystemExit: A variable is missing or can't be read; the message names each such variable.
        """
        try:
            return cls()
        except ValidationError as error:
            wrong = [
                f"{cls._variable(problem['loc'])}: {problem['msg']}" if problem["loc"] else problem["msg"]
                for problem in error.errors()
            ]
            raise SystemExit("These settings are missing or wrong:\n  " + "\n  ".join(wrong)) from error

    @classmethod
    def _variable(cls, location: tuple[int | str, ...]) -> str:
        return f"{cls.model_config.get('env_prefix', '')}{location[0]}".upper()
