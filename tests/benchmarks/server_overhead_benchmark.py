"""What identity, permission, tenant and audit cost the server: CPU of a request with them, against one without.

The interceptors are called as gRPC calls them, around a handler that answers at once or writes one row, so that nothing
else is measured. What PostgreSQL needs for it, and what the worker needs to seal a record, are told apart.
"""

import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import grpc
from leadline.v1 import lead_pb2, lead_service_pb2
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.local.development_token import AUDIENCE, ISSUER, DevelopmentKey
from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from server.interceptors.audit import AuditInterceptor
from server.interceptors.authentication import AuthenticationInterceptor
from server.interceptors.method_interceptor import Context, Handler, Method, MethodInterceptor, behavior_of
from server.interceptors.permissions import PermissionsInterceptor
from server.interceptors.tokens import TokenVerifier
from server.runtime.audit_trail import AuditTrail
from server.runtime.database import Database, begin
from server.runtime.identifiers import new_id
from server.runtime.unit_of_work import UnitOfWork
from server.store.audit_sealing import BATCH_SIZE, AuditSealer
from tests.benchmarks.measuring import cpu_seconds
from tests.benchmarks.report import Report, Target
from tests.conftest import migrate

CALLS = 1_000
ROUNDS = 5
TENANT_ID = new_id()
NAME = f"leads/{new_id()}"
LEADS = lead_service_pb2.DESCRIPTOR.services_by_name["LeadService"]
GET, CREATE = "/leadline.v1.LeadService/GetLead", "/leadline.v1.LeadService/CreateLead"
MICROSECONDS = 1e6
WRITE = "INSERT INTO idempotency_keys (tenant_id, method, key, request_digest) VALUES ($1, 'm', $2, 'd')"
LARGEST_OVERHEAD = 150.0

Call = Callable[[], Awaitable[object]]


class Cost(NamedTuple):
    """CPU of a call in microseconds.

    Attributes:
        server: In the server.
        postgres: In PostgreSQL, to 10 milliseconds a round.
    """

    server: float
    postgres: float


class EdgeContext:
    """What gRPC tells of a call that came through the edge."""

    def __init__(self, token: str) -> None:
        self._metadata = (
            ("authorization", f"Bearer {token}"),
            ("x-request-id", str(new_id())),
            ("x-forwarded-for", "203.0.113.9"),
            ("user-agent", "grpc-python/1.80"),
        )

    def peer(self) -> str:
        """Give the connection's other end."""
        return "ipv4:192.0.2.1:50112"

    def invocation_metadata(self) -> Sequence[tuple[str, str]]:
        """Give the call's headers."""
        return self._metadata


class Measured:
    """CPU of calls: this process's, which is that of the server, and PostgreSQL's.

    Args:
        postgres_id: The process of PostgreSQL.
        trail: Where records wait; they are written before the time is taken.
    """

    def __init__(self, postgres_id: int, trail: AuditTrail) -> None:
        self._postgres_id = postgres_id
        self._trail = trail

    async def difference(self, ours: Call, without: Call) -> Cost:
        """Give how much more a call costs than another: of rounds in turn, those that other work disturbed least."""
        rounds = [(await self._spent(ours), await self._spent(without)) for _ in range(ROUNDS + 1)][1:]
        server, postgres = (
            (min(one[part] for one, _ in rounds) - min(other[part] for _, other in rounds)) / CALLS * MICROSECONDS
            for part in (0, 1)
        )
        return Cost(server, postgres)

    async def _spent(self, call: Call) -> tuple[float, float]:
        """Give the CPU seconds of many calls, in this process and in PostgreSQL."""
        server, postgres = time.process_time(), cpu_seconds([self._postgres_id])
        for _ in range(CALLS):
            await call()
        await self._trail.close()
        return time.process_time() - server, cpu_seconds([self._postgres_id]) - postgres


async def measure() -> Report:
    """Measure each part."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        postgres = EmbeddedPostgres(data, free_port(), durable=False)
        postgres.start()
        try:
            migrate(postgres)
            process_id = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
            return await _measure(postgres, process_id, DevelopmentKey(Path(folder) / "key"))
        finally:
            postgres.stop()


async def _measure(postgres: EmbeddedPostgres, process_id: int, key: DevelopmentKey) -> Report:
    database = await Database.connect(postgres.url("leadline_app"))
    relay_database = await Database.connect(postgres.url("leadline_relay"))
    trail = AuditTrail(database)
    context = cast("Context", EdgeContext(key.mint(TENANT_ID, f"users/{new_id()}")))
    guards: list[MethodInterceptor] = [
        AuthenticationInterceptor(TokenVerifier(key.jwks_file, ISSUER, AUDIENCE)),
        PermissionsInterceptor([LEADS]),
    ]
    audited: list[MethodInterceptor] = [AuditInterceptor(trail), *guards]
    get = lead_service_pb2.GetLeadRequest(name=NAME)
    create = lead_service_pb2.CreateLeadRequest(lead=lead_pb2.Lead(email="a@example.com"), idempotency_key="k")
    measured = Measured(process_id, trail)

    async def answer(_request: object, _context: object) -> lead_pb2.Lead:
        return lead_pb2.Lead(name=NAME)

    async def change(_request: object, _context: object) -> lead_pb2.Lead:
        async with database.session() as driver:
            await begin(driver, TENANT_ID)
            await driver.execute(WRITE, TENANT_ID, str(new_id()))
            await UnitOfWork(TENANT_ID, cast("AsyncConnection", None), driver).commit()
        return lead_pb2.Lead(name=NAME)

    async def transaction_with_tenant() -> None:
        async with database.transaction(TENANT_ID) as connection:
            await connection.fetchval("SELECT 1")

    async def transaction() -> None:
        async with database.session() as connection:
            await connection.execute("BEGIN")
            await connection.fetchval("SELECT 1")
            await connection.execute("COMMIT")

    def calling(path: str, request: object, handler: Any, interceptors: Sequence[MethodInterceptor]) -> Call:
        behavior = behavior_of(_wrapped(path, handler, interceptors))
        return lambda: behavior(request, context)

    guarded = await measured.difference(calling(GET, get, answer, guards), calling(GET, get, answer, []))
    tenant = await measured.difference(transaction_with_tenant, transaction)
    read = await measured.difference(calling(GET, get, answer, audited), calling(GET, get, answer, guards))
    changed = await measured.difference(
        calling(CREATE, create, change, audited), calling(CREATE, create, change, guards)
    )
    sealed = await _sealing(relay_database, process_id)
    await database.close()
    await relay_database.close()
    costs = {
        "identity and permission": guarded,
        "tenant": tenant,
        "audit of a read": read,
        "audit of a change": changed,
        "all for a read": Cost(*map(sum, zip(guarded, tenant, read, strict=True))),
        "all for a change": Cost(*map(sum, zip(guarded, tenant, changed, strict=True))),
        "sealing in the worker": sealed,
    }
    figures = {f"{name} server_microseconds".replace(" ", "_"): cost.server for name, cost in costs.items()}
    return Report(
        name="server_overhead",
        title="CPU of a request for identity, permission, tenant and audit",
        columns=("what", "server (µs)", "PostgreSQL (µs)"),
        rows=[(name, f"{cost.server:.1f}", f"{cost.postgres:.0f}") for name, cost in costs.items()],
        figures=figures,
        targets=[
            Target("all_for_a_read_server_microseconds", "<=", LARGEST_OVERHEAD),
            Target("all_for_a_change_server_microseconds", "<=", LARGEST_OVERHEAD),
        ],
    )


async def _sealing(relay_database: Database, postgres_id: int) -> Cost:
    sealer, batches = AuditSealer(relay_database), 1
    server, postgres = time.process_time(), cpu_seconds([postgres_id])
    while await sealer.seal_batch():
        batches += 1
    scale = MICROSECONDS / (batches * BATCH_SIZE)
    return Cost((time.process_time() - server) * scale, (cpu_seconds([postgres_id]) - postgres) * scale)


def _wrapped(path: str, handler: Any, interceptors: Sequence[MethodInterceptor]) -> Handler:
    method = Method.of_path(path)
    made: Any = grpc.unary_unary_rpc_method_handler(handler)
    for interceptor in reversed(interceptors):
        made = interceptor.wrap(method, made)
    return cast("Handler", made)
