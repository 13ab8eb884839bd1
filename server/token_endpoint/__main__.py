"""Runs the token endpoint: `python -m server.token_endpoint`."""

import asyncio

import uvicorn

from server.identity_composition import IdentityParts, publish_signing_key
from server.interceptors.published_keys import PublishedKeys
from server.runtime.audit_trail import AuditTrail
from server.runtime.database import Database
from server.runtime.logging import configure_logging
from server.runtime.redis import connect_redis
from server.runtime.transport_security import http_server_options
from server.server_settings import ServerSettings
from server.token_endpoint.application import TokenEndpoint
from server.tracking_composition import open_pixels


async def run(settings: ServerSettings) -> None:
    """Serves until SIGTERM or SIGINT.

    Args:
        settings: Of the process.
    """
    database = await Database.connect(settings.database_url)
    redis = await connect_redis(settings.redis_url, response_seconds=2.0)
    await publish_signing_key(settings, database)
    keys = PublishedKeys(settings.jwks_file, database)
    following = asyncio.create_task(keys.follow())
    parts = IdentityParts(settings, database, redis)
    trail = AuditTrail(database)
    endpoint = TokenEndpoint(
        parts.exchange, open_pixels(settings, database), keys, settings.access_token_seconds, trail
    )
    host, _, port = settings.http_listen_address.rpartition(":")
    configuration = uvicorn.Config(
        endpoint.application(),
        host=host,
        port=int(port),
        log_config=None,
        access_log=False,
        server_header=False,
        **http_server_options(settings),
    )
    await uvicorn.Server(configuration).serve()
    following.cancel()
    await trail.close()
    await redis.aclose()
    await database.close()


def main() -> None:
    """Reads the settings and runs the endpoint."""
    settings = ServerSettings.load()
    configure_logging(settings.log_level)
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
