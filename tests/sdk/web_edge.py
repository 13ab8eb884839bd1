"""An Envoy that translates gRPC-web for browsers, as the edge does, in front of the Leadline of the suite."""

import json
from pathlib import Path
from typing import Any, Self

from deploy.local.ports import LOOPBACK, accepts_connections, free_port
from deploy.local.process import ChildProcess
from gateway.envoy.render import envoy_command

_TYPES = "type.googleapis.com/envoy.extensions"


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": LOOPBACK, "port_value": port}}


def _configuration(port: int, upstream: int) -> dict[str, Any]:
    router = {"@type": f"{_TYPES}.filters.http.router.v3.Router"}
    filters = [
        {"name": "grpc_web", "typed_config": {"@type": f"{_TYPES}.filters.http.grpc_web.v3.GrpcWeb"}},
        {"name": "router", "typed_config": router},
    ]
    route = {"match": {"prefix": "/"}, "route": {"cluster": "leadline", "timeout": "0s"}}
    manager = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "web",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": filters,
    }
    protocol = {
        "@type": f"{_TYPES}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    endpoint = {"endpoint": {"address": _address(upstream)}}
    cluster = {
        "name": "leadline",
        "connect_timeout": "2s",
        "typed_extension_protocol_options": {f"{_TYPES.split('/')[1]}.upstreams.http.v3.HttpProtocolOptions": protocol},
        "load_assignment": {"cluster_name": "leadline", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    listener = {"name": "web", "address": _address(port), "filter_chains": [chain]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


class WebEdge:
    """A running Envoy; to be used as a context manager.

    Args:
        folder: where its configuration and its log go.

    Attributes:
        address: where browsers connect.
        upstream_port: where the Leadline has to listen that it stands before.
    """

    def __init__(self, folder: Path) -> None:
        port, self.upstream_port = free_port(), free_port()
        self.address = f"{LOOPBACK}:{port}"
        file = folder / "envoy.json"
        file.write_text(json.dumps(_configuration(port, self.upstream_port)), encoding="utf-8")
        log = folder / "envoy.log"
        self._process = ChildProcess("envoy", envoy_command(file), log=log, is_ready=lambda: accepts_connections(port))

    def __enter__(self) -> Self:
        """Start."""
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._process.stop()
