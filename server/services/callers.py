"""From where a call comes, and whose account it is about."""

from uuid import UUID

from server.identity.permissions import ACCOUNT
from server.identity.sessions import Caller
from server.interceptors.call_origin import origin_of
from server.interceptors.method_interceptor import Context
from server.runtime.errors import PermissionMissing
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal


def caller_of(context: Context) -> Caller:
    """Gives from where a call comes."""
    origin = origin_of(context)
    return Caller(origin.address or context.peer(), origin.user_agent)


def calling_user() -> UUID:
    """Gives the user who calls.

    Raises:
        PermissionMissing: The caller is a program, which has no account to keep.
    """
    try:
        return parse_name(current_principal().subject, "users")
    except ValueError as error:
        raise PermissionMissing(ACCOUNT) from error
