"""Builds the parts of identity, for the server and for the token endpoint beside it."""

import contextlib
from datetime import UTC, datetime, timedelta

import grpc
from leadline.v1 import authentication_service_pb2_grpc, identity_service_pb2_grpc
from redis.asyncio import Redis

from server.identity.account_recovery import EmailVerification, PasswordChange
from server.identity.credentials import ExchangeCredential, KeepCredentials
from server.identity.identity_providers import KeepIdentityProviders, LogInByIdToken
from server.identity.joining import Invitations, SignUp
from server.identity.log_in import LogIn
from server.identity.mail import Mails
from server.identity.passwords import PasswordHashes, PasswordPolicy
from server.identity.ports import Mailer
from server.identity.roles import KeepRoles, Roles
from server.identity.second_factor import SecondFactor
from server.identity.sessions import KeepSessions, Sessions
from server.identity.signing_keys import AccessTokens, SigningKeys
from server.identity.users import KeepOrganization, KeepUsers
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable
from server.runtime.pages import Pages
from server.runtime.sealing import Sealer
from server.runtime.signed_tokens import TokenSigner
from server.server_settings import ServerSettings
from server.services.authentication_service import AuthenticationService, AuthenticationUseCases
from server.services.conversions.identity import SCOPES
from server.services.identity_service import IdentityService, IdentityUseCases
from server.store.identity.accounts import PostgresIdentityStore
from server.store.identity.issuers import HttpIdTokenVerifier
from server.store.identity.mailers import MailboxFolder, SmtpMailer
from server.store.identity.sessions import RedisOneTimeStore, RedisSessionStore, RedisThrottle
from server.store.identity.signing_keys import PostgresSigningKeyStore


def signing_keys(settings: ServerSettings, database: Database) -> SigningKeys:
    """Gives the keys that sign access tokens.

    Args:
        settings: Of the process.
        database: The database in the role of the application.
    """
    sealer = Sealer(settings.signing_secret.get_secret_value(), "signing keys")
    rotate_after = timedelta(days=settings.signing_key_days)
    return SigningKeys(PostgresSigningKeyStore(database), sealer, now, rotate_after)


async def publish_signing_key(settings: ServerSettings, database: Database) -> None:
    """Makes the first signing key if there is none yet, so that all who verify know it before the first token.

    While PostgreSQL is away, nothing happens: the first token makes the key then.
    """
    with contextlib.suppress(DependencyUnavailable):
        await signing_keys(settings, database).rotate()


class IdentityParts:
    """The parts that several use cases share.

    Args:
        settings: Of the process.
        database: The database in the role of the application.
        redis: Where sessions are kept.
    """

    def __init__(self, settings: ServerSettings, database: Database, redis: Redis) -> None:
        secret = settings.signing_secret.get_secret_value()
        self._redis = redis
        self.store = PostgresIdentityStore(database)
        self.session_store = RedisSessionStore(redis)
        self.one_time = RedisOneTimeStore(redis)
        self.tokens = AccessTokens(
            signing_keys(settings, database),
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            lifetime=timedelta(seconds=settings.access_token_seconds),
            now=now,
        )
        self.roles = Roles(SCOPES.values())
        self.pages = Pages(TokenSigner(secret, "identity.page"))
        self.policy = PasswordPolicy(settings.breached_passwords_file)
        self.hashes = PasswordHashes()
        self.sessions = Sessions(self.store, self.session_store, self.roles, self.tokens, secret=secret, now=now)
        self.keep_sessions = KeepSessions(self.session_store)
        self.mails = Mails(str(settings.dashboard_url).rstrip("/"))
        self.mailer: Mailer = _mailer(settings)
        self.code_throttle = self.throttle("second-factor", for_account=30)
        self.second_factor = SecondFactor(
            self.store, self.hashes, self.code_throttle, Sealer(secret, "second factor"), now
        )
        self.verification = EmailVerification(
            self.store, self.one_time, self.mails, self.mailer, throttle=self.mail_throttle(), now=now
        )
        self.invitations = Invitations(
            self.store,
            self.roles,
            self.policy,
            self.hashes,
            self.sessions,
            mails=self.mails,
            mailer=self.mailer,
            pages=self.pages,
            now=now,
        )
        self.exchange = ExchangeCredential(self.store, self.tokens, self.throttle("credential"), now)

    def throttle(self, purpose: str, *, for_account: int = 100) -> RedisThrottle:
        """Gives the throttle of a purpose."""
        return RedisThrottle(self._redis, purpose, for_account=for_account)

    def mail_throttle(self) -> RedisThrottle:
        """Gives the throttle of messages: few to one address, whoever asks."""
        return RedisThrottle(self._redis, "mail", for_account_from_address=5, for_account=10)


def add_identity_services(server: grpc.aio.Server, settings: ServerSettings, database: Database, redis: Redis) -> None:
    """Adds AuthenticationService and IdentityService to a server.

    Args:
        server: The server.
        settings: Of the process.
        database: The database in the role of the application.
        redis: Where sessions are kept.
    """
    parts = IdentityParts(settings, database, redis)
    authentication_service_pb2_grpc.add_AuthenticationServiceServicer_to_server(
        AuthenticationService(_authentication(parts, settings)), server
    )
    identity = IdentityUseCases(
        organization=KeepOrganization(parts.store),
        users=KeepUsers(parts.store, parts.roles, parts.keep_sessions, parts.session_store, pages=parts.pages, now=now),
        invitations=parts.invitations,
        roles=KeepRoles(parts.store, parts.roles, parts.session_store, parts.pages, now),
        credentials=KeepCredentials(parts.store, parts.session_store, parts.pages, now),
        providers=KeepIdentityProviders(parts.store, parts.roles, parts.pages, now),
        now=now,
    )
    identity_service_pb2_grpc.add_IdentityServiceServicer_to_server(IdentityService(identity), server)


def now() -> datetime:
    """Gives the time, UTC."""
    return datetime.now(UTC)


def _authentication(parts: IdentityParts, settings: ServerSettings) -> AuthenticationUseCases:
    password_throttle = parts.throttle("log-in")
    id_tokens = HttpIdTokenVerifier(allow_private=settings.allow_private_issuers)
    return AuthenticationUseCases(
        sign_up=SignUp(
            parts.store,
            parts.policy,
            parts.hashes,
            parts.sessions,
            parts.verification,
            throttle=parts.throttle("sign-up"),
            now=now,
        ),
        log_in=LogIn(
            parts.store,
            parts.hashes,
            parts.second_factor,
            parts.sessions,
            parts.one_time,
            throttle=password_throttle,
            code_throttle=parts.code_throttle,
            now=now,
        ),
        log_in_by_id_token=LogInByIdToken(parts.store, id_tokens, parts.sessions, parts.throttle("id-token"), now),
        sessions=parts.sessions,
        keep_sessions=parts.keep_sessions,
        exchange=parts.exchange,
        verification=parts.verification,
        passwords=PasswordChange(
            parts.store,
            parts.policy,
            parts.hashes,
            parts.keep_sessions,
            parts.one_time,
            mails=parts.mails,
            mailer=parts.mailer,
            throttle=password_throttle,
            mail_throttle=parts.mail_throttle(),
            now=now,
        ),
        invitations=parts.invitations,
        second_factor=parts.second_factor,
    )


def _mailer(settings: ServerSettings) -> Mailer:
    if settings.mailbox_folder is not None:
        return MailboxFolder(settings.mailbox_folder, settings.mail_sender)
    return SmtpMailer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value(),
        start_tls=settings.smtp_start_tls,
        sender=settings.mail_sender,
    )
