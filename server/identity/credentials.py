"""API keys and OAuth 2.0 clients: the credentials of programs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from server.identity.account import Credential, CredentialKind, CredentialState
from server.identity.permissions import of_program
from server.identity.ports import IdentityStore, SessionStore, Throttle
from server.identity.roles import refuse_to_give_more
from server.identity.secrets import Reference, digest, is_same, new_secret
from server.identity.signing_keys import AccessToken, AccessTokens
from server.runtime.audit import concerns
from server.runtime.errors import LeadlineError
from server.runtime.errors.identity import ApiKeyNotFound, ApiKeyRefused, OauthClientNotFound
from server.runtime.identifiers import format_name, new_id
from server.runtime.pages import Pages
from server.runtime.principal import Principal

API_KEY_PREFIX: Final = "leadline_key_"
CLIENT_PREFIX: Final = "leadline_client_"
SHOWN_CHARACTERS: Final = 24
# Programs ask for tokens all the time; when they did last need not be exact to the second.
LAST_USED_EXACTNESS: Final = timedelta(minutes=1)

COLLECTIONS: Final = {CredentialKind.API_KEY: "apiKeys", CredentialKind.OAUTH_CLIENT: "oauthClients"}
_NOT_FOUND: Final[dict[CredentialKind, Callable[[str], LeadlineError]]] = {
    CredentialKind.API_KEY: ApiKeyNotFound,
    CredentialKind.OAUTH_CLIENT: OauthClientNotFound,
}


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A credential whose secret is shown this once.

    Attributes:
        credential: The credential.
        secret: An API key as a whole, or a client's secret.
    """

    credential: Credential
    secret: str


@dataclass(frozen=True, slots=True)
class CredentialPage:
    """A page of credentials."""

    credentials: list[Credential]
    next_page_token: str


class KeepCredentials:
    """Makes, gives, rotates and revokes credentials.

    Args:
        store: Where they are kept.
        revocations: Revokes the tokens that were got by them.
        pages: Page tokens.
        now: Gives the time, UTC.
    """

    def __init__(
        self, store: IdentityStore, revocations: SessionStore, pages: Pages, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._revocations = revocations
        self._pages = pages
        self._now = now

    async def create(
        self,
        caller: Principal,
        kind: CredentialKind,
        display_name: str,
        permissions: frozenset[str],
        expire_time: datetime | None = None,
    ) -> NewSecret:
        """Makes a credential.

        Args:
            caller: Who makes it.
            kind: Which kind.
            display_name: What it is for.
            permissions: What its bearer may do.
            expire_time: Until when, UTC; None means without end.

        Raises:
            PermissionMissing: Its bearer could do what the caller may not, or what only a user can.
        """
        refuse_to_give_more(caller, permissions)
        secret, now, credential_id = new_secret(), self._now(), new_id()
        shown = _shown(kind, caller.tenant_id, credential_id, secret)
        credential = Credential(
            credential_id=credential_id,
            kind=kind,
            display_name=display_name,
            permissions=of_program(permissions),
            secret_digest=digest(secret),
            previous_digest=None,
            previous_expire_time=None,
            prefix=shown[:SHOWN_CHARACTERS] if kind is CredentialKind.API_KEY else "",
            expire_time=expire_time,
            revoke_time=None,
            creator=caller.subject,
            create_time=now,
            rotate_time=None,
            last_used_time=None,
        )
        async with self._store.transaction(caller.tenant_id) as transaction:
            await transaction.add_credential(credential)
            await transaction.commit()
        return NewSecret(credential, shown)

    async def page(self, tenant_id: UUID, kind: CredentialKind, page_size: int, page_token: str) -> CredentialPage:
        """Gives a page of credentials of a kind, the newest first.

        Raises:
            InvalidPageToken: The token is not ours.
        """
        position = self._pages.position(tenant_id, COLLECTIONS[kind], page_size, page_token)
        async with self._store.transaction(tenant_id) as transaction:
            found = await transaction.credentials(kind, position.size + 1, position.before)
        return CredentialPage(*self._pages.cut(position, found, lambda credential: credential.credential_id))

    async def rotate(
        self, caller: Principal, kind: CredentialKind, credential_id: UUID, overlap: timedelta
    ) -> NewSecret:
        """Puts another secret in place of a credential's.

        Args:
            caller: Who does it.
            kind: Which kind.
            credential_id: The credential.
            overlap: How long the old secret stays good.

        Raises:
            ApiKeyNotFound, OauthClientNotFound: There is none that can be used.
            PermissionMissing: Its bearer may do what the caller may not.
        """
        secret, now = new_secret(), self._now()
        changes: dict[str, Any] = {"secret_digest": digest(secret), "rotate_time": now}
        async with self._store.transaction(caller.tenant_id) as transaction:
            known = await transaction.credential(kind, credential_id, lock=True)
            if known is None or known.state_at(now) is CredentialState.REVOKED:
                raise _NOT_FOUND[kind](format_name(COLLECTIONS[kind], credential_id))
            refuse_to_give_more(caller, known.permissions)
            changes |= {
                "previous_digest": known.secret_digest if overlap else None,
                "previous_expire_time": now + overlap if overlap else None,
            }
            credential = await transaction.update_credential(credential_id, changes)
            await transaction.commit()
        return NewSecret(credential, _shown(kind, caller.tenant_id, credential_id, secret))

    async def revoke(self, tenant_id: UUID, kind: CredentialKind, credential_id: UUID) -> Credential:
        """Ends a credential for good.

        Raises:
            ApiKeyNotFound, OauthClientNotFound: There is none.
        """
        name = format_name(COLLECTIONS[kind], credential_id)
        async with self._store.transaction(tenant_id) as transaction:
            known = await transaction.credential(kind, credential_id, lock=True)
            if known is None:
                raise _NOT_FOUND[kind](name)
            if known.revoke_time is None:
                known = await transaction.update_credential(credential_id, {"revoke_time": self._now()})
            await self._revocations.revoke_tokens([name])
            await transaction.commit()
        return known


class ExchangeCredential:
    """Gives access tokens for credentials.

    Args:
        store: Where credentials are kept.
        tokens: Issues tokens.
        throttle: Counts attempts.
        now: Gives the time, UTC.
    """

    def __init__(
        self, store: IdentityStore, tokens: AccessTokens, throttle: Throttle, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._throttle = throttle
        self._now = now

    async def api_key(self, api_key: str, address: str) -> AccessToken:
        """Gives a token for an API key.

        Raises:
            LogInThrottled: Too many attempts with keys that are not good.
            ApiKeyRefused: The key is unknown, revoked, or its time is over.
        """
        try:
            reference = Reference.read(api_key, API_KEY_PREFIX)
        except ValueError as error:
            raise ApiKeyRefused from error
        token, _ = await self._exchange(CredentialKind.API_KEY, reference, None, address)
        return token

    async def client(
        self, client_id: str, client_secret: str, scope: frozenset[str] | None, address: str
    ) -> tuple[AccessToken, frozenset[str]]:
        """Gives a token for an OAuth 2.0 client.

        Args:
            client_id: The client.
            client_secret: Its secret.
            scope: The permissions asked for; None means all that it has. What it lacks is left out.
            address: From where.

        Returns:
            The token and what its bearer may do.

        Raises:
            LogInThrottled: Too many attempts with secrets that are not right.
            ApiKeyRefused: The client is unknown, revoked, or the secret is wrong.
        """
        try:
            reference = Reference.read(f"{client_id}_{client_secret}", CLIENT_PREFIX)
        except ValueError as error:
            raise ApiKeyRefused from error
        return await self._exchange(CredentialKind.OAUTH_CLIENT, reference, scope, address)

    async def _exchange(
        self, kind: CredentialKind, reference: Reference, scope: frozenset[str] | None, address: str
    ) -> tuple[AccessToken, frozenset[str]]:
        account, now = str(reference.identifier), self._now()
        await self._throttle.attempt(account, address)
        async with self._store.transaction(reference.tenant_id) as transaction:
            known = await transaction.credential(kind, reference.identifier, lock=True)
            organization = await transaction.organization()
            if known is not None:
                concerns(reference.tenant_id, format_name(COLLECTIONS[kind], known.credential_id))
            if known is None or organization is None or not _is_good(known, reference.secret, now):
                raise ApiKeyRefused
            if known.last_used_time is None or known.last_used_time + LAST_USED_EXACTNESS <= now:
                await transaction.update_credential(known.credential_id, {"last_used_time": now})
                await transaction.commit()
            permissions = known.permissions if scope is None else known.permissions & scope
            token = await self._tokens.issue(
                reference.tenant_id,
                format_name(COLLECTIONS[kind], known.credential_id),
                organization.plan,
                permissions,
            )
        await self._throttle.forgive(account, address)
        return token, permissions


def client_id_of(tenant_id: UUID, credential_id: UUID) -> str:
    """Gives the `client_id` of an OAuth 2.0 client."""
    return Reference(tenant_id, credential_id, "").text(CLIENT_PREFIX).removesuffix("_")


def _shown(kind: CredentialKind, tenant_id: UUID, credential_id: UUID, secret: str) -> str:
    """Gives what its owner gets of a secret: an API key says itself whose it is, a client has its id for that."""
    return (
        Reference(tenant_id, credential_id, secret).text(API_KEY_PREFIX) if kind is CredentialKind.API_KEY else secret
    )


def _is_good(credential: Credential, secret: str, now: datetime) -> bool:
    if credential.state_at(now) is not CredentialState.ACTIVE:
        return False
    if is_same(secret, credential.secret_digest):
        return True
    overlaps = credential.previous_expire_time is not None and credential.previous_expire_time > now
    return overlaps and is_same(secret, credential.previous_digest)
