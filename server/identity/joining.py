"""How users come to be: by sign-up, by invitation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.identity.account import Invitation, InvitationState, User, UserState
from server.identity.account_recovery import EmailVerification
from server.identity.mail import Mails
from server.identity.passwords import PasswordHashes, PasswordPolicy
from server.identity.permissions import OWNER
from server.identity.ports import IdentityStore, Mailer, Throttle
from server.identity.roles import Roles
from server.identity.secrets import Reference, digest, is_same, new_secret
from server.identity.sessions import Caller, IssuedTokens, Sessions
from server.runtime.audit import concerns
from server.runtime.errors.identity import (
    EmailNotVerified,
    InvitationClosed,
    InvitationNotFound,
    OneTimeTokenRefused,
    UserAlreadyExists,
)
from server.runtime.identifiers import format_name, new_id
from server.runtime.pages import Pages
from server.runtime.principal import Principal

INVITATION_LIFETIME: Final = timedelta(days=7)
COLLECTION: Final = "invitations"
_PREFIX: Final = "leadline_invitation_"


def new_user(email: str, display_name: str, role: str, password_hash: str | None, now: datetime) -> User:
    """Gives a user as one is at first.

    Args:
        email: In any case.
        display_name: How the user is called.
        role: A role's name or id.
        password_hash: None for one who logs in by another issuer alone.
        now: The time, UTC.
    """
    return User(
        user_id=new_id(),
        email=email.lower(),
        display_name=display_name,
        role=role,
        state=UserState.ACTIVE,
        password_hash=password_hash,
        email_verified=False,
        second_factor=None,
        second_factor_enabled=False,
        second_factor_step=0,
        last_log_in_time=None,
        create_time=now,
        update_time=now,
    )


class SignUp:
    """Makes organizations with their first user.

    Args:
        store: Where they are kept.
        policy: Says which passwords are taken.
        hashes: Makes hashes.
        sessions: Begins the first session.
        verification: Asks to verify the e-mail address.
        throttle: Counts sign-ups.
        now: Gives the time, UTC.
    """

    def __init__(
        self,
        store: IdentityStore,
        policy: PasswordPolicy,
        hashes: PasswordHashes,
        sessions: Sessions,
        verification: EmailVerification,
        *,
        throttle: Throttle,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._policy = policy
        self._hashes = hashes
        self._sessions = sessions
        self._verification = verification
        self._throttle = throttle
        self._now = now

    async def __call__(
        self, organization: str, email: str, display_name: str, password: str, caller: Caller
    ) -> IssuedTokens:
        """Makes an organization and its owner, and logs the owner in.

        Whether the e-mail address has an account elsewhere makes no difference, so the answer tells nobody.

        Raises:
            PasswordRefused: The password can't be taken.
            LogInThrottled: Too many sign-ups.
        """
        await self._throttle.attempt(email.lower(), caller.address)
        await self._policy.check(password, (email, display_name, organization))
        tenant_id = new_id()
        user = new_user(email, display_name, OWNER, await self._hashes.make(password), self._now())
        concerns(tenant_id, format_name("users", user.user_id))
        async with self._store.transaction(tenant_id) as transaction:
            await transaction.add_organization(organization)
            await transaction.add_user(user)
            issued = await self._sessions.begin(transaction, user, caller)
            await transaction.commit()
        await self._verification.ask(tenant_id, user)
        return issued


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """A page of invitations."""

    invitations: list[Invitation]
    next_page_token: str


class Invitations:
    """Asks people to join, and lets them.

    Args:
        store: Where invitations are kept.
        roles: What roles permit.
        policy: Says which passwords are taken.
        hashes: Makes hashes.
        sessions: Begins the first session.
        mails: Writes messages.
        mailer: Sends them.
        pages: Page tokens.
        now: Gives the time, UTC.
    """

    def __init__(
        self,
        store: IdentityStore,
        roles: Roles,
        policy: PasswordPolicy,
        hashes: PasswordHashes,
        sessions: Sessions,
        *,
        mails: Mails,
        mailer: Mailer,
        pages: Pages,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._roles = roles
        self._policy = policy
        self._hashes = hashes
        self._sessions = sessions
        self._mails = mails
        self._mailer = mailer
        self._pages = pages
        self._now = now

    async def create(self, caller: Principal, email: str, role: str) -> Invitation:
        """Invites a person.

        Raises:
            RoleNotFound: There is no such role.
            PermissionMissing: It permits what the caller may not do.
            UserAlreadyExists: The person has an account here.
            EmailNotVerified: The caller is a user whose own address is not verified.
        """
        now, email = self._now(), email.lower()
        reference = Reference(caller.tenant_id, new_id(), new_secret())
        invitation = Invitation(
            invitation_id=reference.identifier,
            email=email,
            role=role,
            state=InvitationState.PENDING,
            inviter=caller.subject,
            token_digest=digest(reference.secret),
            create_time=now,
            expire_time=now + INVITATION_LIFETIME,
        )
        async with self._store.transaction(caller.tenant_id) as transaction:
            await self._roles.find_to_give(transaction, role, caller)
            if caller.subject.startswith("users/"):
                inviter = await transaction.user(UUID(caller.subject.removeprefix("users/")))
                if inviter is not None and not inviter.email_verified:
                    raise EmailNotVerified
            known = await transaction.user_of_email(email)
            if known is not None:
                raise UserAlreadyExists(format_name("users", known.user_id))
            organization = await transaction.organization()
            await transaction.add_invitation(invitation)
            await transaction.commit()
        name = organization.display_name if organization else ""
        self._mailer.send(self._mails.invitation(email, name, reference.text(_PREFIX)))
        return invitation

    async def page(self, tenant_id: UUID, page_size: int, page_token: str) -> InvitationPage:
        """Gives a page of invitations, the newest first.

        Raises:
            InvalidPageToken: The token is not ours.
        """
        position = self._pages.position(tenant_id, COLLECTION, page_size, page_token)
        async with self._store.transaction(tenant_id) as transaction:
            found = await transaction.invitations(position.size + 1, position.before)
        return InvitationPage(*self._pages.cut(position, found, lambda invitation: invitation.invitation_id))

    async def revoke(self, tenant_id: UUID, invitation_id: UUID) -> Invitation:
        """Takes an invitation back.

        Raises:
            InvitationNotFound: The organization has no such invitation.
            InvitationClosed: It does not wait for its answer any more.
        """
        name = format_name(COLLECTION, invitation_id)
        async with self._store.transaction(tenant_id) as transaction:
            invitation = await transaction.invitation(invitation_id)
            if invitation is None:
                raise InvitationNotFound(name)
            if invitation.state_at(self._now()) is not InvitationState.PENDING:
                raise InvitationClosed(name)
            revoked = await transaction.update_invitation(invitation_id, {"state": InvitationState.REVOKED.value})
            await transaction.commit()
        return revoked

    async def accept(self, token: str, display_name: str, password: str, caller: Caller) -> IssuedTokens:
        """Makes the account of an invited person and logs them in. The message shows that the address is theirs.

        Raises:
            OneTimeTokenRefused: The token is unknown, was used, taken back, or its time is over.
            PasswordRefused: The password can't be taken.
            UserAlreadyExists: The person has an account here.
        """
        try:
            reference = Reference.read(token, _PREFIX)
        except ValueError as error:
            raise OneTimeTokenRefused from error
        async with self._store.transaction(reference.tenant_id) as transaction:
            invitation = await transaction.invitation(reference.identifier)
            now = self._now()
            if (
                invitation is None
                or not is_same(reference.secret, invitation.token_digest)
                or invitation.state_at(now) is not InvitationState.PENDING
            ):
                raise OneTimeTokenRefused
            organization = await transaction.organization()
            known = (invitation.email, display_name, organization.display_name if organization else "")
            await self._policy.check(password, known)
            password_hash = await self._hashes.make(password)
            user = new_user(invitation.email, display_name, invitation.role, password_hash, now)
            concerns(reference.tenant_id, format_name("users", user.user_id))
            await transaction.add_user(user)
            user = await transaction.update_user(user.user_id, {"email_verified": True})
            await transaction.update_invitation(invitation.invitation_id, {"state": InvitationState.ACCEPTED.value})
            issued = await self._sessions.begin(transaction, user, caller)
            await transaction.commit()
        return issued
