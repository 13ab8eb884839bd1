"""TLS at the edge's door, and mutual TLS between the edge and the real processes behind it."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import grpc.aio
import httpx
import pytest
import pytest_asyncio
from leadline.v1 import (
    experiment_service_pb2,
    experiment_service_pb2_grpc,
    lead_service_pb2,
    lead_service_pb2_grpc,
)
from websockets.asyncio.client import connect

from deploy.local.development_certificates import CertificateFiles, DevelopmentAuthority
from deploy.local.development_token import DevelopmentKey
from deploy.local.ports import LOOPBACK, accepts_connections, free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import ChildProcess
from deploy.local.valkey import EmbeddedValkey
from tests.e2e import grpc_web
from tests.integration.gateway.conftest import free_address, running, wait_for_status, write_edge
from tests.integration.gateway.errors import rest_reason

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROCESSES = ("server.main", "scoring.main", "server.token_endpoint", "gateway.websocket")


@dataclass(frozen=True, slots=True)
class Secured:
    """A running edge with TLS in front of real processes with mutual TLS.

    Attributes:
        tls_address: Where clients connect with TLS.
        plain_address: Where they connect without.
        ports: Of each process, by the module that it runs.
        authority: Signs the certificates that the processes and the edge trust.
        edge_certificate: What the edge shows the processes.
        token: A tenant's.
    """

    tls_address: str
    plain_address: str
    ports: dict[str, int]
    authority: DevelopmentAuthority
    edge_certificate: CertificateFiles
    token: str

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client needs to trust the edge."""
        return ssl.create_default_context(cafile=str(self.authority.certificate_file))

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"https://{self.tls_address}", headers=self.bearer, verify=self.trust)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentAuthority:
    """The authority of the whole."""
    return DevelopmentAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def stores(postgres: EmbeddedPostgres, valkey: EmbeddedValkey, key_service: str) -> dict[str, str]:
    """Where the processes find their stores."""
    return {
        "LEADLINE_DATABASE_URL": postgres.url("leadline_app"),
        "LEADLINE_REDIS_URL": valkey.url,
        "LEADLINE_KEY_SERVICE": key_service,
    }


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def secured(
    tmp_path_factory: pytest.TempPathFactory,
    authority: DevelopmentAuthority,
    stores: dict[str, str],
    development_key: DevelopmentKey,
) -> AsyncIterator[Secured]:
    """Runs the whole, in which only the door of the edge takes plain connections."""
    folder = tmp_path_factory.mktemp("secured")
    ports = {module: free_port() for module in PROCESSES}
    addresses = {module: f"{LOOPBACK}:{port}" for module, port in ports.items()}
    of_edge = authority.issue("edge")
    public = authority.issue("public")
    shared = stores | {
        "LEADLINE_JWKS_FILE": str(development_key.jwks_file),
        "LEADLINE_SIGNING_SECRET": "a secret for the tests",
        "LEADLINE_SHUTDOWN_DELAY_SECONDS": "0",
        "LEADLINE_MAILBOX_FOLDER": str(folder / "mailbox"),
        "LEADLINE_SERVER_TARGET": addresses["server.main"],
        "LEADLINE_SCORER_TARGET": addresses["scoring.main"],
        "LEADLINE_TLS_CLIENT_AUTHORITY_FILE": str(authority.certificate_file),
        "LEADLINE_BACKEND_AUTHORITY_FILE": str(authority.certificate_file),
    }
    with ExitStack() as cleanup:
        processes = []
        for module, port in ports.items():
            own = authority.issue(module)
            certificate = {
                f"LEADLINE_{side}_{name}_FILE": str(file)
                for side in ("TLS", "BACKEND")
                for name, file in (("CERTIFICATE", own.certificate), ("PRIVATE_KEY", own.private_key))
            }
            process = ChildProcess(
                module,
                [sys.executable, "-m", module],
                log=folder / f"{module}.log",
                is_ready=lambda port=port: accepts_connections(port),  # type: ignore[misc]
                environment=shared
                | certificate
                | {"LEADLINE_LISTEN_ADDRESS": addresses[module], "LEADLINE_HTTP_LISTEN_ADDRESS": addresses[module]},
            )
            process.start()
            cleanup.callback(process.stop)
            processes.append(process)
        for process in processes:
            await asyncio.to_thread(process.wait_until_ready)
        tls_address = free_address()
        edge, command = write_edge(
            folder,
            tls_listen_address=tls_address,
            tls_certificate_file=public.certificate,
            tls_private_key_file=public.private_key,
            backend_authority_file=authority.certificate_file,
            backend_certificate_file=of_edge.certificate,
            backend_private_key_file=of_edge.private_key,
            server_addresses=[addresses["server.main"]],
            scorer_addresses=[addresses["scoring.main"]],
            websocket_addresses=[addresses["gateway.websocket"]],
            token_endpoint_addresses=[addresses["server.token_endpoint"]],
            jwks_file=None,
            jwks_uri=f"https://{addresses['server.token_endpoint']}/.well-known/jwks.json",
            unary_timeout_seconds=10,
        )
        async with running(command, f"http://{edge.address}/healthz"):
            token = development_key.mint(UUID(int=uuid4().int))
            yield Secured(tls_address, edge.address, ports, authority, of_edge, token)


async def test_rest_and_grpc_web(secured: Secured) -> None:
    async with secured.client() as client:
        listed = await client.get("/v1/leads")
    assert (listed.status_code, listed.json()["leads"]) == (200, [])

    def call() -> int:
        with httpx.Client(
            base_url=f"https://{secured.tls_address}", headers=secured.bearer, verify=secured.trust
        ) as http:
            return grpc_web.call(http, "LeadService/ListLeads", lead_service_pb2.ListLeadsRequest()).status

    assert await asyncio.to_thread(call) == 0


async def test_grpc_reaches_the_server_and_the_scorer(secured: Secured) -> None:
    credentials = grpc.ssl_channel_credentials(secured.authority.certificate_file.read_bytes())
    metadata = tuple(secured.bearer.items())
    async with grpc.aio.secure_channel(secured.tls_address, credentials) as channel:
        leads = lead_service_pb2_grpc.LeadServiceStub(channel)
        assert not (await leads.ListLeads(lead_service_pb2.ListLeadsRequest(), metadata=metadata)).leads
        experiments = experiment_service_pb2_grpc.ExperimentServiceStub(channel)
        request = experiment_service_pb2.ListExperimentsRequest()
        assert not (await experiments.ListExperiments(request, metadata=metadata)).experiments


async def test_websocket(secured: Secured) -> None:
    url = f"wss://{secured.tls_address}/ws/leadline.v1.LeadService/ListLeads"
    async with connect(url, subprotocols=["leadline.v1", f"bearer.{secured.token}"], ssl=secured.trust) as socket:  # type: ignore[list-item]
        await socket.send("{}")
        assert '"leads": []' in str(await socket.recv())


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
async def test_protocol_is_agreed_on_in_the_handshake(secured: Secured, protocol: str) -> None:
    context = secured.trust
    context.set_alpn_protocols([protocol])
    host, _, port = secured.tls_address.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=context)
    session = writer.get_extra_info("ssl_object")
    assert (session.selected_alpn_protocol(), session.version()) == (protocol, "TLSv1.3")
    writer.close()


async def test_older_tls_is_refused(secured: Secured) -> None:
    outdated = secured.trust
    outdated.maximum_version = ssl.TLSVersion.TLSv1_2
    async with httpx.AsyncClient(base_url=f"https://{secured.tls_address}", verify=outdated) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/healthz")


async def test_browsers_are_told_to_come_back_with_tls_by_tls_alone(secured: Secured) -> None:
    async with secured.client() as client:
        answered = await client.get("/v1/leads")
        refused = await client.get("/v1/leads", headers={"authorization": ""})
    async with httpx.AsyncClient(base_url=f"http://{secured.plain_address}", headers=secured.bearer) as client:
        plain = await client.get("/v1/leads")
    for response in (answered, refused):
        assert response.headers["strict-transport-security"] == "max-age=31536000"
    assert plain.status_code == 200
    assert "strict-transport-security" not in plain.headers


@pytest.mark.parametrize("module", ["server.main", "scoring.main"])
@pytest.mark.parametrize("shown", ["nothing", "no certificate", "a certificate of another authority", "the edge's"])
async def test_processes_take_calls_from_the_edge_alone(
    tmp_path: Path, secured: Secured, module: str, shown: str
) -> None:
    address = f"{LOOPBACK}:{secured.ports[module]}"
    own = {
        "no certificate": None,
        "a certificate of another authority": DevelopmentAuthority(tmp_path).issue("edge"),
        "the edge's": secured.edge_certificate,
    }.get(shown)
    trusted = secured.authority.certificate_file.read_bytes()
    pair = () if own is None else (own.private_key.read_bytes(), own.certificate.read_bytes())
    channel = (
        grpc.aio.insecure_channel(address)
        if shown == "nothing"
        else grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(trusted, *pair))
    )
    async with channel:
        call: Any = channel.unary_unary("/grpc.health.v1.Health/Check", request_serializer=bytes)(b"", timeout=5)
        if shown == "the edge's":
            assert await call == bytes([8, 1])  # SERVING
            return
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("module", ["gateway.websocket", "server.token_endpoint"])
async def test_bridge_and_token_endpoint_take_connections_from_the_edge_alone(secured: Secured, module: str) -> None:
    path = "/healthz"
    for url in (
        f"http://{LOOPBACK}:{secured.ports[module]}{path}",
        f"https://{LOOPBACK}:{secured.ports[module]}{path}",
    ):
        async with httpx.AsyncClient(verify=secured.trust) as client:
            with pytest.raises(httpx.TransportError):
                await client.get(url)
    known = secured.trust
    known.load_cert_chain(secured.edge_certificate.certificate, secured.edge_certificate.private_key)
    async with httpx.AsyncClient(verify=known) as client:
        assert (await client.get(url)).status_code == 200


async def test_renewed_certificate_is_taken_without_a_restart(tmp_path: Path, secured: Secured) -> None:
    in_use = DevelopmentAuthority(tmp_path / "in use")
    files = in_use.issue("public")
    server = f"{LOOPBACK}:{secured.ports['server.main']}"
    tls_address = free_address()
    edge, command = write_edge(
        tmp_path,
        tls_listen_address=tls_address,
        tls_certificate_file=files.certificate,
        tls_private_key_file=files.private_key,
        server_addresses=[server],
        scorer_addresses=[server],
    )
    renewed = secured.authority.issue("renewed")
    async with running(command, f"http://{edge.admin_address}/ready"):
        async with httpx.AsyncClient(base_url=f"https://{tls_address}", verify=secured.trust) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get("/healthz")
        for source, target in ((renewed.private_key, files.private_key), (renewed.certificate, files.certificate)):
            source.rename(target)
        async with httpx.AsyncClient(base_url=f"https://{tls_address}", verify=secured.trust) as client:
            await wait_for_status(client, "/healthz", httpx.codes.SERVICE_UNAVAILABLE)


async def test_edge_sends_nothing_to_a_process_of_another_authority(tmp_path: Path, secured: Secured) -> None:
    other = DevelopmentAuthority(tmp_path / "other")
    server = f"{LOOPBACK}:{secured.ports['server.main']}"
    edge, command = write_edge(
        tmp_path,
        backend_authority_file=other.certificate_file,
        backend_certificate_file=secured.edge_certificate.certificate,
        backend_private_key_file=secured.edge_certificate.private_key,
        server_addresses=[server],
        scorer_addresses=[server],
    )
    async with running(command, f"http://{edge.admin_address}/ready"), edge.client() as client:
        refused = await client.get("/v1/leads")
    assert (refused.status_code, rest_reason(refused)) == (503, "DEPENDENCY_UNAVAILABLE")
