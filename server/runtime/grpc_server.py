"""How a process of Leadline serves gRPC: one asynchronous server with health, limits and a graceful end."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Sequence

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection

from server.runtime.stopping import STOPPING

MEBIBYTE = 1024 * 1024
# Above the largest valid message, so that a field that is too large is refused by name and not by the transport.
LARGEST_MESSAGE_BYTES = 16 * MEBIBYTE
# Calls that one connection has open at a time. One of the edge carries those of many callers, watches among them.
LARGEST_STREAMS = 10_000
MOST_PENDING = 5_000
LONGEST_PENDING_SECONDS = 10
HEALTH_CHECK_SECONDS = 1.0
DRAIN_SECONDS = 10.0

_log = structlog.get_logger()


def create_server(interceptors: Sequence[grpc.aio.ServerInterceptor]) -> grpc.aio.Server:
    """Makes a server without services; the caller adds them and the address.

    Args:
        interceptors: What happens around each rpc, the outermost first.
    """
    server = grpc.aio.server(
        interceptors=interceptors,
        options=[
            ("grpc.max_receive_message_length", LARGEST_MESSAGE_BYTES),
            ("grpc.max_send_message_length", LARGEST_MESSAGE_BYTES),
            # Two processes on one port would share it unevenly; the second shall fail instead.
            ("grpc.so_reuseport", 0),
            ("grpc.keepalive_time_ms", 60_000),
            ("grpc.keepalive_timeout_ms", 20_000),
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ("grpc.http2.max_ping_strikes", 3),
            ("grpc.max_concurrent_streams", LARGEST_STREAMS),
            # What has waited for so long to be taken on is cancelled by gRPC itself, without being told why, and so is
            # some of it where more than that waits. Admission control keeps that from happening; where it can't, calls
            # that have waited longer than their callers do are work for nobody.
            ("grpc.server_max_unrequested_time_in_server", LONGEST_PENDING_SECONDS),
            ("grpc.server.max_pending_requests", MOST_PENDING),
            ("grpc.server.max_pending_requests_hard_limit", 2 * MOST_PENDING),
            # Whoever connects and asks for nothing holds a connection for so long.
            ("grpc.server_handshake_timeout_ms", 10_000),
            ("grpc.max_connection_idle_ms", 300_000),
        ],
    )
    # Generated code registers each rpc besides. gRPC would then keep a queue for each of them, so that admission
    # control could not see how long calls wait, and look through a future for each whenever a call comes.
    vars(server)["add_registered_method_handlers"] = _register_nothing
    return server


def _register_nothing(*_: object) -> None:
    """Leaves the handlers of an rpc to the generic ones, among which they are, too."""


async def serve(
    server: grpc.aio.Server,
    *,
    listen_address: str,
    service_names: Sequence[str],
    is_ready: Callable[[], Awaitable[bool]],
    reflect: bool,
    credentials: grpc.ServerCredentials | None = None,
    shutdown_delay_seconds: float = 0.0,
) -> None:
    """Serves until SIGTERM or SIGINT, then lets running calls end.

    Args:
        server: The server with its services added.
        listen_address: host:port, or unix:path.
        service_names: Full names of the services, whose health is told.
        is_ready: Whether the process can answer now; asked each second.
        reflect: Whether clients may ask for the contract.
        shutdown_delay_seconds: How long new calls are taken after the signal, while health says that they should go
            elsewhere.
        credentials: How the process shows who it is, and whom it takes calls from; None takes plain connections.

    Raises:
        RuntimeError: The address can't be listened on.
    """
    health = health_aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    if reflect:
        reflection.enable_server_reflection([*service_names, reflection.SERVICE_NAME, "grpc.health.v1.Health"], server)
    await tell_health(health, service_names, ready=await is_ready())
    if credentials is None:
        server.add_insecure_port(listen_address)
    else:
        server.add_secure_port(listen_address, credentials)
    await server.start()
    # What is loaded by now stays, and the garbage collector need not look through it with each new request's objects.
    gc.collect()
    gc.freeze()
    _log.info("listening", address=listen_address, services=list(service_names))
    watch = asyncio.create_task(_watch_health(health, service_names, is_ready))
    await _stop_signal()
    watch.cancel()
    await health.enter_graceful_shutdown()
    STOPPING.begin()
    _log.info("stopping", address=listen_address)
    await asyncio.sleep(shutdown_delay_seconds)
    await server.stop(DRAIN_SECONDS)
    _log.info("stopped", address=listen_address)


async def tell_health(health: health_aio.HealthServicer, service_names: Sequence[str], *, ready: bool) -> None:
    """Tells the health of the process and of each service.

    Args:
        health: The health service.
        service_names: Full names of the services.
        ready: Whether they can answer now.
    """
    serving = health_pb2.HealthCheckResponse.SERVING if ready else health_pb2.HealthCheckResponse.NOT_SERVING
    for name in ("", *service_names):
        await health.set(name, serving)


async def _watch_health(
    health: health_aio.HealthServicer, service_names: Sequence[str], is_ready: Callable[[], Awaitable[bool]]
) -> None:
    was_ready: bool | None = None
    while True:
        ready = await is_ready()
        if ready != was_ready:
            await tell_health(health, service_names, ready=ready)
            _log.info("health changed", ready=ready)
            was_ready = ready
        await asyncio.sleep(HEALTH_CHECK_SECONDS)


async def _stop_signal() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
