"""Who calls: each call carries a token, which the server verifies itself."""

from server.interceptors.method_interceptor import Context, GuardInterceptor, Handler, Metadata, Method, metadata_of
from server.interceptors.permissions import is_public
from server.interceptors.token_watch import bounded_by_token
from server.interceptors.tokens import TokenVerifier
from server.runtime.errors import TokenMissing
from server.runtime.principal import Principal, set_current_principal
from server.runtime.stopping import STOPPING

_SCHEME = "bearer "


class AuthenticationInterceptor(GuardInterceptor):
    """Makes the bearer of the call's token the current principal. Headers that claim an identity count for nothing.

    Args:
        verifier: Verifies tokens.
    """

    def __init__(self, verifier: TokenVerifier) -> None:
        super().__init__()
        self._verifier = verifier

    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Checks each call, but of rpcs that the contract calls public: those hear nothing of tokens.

        A stream is looked at again and again: none outlives its token, and no watch holds up a process that stops.
        """
        if is_public(method.descriptor):
            return handler
        if handler.request_streaming or handler.response_streaming:
            handler = bounded_by_token(method, handler, self._verify_watch if can_be_resumed(method) else self._verify)
        return super().wrap(method, handler)

    def check(self, method: Method, context: Context) -> None:
        """Verifies the token.

        Raises:
            TokenMissing: The call has no bearer token.
            TokenInvalid: The token is not accepted.
            TokenExpired: The token's time is over.
            TokenRevoked: The token was revoked.
        """
        del method
        set_current_principal(self._verify(context))

    def _verify_watch(self, context: Context) -> Principal:
        STOPPING.check()
        return self._verify(context)

    def _verify(self, context: Context) -> Principal:
        return self._verifier.verify(bearer_token(context))


def can_be_resumed(method: Method) -> bool:
    """Tells whether an rpc is a watch, which another process can go on with from the last resume token."""
    return method.descriptor is not None and "resume_token" in method.descriptor.output_type.fields_by_name


def bearer_token(context: Context) -> str:
    """Gives the token that a call carries.

    Raises:
        TokenMissing: The call has no bearer token.
    """
    return token_in(metadata_of(context))


def token_in(metadata: Metadata) -> str:
    """Gives the token in the metadata of a call.

    Raises:
        TokenMissing: It has no bearer token.
    """
    for key, value in metadata:
        if key == "authorization" and isinstance(value, str) and value[: len(_SCHEME)].lower() == _SCHEME:
            return value[len(_SCHEME) :].strip()
    raise TokenMissing
