"""From where a call comes, and whose account it is about."""

from uuid import UUID

from server.identity.permissions import ACCOUNT
from server.identity.sessions import Caller
from server.interceptors.method_interceptor import Context
from server.runtime.errors import PermissionMissing
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal


def caller_of(context: Context) -> Caller:
    """Gives from where a call comes.

    The address is the last one of `x-forwarded-for`: the edge puts it there, whatever a client has sent. Of a call that
    did not come through the edge it is the connection's.
    """
    forwarded, agent = "", ""
    for key, value in context.invocation_metadata() or ():
        if not isinstance(value, str):
            continue
        if key == "x-forwarded-for":
            forwarded = value.rpartition(",")[2].strip()
        elif key == "user-agent":
            agent = value
    return Caller(forwarded or _host(context.peer()), agent)


def calling_user() -> UUID:
    """Gives the user who calls.

    Raises:
        PermissionMissing: The caller is a program, which has no account to keep.
    """
    try:
        return parse_name(current_principal().subject, "users")
    except ValueError as error:
        raise PermissionMissing(ACCOUNT) from error


def _host(peer: str) -> str:
    """Gives the address in what gRPC calls the peer, such as `ipv4:127.0.0.1:50112`."""
    kind, _, rest = peer.partition(":")
    return rest.rpartition(":")[0] if kind in {"ipv4", "ipv6"} else peer
