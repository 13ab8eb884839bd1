"""TLS between the edge and the processes behind it: each shows the other who it is."""

import ssl
from typing import Any

import grpc

from server.runtime.settings import ProcessSettings


def server_credentials(settings: ProcessSettings) -> grpc.ServerCredentials | None:
    """Gives how a gRPC server shows who it is, and whom it takes calls from.

    Args:
        settings: Of the process.

    Returns:
        The credentials; None if no certificate is set, so that connections are plain.

    Raises:
        OSError: A file can't be read.
    """
    if settings.tls_certificate_file is None or settings.tls_private_key_file is None:
        return None
    pair = (settings.tls_private_key_file.read_bytes(), settings.tls_certificate_file.read_bytes())
    authority = settings.tls_client_authority_file
    return grpc.ssl_server_credentials(
        [pair],
        root_certificates=None if authority is None else authority.read_bytes(),
        require_client_auth=authority is not None,
    )


def http_server_options(settings: ProcessSettings) -> dict[str, Any]:
    """Gives the same for an HTTP server, as options of uvicorn.

    Args:
        settings: Of the process.

    Returns:
        The options; empty if no certificate is set.
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
