"""Rotates the keys that personal data is encrypted by. It needs the settings of the worker.

    python -m server.keys rotate [TENANT ...]

gives each tenant, or the ones that are named, a new version of its key and wraps all its leads' keys by it, while the
processes run. Cut off, it goes on where it was when it is run again.

    python -m server.keys rewrap [TENANT ...]

wraps the tenants' keys by the key service's newest key, after that was rotated.

    python -m server.keys add-file-key PATH

adds a key to a file of keys, by which tenants' keys are wrapped from then on; it makes the file if it is missing.
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
import uvloop

from server.encryption.rotation import RotateKeys
from server.runtime.database import STATEMENT_SECONDS, Database
from server.runtime.logging import configure_logging
from server.server_settings import DataSettings
from server.store.key_services.local_file import add_key
from server.store.key_services.opening import open_key_service
from server.store.tenant_keys import PostgresTenantKeyStore
from server.store.waiting_tenants import WaitingTenants

_log: Final = structlog.get_logger()


async def rotate_keys(settings: DataSettings, command: str, tenant_ids: Sequence[UUID]) -> None:
    """Rotates the tenants' keys, or wraps them anew.

    Args:
        settings: Of the process.
        command: `rotate` or `rewrap`.
        tenant_ids: Whose keys; none for all.

    Raises:
        DependencyUnavailable: PostgreSQL or the key service can't be reached.
        EncryptedDataBroken: A key can't be unwrapped.
    """
    database = await Database.connect(settings.database_url)
    relay_database = await Database.connect(settings.relay_database_url)
    rotation = RotateKeys(
        PostgresTenantKeyStore(database),
        open_key_service(settings.key_service, settings.key_service_token_file),
        grace_seconds=settings.key_cache_seconds + STATEMENT_SECONDS,
        sleep=asyncio.sleep,
    )
    try:
        for tenant_id in tenant_ids or await WaitingTenants(relay_database).with_keys():
            if command == "rewrap":
                _log.info("wrapped anew", tenant=str(tenant_id), versions=await rotation.service_key(tenant_id))
            else:
                await _rotate(rotation, tenant_id)
    finally:
        await database.close()
        await relay_database.close()


async def _rotate(rotation: RotateKeys, tenant_id: UUID) -> None:
    log = _log.bind(tenant=str(tenant_id))

    async def progress(stage: str, done: int) -> None:
        log.info(stage, leads=done)

    done = await rotation.tenant_key(tenant_id, progress)
    log.info("rotated", version=done.version, leads=done.rewrapped)
    for lead_id in done.broken:
        log.warning("this lead's key was changed outside of Leadline and can't be read", lead=str(lead_id))


def main() -> None:
    """Runs the command that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m server.keys", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in (("rotate", "rotate tenants' keys"), ("rewrap", "wrap tenants' keys anew")):
        command = commands.add_parser(name, help=purpose)
        command.add_argument("tenants", nargs="*", type=UUID, metavar="TENANT", help="a tenant's id; none means all")
    commands.add_parser("add-file-key", help="add a key to a file").add_argument("path", type=Path)
    arguments = parser.parse_args()
    configure_logging("info")
    if arguments.command == "add-file-key":
        _log.info("added a key", file=str(arguments.path), key=add_key(arguments.path))
        return
    uvloop.run(rotate_keys(DataSettings.load(), arguments.command, arguments.tenants))


if __name__ == "__main__":
    main()
