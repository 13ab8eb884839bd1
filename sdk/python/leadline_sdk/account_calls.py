# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about a user's own account, of both clients: joining, passwords, sessions and the second factor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from leadline.v1.authentication_service_pb2 import (
    AcceptInvitationRequest,
    ChangePasswordRequest,
    ConfirmSecondFactorRequest,
    ConfirmSecondFactorResponse,
    DisableSecondFactorRequest,
    EnrolSecondFactorRequest,
    EnrolSecondFactorResponse,
    ListSessionsRequest,
    LogInWithIdTokenRequest,
    LogOutEverywhereRequest,
    RequestEmailVerificationRequest,
    RequestPasswordResetRequest,
    ResetPasswordRequest,
    RevokeSessionRequest,
    SignUpRequest,
    TokenSet,
    VerifyEmailRequest,
)
from leadline.v1.identity_pb2 import Session

from leadline_sdk.batches import new_idempotency_key
from leadline_sdk.calling import AsyncCaller, Caller


class AccountCalls(Caller):
    """What `Client` does with the user's own account; what is common to all calls is told there."""

    def sign_up(
        self, organization: str, email: str, display_name: str, password: str, *, timeout: float | None = None
    ) -> TokenSet:
        """Make an organization with its first user, its owner, and log that user in.

        No token is needed or sent. A message goes to the address, by which it is verified.

        Args:
            organization: how the organization is called.
            email: the user's e-mail address.
            display_name: how the user is called.
            password: 12 to 256 characters; passwords known from breaches are refused.
            timeout: see the class.

        Raises:
            InvalidRequest: the password is too short, or known from a breach.
            ResourceExhausted: too many tried from this address; `retry_after` says how long to wait.
        """
        request = SignUpRequest(
            organization_display_name=organization, email=email, display_name=display_name, password=password
        )
        return self._call_publicly(self._authentication.SignUp, request, timeout)

    def log_in_with_id_token(
        self, identity_provider: str, id_token: str, *, nonce: str = "", timeout: float | None = None
    ) -> TokenSet:
        """Log a user in by another issuer's word. No token is needed or sent.

        Args:
            identity_provider: the issuer, `identityProviders/{identityProvider}`.
            id_token: the OpenID Connect ID token that it gave for the user.
            nonce: what was sent to the issuer, if anything was; the token must carry it.
            timeout: see the class.

        Raises:
            Unauthenticated: the token is not accepted.
            ResourceExhausted: too many log-ins failed; `retry_after` says how long to wait.
        """
        request = LogInWithIdTokenRequest(identity_provider=identity_provider, id_token=id_token, nonce=nonce)
        return self._call_publicly(self._authentication.LogInWithIdToken, request, timeout)

    def request_password_reset(self, email: str, *, timeout: float | None = None) -> None:
        """Send a message by which the password can be set anew.

        Nobody learns from the answer whether the address has an account. No token is needed or sent.
        """
        request = RequestPasswordResetRequest(email=email)
        self._call_publicly(self._authentication.RequestPasswordReset, request, timeout)

    def reset_password(self, token: str, new_password: str, *, timeout: float | None = None) -> None:
        """Set a password anew, by the token of the message. All sessions of the user end.

        Raises:
            InvalidRequest: the new password is too short, or known from a breach.
            FailedPrecondition: the token is used up or unknown, or its time is over.
        """
        request = ResetPasswordRequest(token=token, new_password=new_password)
        self._call_publicly(self._authentication.ResetPassword, request, timeout)

    def verify_email(self, token: str, *, timeout: float | None = None) -> None:
        """Verify an e-mail address, by the token of the message.

        Raises:
            FailedPrecondition: the token is used up or unknown, or its time is over.
        """
        request = VerifyEmailRequest(token=token)
        self._call_publicly(self._authentication.VerifyEmail, request, timeout)

    def accept_invitation(
        self, token: str, display_name: str, password: str, *, timeout: float | None = None
    ) -> TokenSet:
        """Become a user of the organization that has invited, and log in.

        No token but that of the message is needed.

        Args:
            token: from the message.
            display_name: how the user is called.
            password: 12 to 256 characters; passwords known from breaches are refused.
            timeout: see the class.

        Raises:
            InvalidRequest: the password is too short, or known from a breach.
            FailedPrecondition: the invitation is used up, revoked or unknown, or its time is over.
            AlreadyExists: the address has a user in the organization.
        """
        request = AcceptInvitationRequest(token=token, display_name=display_name, password=password)
        return self._call_publicly(self._authentication.AcceptInvitation, request, timeout)

    def request_email_verification(self, *, idempotency_key: str | None = None, timeout: float | None = None) -> None:
        """Send the message once more that verifies the user's e-mail address."""
        request = RequestEmailVerificationRequest(idempotency_key=idempotency_key or new_idempotency_key())
        self._call(self._authentication.RequestEmailVerification, request, timeout)

    def list_sessions(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[Session]:
        """Go through the user's sessions, the newest first; this client's own is `current`."""
        for page in self._pages(self._authentication.ListSessions, ListSessionsRequest(page_size=page_size), timeout):
            yield from page.sessions

    def revoke_session(self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> None:
        """End one session of the user; its tokens are refused within seconds.

        Args:
            name: the session's resource name, `sessions/{session}`.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            NotFound: the user has no such session.
        """
        request = RevokeSessionRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        self._call(self._authentication.RevokeSession, request, timeout)

    def log_out_everywhere(self, *, idempotency_key: str | None = None, timeout: float | None = None) -> None:
        """End all sessions of the user, this one too."""
        request = LogOutEverywhereRequest(idempotency_key=idempotency_key or new_idempotency_key())
        self._call(self._authentication.LogOutEverywhere, request, timeout)

    def change_password(
        self,
        current_password: str,
        new_password: str,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Change the user's password. All other sessions of the user end.

        Raises:
            InvalidRequest: the new password is too short, or known from a breach.
            Unauthenticated: the current password is wrong.
        """
        request = ChangePasswordRequest(
            current_password=current_password,
            new_password=new_password,
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        self._call(self._authentication.ChangePassword, request, timeout)

    def enrol_second_factor(
        self, password: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> EnrolSecondFactorResponse:
        """Begin to use a second factor: give what an app is to be told.

        It is asked for from the moment on at which `confirm_second_factor` has seen a code of the app.

        Raises:
            Unauthenticated: the password is wrong.
            FailedPrecondition: the user has a second factor already.
        """
        request = EnrolSecondFactorRequest(password=password, idempotency_key=idempotency_key or new_idempotency_key())
        return self._call(self._authentication.EnrolSecondFactor, request, timeout)

    def confirm_second_factor(
        self, code: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> ConfirmSecondFactorResponse:
        """Show a code of the app, and get the recovery codes, this once.

        Raises:
            Unauthenticated: the code is wrong.
            FailedPrecondition: none was begun, or it is confirmed already.
        """
        request = ConfirmSecondFactorRequest(code=code, idempotency_key=idempotency_key or new_idempotency_key())
        return self._call(self._authentication.ConfirmSecondFactor, request, timeout)

    def disable_second_factor(
        self, password: str, code: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Do without a second factor again.

        Args:
            password: the user's password.
            code: one of the authenticator app, or a recovery code.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            Unauthenticated: the password or the code is wrong.
            FailedPrecondition: there is none.
        """
        request = DisableSecondFactorRequest(
            password=password, code=code, idempotency_key=idempotency_key or new_idempotency_key()
        )
        self._call(self._authentication.DisableSecondFactor, request, timeout)


class AsyncAccountCalls(AsyncCaller):
    """What `AsyncClient` does with the user's own account: the methods of `AccountCalls`, to be awaited."""

    async def sign_up(
        self, organization: str, email: str, display_name: str, password: str, *, timeout: float | None = None
    ) -> TokenSet:
        """Make an organization with its first user, its owner, and log that user in; see `Client.sign_up`."""
        request = SignUpRequest(
            organization_display_name=organization, email=email, display_name=display_name, password=password
        )
        return await self._call_publicly(self._authentication.SignUp, request, timeout)

    async def log_in_with_id_token(
        self, identity_provider: str, id_token: str, *, nonce: str = "", timeout: float | None = None
    ) -> TokenSet:
        """Log a user in by another issuer's word. No token is needed or sent; see `Client.log_in_with_id_token`."""
        request = LogInWithIdTokenRequest(identity_provider=identity_provider, id_token=id_token, nonce=nonce)
        return await self._call_publicly(self._authentication.LogInWithIdToken, request, timeout)

    async def request_password_reset(self, email: str, *, timeout: float | None = None) -> None:
        """Send a message by which the password can be set anew; see `Client.request_password_reset`."""
        request = RequestPasswordResetRequest(email=email)
        await self._call_publicly(self._authentication.RequestPasswordReset, request, timeout)

    async def reset_password(self, token: str, new_password: str, *, timeout: float | None = None) -> None:
        """Set a password anew, by the token of the message; see `Client.reset_password`."""
        request = ResetPasswordRequest(token=token, new_password=new_password)
        await self._call_publicly(self._authentication.ResetPassword, request, timeout)

    async def verify_email(self, token: str, *, timeout: float | None = None) -> None:
        """Verify an e-mail address, by the token of the message; see `Client.verify_email`."""
        request = VerifyEmailRequest(token=token)
        await self._call_publicly(self._authentication.VerifyEmail, request, timeout)

    async def accept_invitation(
        self, token: str, display_name: str, password: str, *, timeout: float | None = None
    ) -> TokenSet:
        """Become a user of the organization that has invited, and log in; see `Client.accept_invitation`."""
        request = AcceptInvitationRequest(token=token, display_name=display_name, password=password)
        return await self._call_publicly(self._authentication.AcceptInvitation, request, timeout)

    async def request_email_verification(
        self, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Send the message once more that verifies the user's e-mail address."""
        request = RequestEmailVerificationRequest(idempotency_key=idempotency_key or new_idempotency_key())
        await self._call(self._authentication.RequestEmailVerification, request, timeout)

    async def list_sessions(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncIterator[Session]:
        """Go through the user's sessions, the newest first; this client's own is `current`."""
        async for page in self._pages(
            self._authentication.ListSessions, ListSessionsRequest(page_size=page_size), timeout
        ):
            for found in page.sessions:
                yield found

    async def revoke_session(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """End one session of the user; its tokens are refused within seconds; see `Client.revoke_session`."""
        request = RevokeSessionRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        await self._call(self._authentication.RevokeSession, request, timeout)

    async def log_out_everywhere(self, *, idempotency_key: str | None = None, timeout: float | None = None) -> None:
        """End all sessions of the user, this one too."""
        request = LogOutEverywhereRequest(idempotency_key=idempotency_key or new_idempotency_key())
        await self._call(self._authentication.LogOutEverywhere, request, timeout)

    async def change_password(
        self,
        current_password: str,
        new_password: str,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Change the user's password. All other sessions of the user end; see `Client.change_password`."""
        request = ChangePasswordRequest(
            current_password=current_password,
            new_password=new_password,
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        await self._call(self._authentication.ChangePassword, request, timeout)

    async def enrol_second_factor(
        self, password: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> EnrolSecondFactorResponse:
        """Begin to use a second factor: give what an app is to be told; see `Client.enrol_second_factor`."""
        request = EnrolSecondFactorRequest(password=password, idempotency_key=idempotency_key or new_idempotency_key())
        return await self._call(self._authentication.EnrolSecondFactor, request, timeout)

    async def confirm_second_factor(
        self, code: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> ConfirmSecondFactorResponse:
        """Show a code of the app, and get the recovery codes, this once; see `Client.confirm_second_factor`."""
        request = ConfirmSecondFactorRequest(code=code, idempotency_key=idempotency_key or new_idempotency_key())
        return await self._call(self._authentication.ConfirmSecondFactor, request, timeout)

    async def disable_second_factor(
        self, password: str, code: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Do without a second factor again; see `Client.disable_second_factor`."""
        request = DisableSecondFactorRequest(
            password=password, code=code, idempotency_key=idempotency_key or new_idempotency_key()
        )
        await self._call(self._authentication.DisableSecondFactor, request, timeout)
