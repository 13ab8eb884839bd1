"""Loopback ports: the usual one if it is free, else any free one."""

import contextlib
import socket
from dataclasses import dataclass
from typing import Self

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Tells whether a process could listen on this loopback port now.

    Args:
        port: 1 to 65535.

    Returns:
        True if nobody listens there.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are still in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return True
    return False


def free_port() -> int:
    """Gives a loopback port on which nobody listens.

    Returns:
        A port of the range that the operating system hands out.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def choose_port(usual: int) -> int:
    """Gives the usual port if it is free, else another free one.

    Args:
        usual: The port that people expect, 1 to 65535.

    Returns:
        A free loopback port.
    """
    return usual if is_free(usual) else free_port()


def accepts_connections(port: int) -> bool:
    """Tells whether somebody accepts TCP connections on this loopback port.

    Args:
        port: 1 to 65535.

    Returns:
        True if a connection was made within a second.
    """
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class StackPorts:
    """The loopback port of each process of a stack."""

    edge: int
    edge_tls: int
    edge_admin: int
    server: int
    scorer: int
    websocket: int
    token_endpoint: int
    model_server: int
    model_server_rest: int
    postgres: int
    valkey: int

    @classmethod
    def choose(cls, *, usual: bool = True) -> Self:
        """Chooses the ports of a stack.

        Args:
            usual: False to take any free ports, so that the usual ones stay free.

        Returns:
            The usual port of each process where it is free, else another free one; no two are the same.
        """
        with contextlib.ExitStack() as held:
            chosen = {}
            for name, port in _USUAL_PORTS.items():
                # Held until all are chosen: else a free port could be given twice.
                probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((LOOPBACK, choose_port(port) if usual else 0))
                chosen[name] = int(probe.getsockname()[1])
        return cls(**chosen)


_USUAL_PORTS = {
    "edge": 8080,
    "edge_tls": 8443,
    "edge_admin": 9901,
    "server": 50051,
    "scorer": 50052,
    "websocket": 50070,
    "token_endpoint": 50053,
    "model_server": 58500,
    "model_server_rest": 58501,
    "postgres": 55432,
    "valkey": 56379,
}
