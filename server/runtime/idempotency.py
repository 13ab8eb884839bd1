"""The first answer to an idempotency key, kept with the effect it tells of, and given again to each repetition."""

from collections.abc import Awaitable, Callable

from server.runtime.connection_pool import Driver
from server.runtime.errors import IdempotencyKeyReused
from server.runtime.unit_of_work import UnitOfWork


async def once(
    work: UnitOfWork,
    *,
    method: str,
    key: str,
    request_digest: bytes,
    answer: Callable[[], Awaitable[bytes]],
) -> bytes:
    """Does a thing at most once for a key of the tenant, within the unit of work.

    The caller commits. A repetition that comes while the first call still runs waits for it. A key is free again if
    its transaction is rolled back, and 24 hours after.

    Args:
        work: The unit of work in which the effect happens.
        method: The rpc's full name, such as `/leadline.v1.LeadService/CreateLead`: keys of different rpcs differ.
        key: The caller's key; for a message of a stream `<key>/<sequence_number>`.
        request_digest: SHA-256 of the request's deterministic bytes.
        answer: Causes the effect in the same unit of work and gives the answer's bytes.

    Returns:
        The answer's bytes, of this call or of the first one.

    Raises:
        IdempotencyKeyReused: The key was used for another request.
    """
    stored = await _claim(work.driver, work, method, key, request_digest)
    if stored is not None:
        work.is_repetition = True
        return stored
    response = await answer()
    await work.driver.execute(
        "UPDATE idempotency_keys SET response = $4 WHERE tenant_id = $1 AND method = $2 AND key = $3",
        work.tenant_id,
        method,
        key,
        response,
    )
    return response


async def _claim(driver: Driver, work: UnitOfWork, method: str, key: str, request_digest: bytes) -> bytes | None:
    """Takes the key if it is free; otherwise gives the answer that is stored with it."""
    status = await driver.execute(
        "INSERT INTO idempotency_keys (tenant_id, method, key, request_digest) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (tenant_id, method, key) DO NOTHING",
        work.tenant_id,
        method,
        key,
        request_digest,
    )
    if status == "INSERT 0 1":
        return None
    row = await driver.fetchrow(
        "SELECT request_digest, response FROM idempotency_keys WHERE tenant_id = $1 AND method = $2 AND key = $3",
        work.tenant_id,
        method,
        key,
    )
    if row is None or row["request_digest"] != request_digest:
        raise IdempotencyKeyReused(key)
    stored: bytes = row["response"]
    return stored
