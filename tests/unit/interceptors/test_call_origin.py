"""From where a call comes, by what the edge and the bridge tell."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from server.interceptors.call_origin import origin_of
from server.interceptors.method_interceptor import Context
from server.runtime.audit import AuditDoor


class FakeContext:
    """What a call tells of where it comes from."""

    def __init__(self, peer: str, metadata: Sequence[tuple[str, Any]]) -> None:
        self._peer = peer
        self._metadata = metadata

    def peer(self) -> str:
        return self._peer

    def invocation_metadata(self) -> Sequence[tuple[str, Any]]:
        return self._metadata


FORWARDED = ("x-forwarded-for", "198.51.100.7, 203.0.113.9")


@pytest.mark.parametrize(
    ("peer", "metadata", "address", "door"),
    [
        ("ipv4:192.0.2.1:50112", [], "192.0.2.1", AuditDoor.DIRECT),
        ("ipv6:%5B2001:db8::1%5D:50112", [], "2001:db8::1", AuditDoor.DIRECT),
        ("unix:", [("x-envoy-original-method", "GET")], "", AuditDoor.DIRECT),
        ("ipv4:192.0.2.1:50112", [FORWARDED], "203.0.113.9", AuditDoor.GRPC),
        ("unix:", [FORWARDED, ("x-grpc-web", "1")], "203.0.113.9", AuditDoor.GRPC_WEB),
        ("unix:", [("x-envoy-original-method", "GET"), FORWARDED], "203.0.113.9", AuditDoor.REST),
        ("unix:", [("grpcgateway-user-agent", "curl"), FORWARDED], "203.0.113.9", AuditDoor.REST),
        ("unix:", [FORWARDED, ("x-leadline-door", "websocket")], "203.0.113.9", AuditDoor.WEBSOCKET),
        ("unix:", [("x-forwarded-for", "ann@example.com")], "", AuditDoor.GRPC),
        ("unix:", [FORWARDED, ("trace-bin", b"\xff")], "203.0.113.9", AuditDoor.GRPC),
    ],
)
def test_address_and_door(peer: str, metadata: list[tuple[str, Any]], address: str, door: AuditDoor) -> None:
    origin = origin_of(cast("Context", FakeContext(peer, metadata)))
    assert (origin.address, origin.door) == (address, door)


def test_the_program_is_as_it_names_itself() -> None:
    origin = origin_of(cast("Context", FakeContext("unix:", [("user-agent", "leadline-sdk/1.0")])))
    assert origin.user_agent == "leadline-sdk/1.0"
