"""From where a call comes: the client's address, its program, and the door."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote

from server.interceptors.method_interceptor import Context, metadata_of
from server.runtime.audit import AuditDoor

FORWARDED_FOR: Final = "x-forwarded-for"
DOOR: Final = "x-leadline-door"
"""Told by the WebSocket bridge alone: the edge takes it off what clients send."""
REMEMBERED_ADDRESSES: Final = 10_000
_TRANSCODED: Final = "x-envoy-original-method"
_GRPC_GATEWAY: Final = "grpcgateway-"
_GRPC_WEB: Final = "x-grpc-web"


@dataclass(frozen=True, slots=True)
class CallOrigin:
    """From where a call comes.

    Attributes:
        address: The network address; empty if it is unknown.
        user_agent: The program, as it names itself.
        door: The door.
    """

    address: str
    user_agent: str
    door: AuditDoor


def origin_of(context: Context) -> CallOrigin:
    """Gives from where a call comes.

    The address is the last one of `x-forwarded-for`: the edge puts it there, whatever a client has sent. Of a call that
    did not come through the edge it is the connection's.
    """
    forwarded, agent, door = "", "", AuditDoor.GRPC
    for key, value in metadata_of(context):
        if not isinstance(value, str):
            continue
        if key == FORWARDED_FOR:
            forwarded = value
        elif key == "user-agent":
            agent = value
        elif key == _TRANSCODED or key.startswith(_GRPC_GATEWAY):
            door = AuditDoor.REST
        elif key == _GRPC_WEB:
            door = AuditDoor.GRPC_WEB
        elif key == DOOR and value == "websocket":
            door = AuditDoor.WEBSOCKET
    if not forwarded:
        return CallOrigin(_host(context.peer()), agent, AuditDoor.DIRECT)
    return CallOrigin(last_forwarded(forwarded), agent, door)


def last_forwarded(header: str) -> str:
    """Gives the client's address in an `x-forwarded-for`, as the edge saw it; empty if it is none."""
    return _address(header.rpartition(",")[2].strip())


def _host(peer: str) -> str:
    """Gives the address in what gRPC calls the peer, such as `ipv4:127.0.0.1:50112`; empty for a socket in a folder."""
    kind, _, rest = peer.partition(":")
    return _address(unquote(rest.rpartition(":")[0]).strip("[]")) if kind in {"ipv4", "ipv6"} else ""


@lru_cache(REMEMBERED_ADDRESSES)
def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
