"""What attackers do with connections and with HTTP/2 itself: the server answers others, and forgets it after."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from leadline.v1 import lead_service_pb2, lead_service_pb2_grpc

from deploy.local.development_token import DevelopmentKey
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.valkey import EmbeddedValkey
from server.runtime.identifiers import new_id
from tests.server_processes import ServerProcesses
from tests.waiting import wait_for

MEBIBYTE = 1024 * 1024
MOST_GROWTH = 96 * MEBIBYTE
ANSWER_SECONDS = 5.0
MOST_CONNECTIONS = 10_000
SPARE_FILES = 1_000
RESETS = 4_000
LIST_LEADS = "/leadline.v1.LeadService/ListLeads"


@dataclass(frozen=True)
class Target:
    """A server of its own process.

    Attributes:
        address: Where it listens.
        token: Of a tenant without leads.
        process: The process.
    """

    address: str
    token: str
    process: psutil.Process

    def connect(self) -> socket.socket:
        """Opens a connection."""
        host, port = self.address.split(":")
        return socket.create_connection((host, int(port)), timeout=10.0)

    def assert_answers(self) -> None:
        """Calls as anybody else would."""
        with grpc.insecure_channel(self.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            stub = lead_service_pb2_grpc.LeadServiceStub(channel)
            metadata = (("authorization", f"Bearer {self.token}"),)
            answer = stub.ListLeads(lead_service_pb2.ListLeadsRequest(), metadata=metadata, timeout=ANSWER_SECONDS)
            assert not answer.leads

    def memory(self) -> int:
        """Gives the bytes that it holds."""
        return int(self.process.memory_info().rss)

    def headers(self) -> list[tuple[str, str]]:
        """Gives the headers of a call."""
        return [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", LIST_LEADS),
            (":authority", self.address),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("authorization", f"Bearer {self.token}"),
        ]


@pytest.fixture(scope="module")
def target(
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    development_key: DevelopmentKey,
    key_service: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Target]:
    logs: Path = tmp_path_factory.mktemp("attacked")
    processes = ServerProcesses(postgres, valkey, development_key, key_service, logs)
    with processes.server():
        port = int(processes.address.split(":")[1])
        (process,) = [
            child
            for child in psutil.Process().children()
            if any(connection.laddr.port == port for connection in child.net_connections("tcp"))
        ]
        made = Target(processes.address, development_key.mint(new_id()), process)
        made.assert_answers()
        yield made


@contextmanager
def leaving_it_as_it_was(target: Target) -> Iterator[None]:
    """Holds what happens in the block to leaving the server with the memory that it had, and able to answer."""
    before = target.memory()
    yield
    target.assert_answers()
    wait_for(lambda: target.memory() - before < MOST_GROWTH, seconds=30.0)


def begun(target: Target, connection: socket.socket) -> H2Connection:
    """Begins HTTP/2 on a connection."""
    protocol = H2Connection(H2Configuration(client_side=True))
    protocol.initiate_connection()
    connection.sendall(protocol.data_to_send())
    assert connection.recv(65_535), f"{target.address} does not speak HTTP/2"
    return protocol


def test_streams_that_are_reset_at_once(target: Target) -> None:
    # The server may end the connection before all are sent.
    with leaving_it_as_it_was(target), target.connect() as connection, suppress(ConnectionError):
        protocol = begun(target, connection)
        for number in range(RESETS):
            stream = 2 * number + 1
            protocol.send_headers(stream, target.headers(), end_stream=False)
            protocol.reset_stream(stream)
            if number % 100 == 0:
                connection.sendall(protocol.data_to_send())
            if number == RESETS // 2:
                target.assert_answers()


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_message_that_is_far_too_large(target: Target, compression: grpc.Compression) -> None:
    # Packed, it is a thousandth of that on its way.
    content, peaks = bytes(256 * MEBIBYTE), [target.memory()]
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", -1)]
    with (
        leaving_it_as_it_was(target),
        grpc.insecure_channel(target.address, options, compression=compression) as channel,
    ):
        call: Any = channel.unary_unary(LIST_LEADS)
        refused = call.future(content, metadata=(("authorization", f"Bearer {target.token}"),), timeout=60.0)
        while not refused.done():
            peaks.append(target.memory())
            time.sleep(0.005)
        assert refused.code() in {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNIMPLEMENTED}, refused
    assert max(peaks) - peaks[0] < MOST_GROWTH


def test_connections_that_begin_and_say_no_more(target: Target) -> None:
    beginnings = (b"", b"PRI * HTTP/2.0\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\xff\x01\x04\x00\x00\x00\x01")
    with leaving_it_as_it_was(target), ExitStack() as opened:
        for number in range(300):
            connection = opened.enter_context(target.connect())
            connection.sendall(beginnings[number % len(beginnings)])
        target.assert_answers()


def test_as_many_idle_connections_as_the_machine_permits(target: Target) -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(MOST_CONNECTIONS, soft - SPARE_FILES)
    assert count > 100, f"only {soft} files may be open here"

    def connect_all() -> None:
        with ExitStack() as opened:
            for _ in range(count):
                opened.enter_context(target.connect())
            target.assert_answers()

    # What the memory allocator keeps of the first time, the second one uses again.
    connect_all()
    with leaving_it_as_it_was(target):
        connect_all()


def test_bytes_that_are_no_http(target: Target) -> None:
    for content in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(range(256)) * 64, b"\x16\x03\x01\x02\x00" + bytes(512)):
        with leaving_it_as_it_was(target), target.connect() as connection, suppress(ConnectionError):
            connection.sendall(content)
            connection.settimeout(2.0)
            with suppress(TimeoutError):
                connection.recv(1024)
