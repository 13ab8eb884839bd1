"""The settings of the server and its worker beside those that all processes share."""

from pathlib import Path

from pydantic import Field, HttpUrl, SecretStr

from server.runtime.settings import ProcessSettings


class DataSettings(ProcessSettings):
    """What each process must be told that reads or writes what is kept encrypted."""

    key_service: str = Field(
        pattern=r"^(file|vault|aws|gcp):.+$",
        description="The service whose key wraps the tenants' keys: file:PATH, vault: and the address of a key in "
        "Vault's transit engine, aws: and the ARN of a key in AWS KMS, or gcp: and the name of a key in Cloud KMS.",
    )
    key_service_token_file: Path | None = Field(
        default=None, description="A file with the token that Vault is asked with."
    )
    key_cache_seconds: float = Field(
        default=300.0,
        gt=0.0,
        le=3600.0,
        description="How long a tenant's unwrapped key is held in memory; the same in all processes.",
    )


class ServerSettings(DataSettings):
    """What the server, and the token endpoint beside it, must be told."""

    http_listen_address: str = Field(
        default="127.0.0.1:50053",
        pattern=r"^\S+:\d{1,5}$",
        description="Where the token endpoint listens for HTTP: host:port.",
    )
    access_token_seconds: int = Field(default=600, ge=60, le=1800, description="How long an access token is good.")
    tracking_events_per_minute: int = Field(
        default=6_000, ge=1, description="How many events the pages of one website may send in a minute."
    )
    signing_key_days: int = Field(
        default=30, ge=1, le=365, description="How long a key signs tokens before another takes its place."
    )
    dashboard_url: HttpUrl = Field(
        default=HttpUrl("http://localhost:3000"), description="The address of the dashboard, for links in messages."
    )
    breached_passwords_file: Path | None = Field(
        default=None,
        description="SHA-1 digests of passwords from breaches, sorted, as Have I Been Pwned gives them; absent knows "
        "the 30,000 commonest.",
    )
    allow_private_issuers: bool = Field(
        default=False,
        description="Whether OpenID Connect issuers may have private addresses and plain HTTP: for development.",
    )
    mailbox_folder: Path | None = Field(
        default=None, description="A folder to write messages to instead of sending them, for development."
    )
    smtp_host: str = Field(default="127.0.0.1", description="The SMTP server that takes messages.")
    smtp_port: int = Field(default=587, ge=1, le=65_535, description="Its port.")
    smtp_username: str = Field(default="", description="The name to log in with; empty without log-in.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="The password to log in with.")
    smtp_start_tls: bool = Field(default=True, description="Whether the connection must be encrypted by STARTTLS.")
    mail_sender: str = Field(default="Leadline <no-reply@localhost>", description="Who messages are from.")
