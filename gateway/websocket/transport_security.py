"""TLS of the bridge, towards the edge and towards the backends."""

import ssl
from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio

from gateway.websocket.settings import BridgeSettings


def server_options(settings: BridgeSettings) -> dict[str, Any]:
    """Gives how the bridge shows who it is, and whom it lets in, as options of uvicorn.

    Args:
        settings: Of the bridge.

    Returns:
        The options; empty if no certificate is set, so that connections are plain.
    """
    if settings.tls_certificate_file is None:
        return {}
    authority = settings.tls_client_authority_file
    return {
        "ssl_certfile": settings.tls_certificate_file,
        "ssl_keyfile": settings.tls_private_key_file,
        "ssl_ca_certs": authority,
        "ssl_cert_reqs": ssl.CERT_NONE if authority is None else ssl.CERT_REQUIRED,
    }


def backend_channel(target: str, settings: BridgeSettings, options: Sequence[tuple[str, Any]]) -> grpc.aio.Channel:
    """Gives a channel to a backend.

    Args:
        target: The backend, as a gRPC target.
        settings: Of the bridge.
        options: Of the channel.

    Returns:
        A channel with TLS if the backends' authority is set, else a plain one.

    Raises:
        OSError: A file can't be read.
    """
    if settings.backend_authority_file is None:
        return grpc.aio.insecure_channel(target, options=options)
    certificate, key = settings.backend_certificate_file, settings.backend_private_key_file
    credentials = grpc.ssl_channel_credentials(
        settings.backend_authority_file.read_bytes(),
        None if key is None else key.read_bytes(),
        None if certificate is None else certificate.read_bytes(),
    )
    return grpc.aio.secure_channel(target, credentials, options=options)
