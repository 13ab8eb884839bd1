"""Versions of scoring rules in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import orjson

from scoring.registry.rule_set_version import RuleSetVersion
from scoring.rules.rule_set import RuleSet
from server.runtime.connection_pool import Driver
from server.runtime.database import Database
from server.runtime.errors import EtagMismatch, RuleSetInUse, RuleSetNotFound
from server.runtime.identifiers import format_name, new_id
from server.runtime.unit_of_work import unit_of_work

ACTIVE = "ruleSets/active"

_COLUMNS = "id, version, display_name, content::text AS content, active, revision, create_time, activate_time"

_FIND = f"SELECT {_COLUMNS} FROM rule_sets WHERE tenant_id = $1 AND id = $2"

_FIND_ACTIVE = f"SELECT {_COLUMNS} FROM rule_sets WHERE tenant_id = $1 AND active"

_NEWEST = f"""
SELECT {_COLUMNS} FROM rule_sets
WHERE tenant_id = $1 AND ($2::bigint IS NULL OR version < $2)
ORDER BY version DESC LIMIT $3
"""

# Changes of one tenant's rules come one after the other; held until the transaction ends.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('rule sets ' || $1::uuid, 0))"

_ADD = f"""
INSERT INTO rule_sets (tenant_id, id, version, display_name, content)
SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4::jsonb FROM rule_sets WHERE tenant_id = $1
RETURNING {_COLUMNS}
"""

_DEACTIVATE_OTHERS = """
UPDATE rule_sets SET active = false, revision = revision + 1 WHERE tenant_id = $1 AND active AND id <> $2
"""

_SET_ACTIVE = f"""
UPDATE rule_sets SET active = $3, revision = revision + 1,
    activate_time = CASE WHEN $3 THEN clock_timestamp() ELSE activate_time END
WHERE tenant_id = $1 AND id = $2 RETURNING {_COLUMNS}
"""

_DELETE = "DELETE FROM rule_sets WHERE tenant_id = $1 AND id = $2"


class RuleSets:
    """The versions in PostgreSQL. Every method raises DependencyUnavailable where it can't be reached.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant_id: UUID, rule_set_id: UUID) -> RuleSetVersion:
        """Gives a version.

        Raises:
            RuleSetNotFound: The tenant has no such version.
        """
        async with self._database.transaction(tenant_id) as connection:
            return await _get(connection, tenant_id, rule_set_id)

    async def active(self, tenant_id: UUID) -> RuleSetVersion:
        """Gives the active version.

        Raises:
            RuleSetNotFound: None is active.
        """
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_FIND_ACTIVE, tenant_id)
        if row is None:
            raise RuleSetNotFound(ACTIVE)
        return _version(row)

    async def newest(self, tenant_id: UUID, limit: int, below_version: int | None = None) -> Sequence[RuleSetVersion]:
        """Gives up to `limit` versions, the newest first, of those below a version if one is given."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_NEWEST, tenant_id, below_version, limit)
        return [_version(row) for row in rows]

    async def add(self, tenant_id: UUID, display_name: str, rule_set: RuleSet, newest_etag: str) -> RuleSetVersion:
        """Keeps a new version, which is not active. Joins the rpc's unit of work.

        Args:
            tenant_id: The tenant.
            display_name: What people call it.
            rule_set: The rules, valid.
            newest_etag: What the etag of the newest version must be; empty for no such check.

        Raises:
            EtagMismatch: It is another one.
        """
        async with unit_of_work(self._database, tenant_id) as work:
            await work.driver.execute(_LOCK, tenant_id)
            if newest_etag:
                newest = await work.driver.fetchrow(_NEWEST, tenant_id, None, 1)
                _check_etag(newest_etag, "" if newest is None else _version(newest).etag)
            content = orjson.dumps(rule_set.to_json()).decode()
            row = await work.driver.fetchrow(_ADD, tenant_id, new_id(), display_name, content)
            if row is None:
                raise RuntimeError("an insert gave no row")
            await work.commit()
        return _version(row)

    async def set_active(self, tenant_id: UUID, rule_set_id: UUID, etag: str, *, active: bool) -> RuleSetVersion:
        """Makes a version the active one, or the active one so no longer. Joins the rpc's unit of work.

        Args:
            tenant_id: The tenant.
            rule_set_id: The version.
            etag: What its etag must be; empty for no such check.
            active: Whether it shall be active; it then takes the place of the one before.

        Raises:
            RuleSetNotFound: The tenant has no such version, or the one to be deactivated is not active.
            EtagMismatch: Its etag is another one.
        """
        async with unit_of_work(self._database, tenant_id) as work:
            await work.driver.execute(_LOCK, tenant_id)
            version = await _get(work.driver, tenant_id, rule_set_id)
            if not active and not version.active:
                raise RuleSetNotFound(ACTIVE)
            if etag:
                _check_etag(etag, version.etag)
            await work.driver.execute(_DEACTIVATE_OTHERS, tenant_id, rule_set_id)
            row = await work.driver.fetchrow(_SET_ACTIVE, tenant_id, rule_set_id, active)
            if row is None:
                raise RuleSetNotFound(format_name("ruleSets", rule_set_id))
            await work.commit()
        return _version(row)

    async def delete(self, tenant_id: UUID, rule_set_id: UUID) -> None:
        """Deletes a version that was never active. Joins the rpc's unit of work.

        Raises:
            RuleSetNotFound: The tenant has no such version.
            RuleSetInUse: It was active once.
        """
        async with unit_of_work(self._database, tenant_id) as work:
            await work.driver.execute(_LOCK, tenant_id)
            version = await _get(work.driver, tenant_id, rule_set_id)
            if version.activate_time is not None:
                raise RuleSetInUse(format_name("ruleSets", rule_set_id))
            await work.driver.execute(_DELETE, tenant_id, rule_set_id)
            await work.commit()


async def _get(connection: Driver, tenant_id: UUID, rule_set_id: UUID) -> RuleSetVersion:
    row = await connection.fetchrow(_FIND, tenant_id, rule_set_id)
    if row is None:
        raise RuleSetNotFound(format_name("ruleSets", rule_set_id))
    return _version(row)


def _check_etag(expected: str, present: str) -> None:
    if expected != present:
        raise EtagMismatch(present, "the rule set")


def _version(row: asyncpg.Record) -> RuleSetVersion:
    return RuleSetVersion(
        rule_set_id=row["id"],
        version=row["version"],
        display_name=row["display_name"],
        rule_set=RuleSet.from_json(orjson.loads(row["content"])),
        active=row["active"],
        revision=row["revision"],
        create_time=row["create_time"],
        activate_time=row["activate_time"],
    )
