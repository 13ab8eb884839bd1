"""AuthenticationService: lets people and programs in."""

from dataclasses import dataclass

from google.protobuf import empty_pb2
from leadline.v1 import authentication_service_pb2 as messages
from leadline.v1 import authentication_service_pb2_grpc

from server.identity.account_recovery import EmailVerification, PasswordChange
from server.identity.credentials import ExchangeCredential
from server.identity.identity_providers import LogInByIdToken
from server.identity.joining import Invitations, SignUp
from server.identity.log_in import Challenge, LogIn
from server.identity.second_factor import SecondFactor
from server.identity.sessions import KeepSessions, Sessions
from server.interceptors.method_interceptor import Context
from server.runtime.errors import InvalidPageToken
from server.runtime.errors.identity import SessionNotFound
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal
from server.runtime.unit_of_work import commit_held
from server.services.callers import caller_of, calling_user
from server.services.conversions.identity import access_token_to_proto, session_to_proto, tokens_to_proto
from server.services.conversions.times import time_to_proto

_EMPTY = empty_pb2.Empty()


@dataclass(frozen=True, slots=True)
class AuthenticationUseCases:
    """What the service calls."""

    sign_up: SignUp
    log_in: LogIn
    log_in_by_id_token: LogInByIdToken
    sessions: Sessions
    keep_sessions: KeepSessions
    exchange: ExchangeCredential
    verification: EmailVerification
    passwords: PasswordChange
    invitations: Invitations
    second_factor: SecondFactor


class AuthenticationService(authentication_service_pb2_grpc.AuthenticationServiceServicer):
    """Converts each request, calls its use case, and converts the answer. The rpcs are told in the contract.

    Args:
        use_cases: What it calls.
    """

    def __init__(self, use_cases: AuthenticationUseCases) -> None:
        self._do = use_cases

    async def SignUp(self, request: messages.SignUpRequest, context: Context) -> messages.TokenSet:
        """Makes an organization with its first user."""
        issued = await self._do.sign_up(
            request.organization_display_name,
            request.email,
            request.display_name,
            request.password,
            caller_of(context),
        )
        return tokens_to_proto(issued)

    async def LogIn(self, request: messages.LogInRequest, context: Context) -> messages.LogInResponse:
        """Logs a user in, or asks for the second factor."""
        organization_id = parse_name(request.organization, "organizations") if request.organization else None
        result = await self._do.log_in.by_password(request.email, request.password, organization_id, caller_of(context))
        if isinstance(result, Challenge):
            challenge = messages.SecondFactorChallenge(
                challenge=result.text, expire_time=time_to_proto(result.expire_time)
            )
            return messages.LogInResponse(second_factor_required=challenge)
        return messages.LogInResponse(tokens=tokens_to_proto(result))

    async def VerifySecondFactor(
        self, request: messages.VerifySecondFactorRequest, context: Context
    ) -> messages.TokenSet:
        """Ends a log-in that waits for its second factor."""
        issued = await self._do.log_in.by_second_factor(request.challenge, request.code, caller_of(context))
        return tokens_to_proto(issued)

    async def LogInWithIdToken(self, request: messages.LogInWithIdTokenRequest, context: Context) -> messages.TokenSet:
        """Logs a user in by an outside issuer's word."""
        provider_id = parse_name(request.identity_provider, "identityProviders")
        issued = await self._do.log_in_by_id_token(provider_id, request.id_token, request.nonce, caller_of(context))
        return tokens_to_proto(issued)

    async def RefreshToken(self, request: messages.RefreshTokenRequest, context: Context) -> messages.TokenSet:
        """Gives new tokens."""
        return tokens_to_proto(await self._do.sessions.renew(request.refresh_token))

    async def ExchangeApiKey(
        self, request: messages.ExchangeApiKeyRequest, context: Context
    ) -> messages.ExchangeApiKeyResponse:
        """Gives a program's token."""
        access = await self._do.exchange.api_key(request.api_key, caller_of(context).address)
        return access_token_to_proto(access)

    async def RequestPasswordReset(
        self, request: messages.RequestPasswordResetRequest, context: Context
    ) -> empty_pb2.Empty:
        """Sends a message, if the address has an account."""
        await self._do.passwords.ask_reset(request.email, caller_of(context).address)
        return _EMPTY

    async def ResetPassword(self, request: messages.ResetPasswordRequest, context: Context) -> empty_pb2.Empty:
        """Sets a forgotten password anew."""
        await self._do.passwords.reset(request.token, request.new_password)
        return _EMPTY

    async def VerifyEmail(self, request: messages.VerifyEmailRequest, context: Context) -> empty_pb2.Empty:
        """Takes a message's token as the proof of an address."""
        await self._do.verification.verify(request.token)
        return _EMPTY

    async def AcceptInvitation(self, request: messages.AcceptInvitationRequest, context: Context) -> messages.TokenSet:
        """Makes an invited person's account."""
        issued = await self._do.invitations.accept(
            request.token, request.display_name, request.password, caller_of(context)
        )
        return tokens_to_proto(issued)

    async def RequestEmailVerification(
        self, request: messages.RequestEmailVerificationRequest, context: Context
    ) -> empty_pb2.Empty:
        """Sends the verification's message again."""
        await self._do.verification.ask_again(current_principal().tenant_id, calling_user(), caller_of(context).address)
        return _EMPTY

    async def LogOut(self, request: messages.LogOutRequest, context: Context) -> empty_pb2.Empty:
        """Ends the session of the call."""
        principal, user_id = current_principal(), calling_user()
        if principal.session_id is not None:
            await self._do.keep_sessions.end(principal.tenant_id, user_id, principal.session_id)
        await commit_held()
        return _EMPTY

    async def LogOutEverywhere(self, request: messages.LogOutEverywhereRequest, context: Context) -> empty_pb2.Empty:
        """Ends all sessions of the caller."""
        await self._do.keep_sessions.end_all(current_principal().tenant_id, calling_user())
        await commit_held()
        return _EMPTY

    async def ListSessions(
        self, request: messages.ListSessionsRequest, context: Context
    ) -> messages.ListSessionsResponse:
        """Gives the caller's sessions, all on one page: they are few, and end by themselves."""
        if request.page_token:
            raise InvalidPageToken
        principal = current_principal()
        sessions = await self._do.keep_sessions.of_user(principal.tenant_id, calling_user())
        return messages.ListSessionsResponse(
            sessions=[session_to_proto(session, principal.session_id) for session in sessions]
        )

    async def RevokeSession(self, request: messages.RevokeSessionRequest, context: Context) -> empty_pb2.Empty:
        """Ends one of the caller's sessions."""
        session_id = parse_name(request.name, "sessions")
        if not await self._do.keep_sessions.end(current_principal().tenant_id, calling_user(), session_id):
            raise SessionNotFound(request.name)
        await commit_held()
        return _EMPTY

    async def ChangePassword(self, request: messages.ChangePasswordRequest, context: Context) -> empty_pb2.Empty:
        """Changes the caller's password."""
        principal = current_principal()
        await self._do.passwords.change(
            principal.tenant_id,
            calling_user(),
            principal.session_id,
            (request.current_password, request.new_password),
            caller_of(context).address,
        )
        return _EMPTY

    async def EnrolSecondFactor(
        self, request: messages.EnrolSecondFactorRequest, context: Context
    ) -> messages.EnrolSecondFactorResponse:
        """Begins to set up a second factor."""
        enrolment = await self._do.second_factor.enrol(
            current_principal().tenant_id, calling_user(), request.password, caller_of(context).address
        )
        return messages.EnrolSecondFactorResponse(secret=enrolment.seed, provisioning_uri=enrolment.provisioning_uri)

    async def ConfirmSecondFactor(
        self, request: messages.ConfirmSecondFactorRequest, context: Context
    ) -> messages.ConfirmSecondFactorResponse:
        """Makes the second factor count."""
        codes = await self._do.second_factor.confirm(
            current_principal().tenant_id, calling_user(), request.code, caller_of(context).address
        )
        return messages.ConfirmSecondFactorResponse(recovery_codes=codes)

    async def DisableSecondFactor(
        self, request: messages.DisableSecondFactorRequest, context: Context
    ) -> empty_pb2.Empty:
        """Takes the second factor away."""
        await self._do.second_factor.disable(
            current_principal().tenant_id, calling_user(), request.password, request.code, caller_of(context).address
        )
        return _EMPTY
