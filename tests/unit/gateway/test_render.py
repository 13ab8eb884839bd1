"""The rendered configuration of Envoy."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from leadline.v1.deprecation_pb2 import Deprecation

from gateway.contract import SCORER_SERVICES, contract_services, grpc_path, is_stream
from gateway.envoy import render as module
from gateway.envoy.path_fields import second_say
from gateway.envoy.render import InvalidConfiguration, envoy_command, main, render
from gateway.envoy.settings import EdgeSettings

SCORING = "/leadline.v1.ScoringService/"


def configuration(folder: Path, **values: Any) -> dict[str, Any]:
    """Renders with some settings, and reads what came out."""
    settings = EdgeSettings(**{"jwks_file": folder / "jwks.json"} | values)
    read: dict[str, Any] = yaml.safe_load(render(settings, folder).read_text())
    return read


def manager(read: dict[str, Any]) -> dict[str, Any]:
    """Gives the HTTP connection manager of the first listener."""
    found: dict[str, Any] = read["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    return found


def http_filter(read: dict[str, Any], name: str) -> dict[str, Any]:
    """Gives the configuration of an HTTP filter."""
    found: dict[str, Any] = next(
        entry["typed_config"]
        for entry in manager(read)["http_filters"]
        if entry["name"] == f"envoy.filters.http.{name}"
    )
    return found


def test_every_rpc_has_a_route_to_the_process_that_answers_it(tmp_path: Path) -> None:
    read = configuration(tmp_path, unary_timeout_seconds=7)
    routes = {
        route["match"]["path"]: route["route"]
        for route in manager(read)["route_config"]["virtual_hosts"][0]["routes"]
        if "path" in route["match"]
    }
    for service in contract_services():
        for method in service.methods:
            route = routes[grpc_path(method)]
            assert route["cluster"] == ("scorer" if service.full_name in SCORER_SERVICES else "server")
            seconds = float(route["max_stream_duration"]["max_stream_duration"].removesuffix("s"))
            assert seconds == (0 if is_stream(method) else 67 if method.name == "WaitOperation" else 7)
            assert ("retry_policy" in route) is not is_stream(method)


def test_backends_have_an_endpoint_for_each_address(tmp_path: Path) -> None:
    read = configuration(tmp_path, server_addresses=["one:1", "two:2"], scorer_addresses=["three:3"])
    clusters = {
        cluster["name"]: [
            tuple(entry["endpoint"]["address"]["socket_address"].values())
            for entry in cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
        ]
        for cluster in read["static_resources"]["clusters"]
    }
    assert clusters["server"] == [("one", 1), ("two", 2)]
    assert clusters["scorer"] == [("three", 3)]
    assert "jwks" not in clusters


def test_limits_of_the_plans(tmp_path: Path) -> None:
    read = configuration(tmp_path, free_requests_per_second=3)
    buckets = {
        entry["entries"][0]["value"]: entry["token_bucket"]
        for entry in http_filter(read, "local_ratelimit")["descriptors"]
    }
    assert set(buckets) == {"free", "pro", "enterprise"}
    assert (buckets["free"]["max_tokens"], buckets["free"]["tokens_per_fill"]) == (6, 3)


def test_limits_that_all_edges_share(tmp_path: Path) -> None:
    alone = configuration(tmp_path / "alone")
    assert not (tmp_path / "alone" / "rate_limit").exists()
    assert http_filter(alone, "local_ratelimit")["enable_x_ratelimit_headers"] == "DRAFT_VERSION_03"
    together = configuration(tmp_path, rate_limit_addresses=["limits:8081"], free_requests_per_second=3)
    written = yaml.safe_load((tmp_path / "rate_limit" / "config" / "leadline.yaml").read_text())
    assert written["domain"] == http_filter(together, "ratelimit")["domain"]
    limits = {entry["value"]: entry["descriptors"][0] for entry in written["descriptors"]}
    assert limits["free"] == {"key": "tenant", "rate_limit": {"unit": "second", "requests_per_unit": 3}}
    assert limits["public"]["key"] == "remote_address"
    # Two filters that tell what is left would contradict each other.
    assert http_filter(together, "local_ratelimit")["enable_x_ratelimit_headers"] == "OFF"


def test_no_setting_breaks_out_of_its_place(tmp_path: Path) -> None:
    issuer = "https://x\"\n  evil: {{ listen }} # '%"
    read = configuration(tmp_path, token_issuer=issuer)
    assert http_filter(read, "jwt_authn")["providers"]["header"]["issuer"] == issuer


def test_keys_from_a_uri(tmp_path: Path) -> None:
    read = configuration(tmp_path, jwks_file=None, jwks_uri="https://keys.example/jwks")
    provider = http_filter(read, "jwt_authn")["providers"]["header"]
    cluster = next(cluster for cluster in read["static_resources"]["clusters"] if cluster["name"] == "jwks")
    assert provider["remote_jwks"]["http_uri"]["uri"] == "https://keys.example/jwks"
    assert cluster["transport_socket"]["typed_config"]["sni"] == "keys.example"
    assert "local_jwks" not in provider


def test_tls_listener_only_with_a_certificate(tmp_path: Path) -> None:
    plain = configuration(tmp_path)
    both = configuration(tmp_path, tls_certificate_file="edge.crt", tls_private_key_file="edge.key")
    assert [listener["name"] for listener in plain["static_resources"]["listeners"]] == ["plain"]
    assert [listener["name"] for listener in both["static_resources"]["listeners"]] == ["plain", "tls"]
    secure = both["static_resources"]["listeners"][1]["filter_chains"][0]["filters"][0]["typed_config"]
    headers = secure["http_filters"][0]["typed_config"]["mutations"]["response_mutations"]
    assert headers.pop()["append"]["header"] == {"key": "strict-transport-security", "value": "max-age=31536000"}
    assert manager(both) == secure


def test_log_goes_to_a_file_or_to_standard_output(tmp_path: Path) -> None:
    to_output = manager(configuration(tmp_path))["access_log"][0]
    to_file = manager(configuration(tmp_path, access_log_file=tmp_path / "access.log"))["access_log"][0]
    assert to_output["name"] == "envoy.access_loggers.stdout"
    assert to_file["typed_config"]["path"] == str(tmp_path / "access.log")
    assert to_output["typed_config"]["log_format"] == to_file["typed_config"]["log_format"]


def test_command_line_writes_and_validates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEADLINE_JWKS_FILE", str(tmp_path / "jwks.json"))
    checked: list[Path] = []
    monkeypatch.setattr(module, "validate", checked.append)
    assert main(["--output", str(tmp_path), "--validate"]) == 0
    assert checked == [tmp_path / "envoy.yaml"]
    assert (tmp_path / "contract.binpb").stat().st_size > 0

    def refuse(_configuration: Path) -> None:
        raise InvalidConfiguration("no such filter")

    monkeypatch.setattr(module, "validate", refuse)
    assert main(["--output", str(tmp_path), "--validate"]) == 1
    assert "no such filter" in capsys.readouterr().err


def test_validation_alone_makes_keys_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEADLINE_JWKS_FILE", raising=False)
    keys: list[Any] = []

    def read_keys(written: Path) -> None:
        keys.extend(json.loads((written.parent / "jwks.json").read_text())["keys"])

    monkeypatch.setattr(module, "validate", read_keys)
    assert main(["--validate"]) == 0
    assert keys[0]["crv"] == "P-256"
    assert "d" not in keys[0]


def test_command_line_without_anything_to_do() -> None:
    with pytest.raises(SystemExit):
        main([])


def test_command_runs_the_binary_of_the_wheel(tmp_path: Path) -> None:
    command = envoy_command(tmp_path / "envoy.yaml", threads=3)
    assert Path(command[0]).is_file()
    assert command[command.index("--concurrency") + 1] == "3"


def test_dashboard_is_served_without_a_token_under_a_strict_policy(tmp_path: Path) -> None:
    without = json.dumps(configuration(tmp_path))
    assert "/app/" not in without
    read = configuration(tmp_path, dashboard_folder=tmp_path)
    rules = http_filter(read, "jwt_authn")["rules"]
    assert {"match": {"prefix": "/app/"}} in rules
    assert rules.index({"match": {"prefix": "/app/"}}) < len(rules) - 1
    routes = manager(read)["route_config"]["virtual_hosts"][0]["routes"]
    for route in routes:
        if route["match"].get("prefix", "").startswith("/app/"):
            mutations = route["typed_per_filter_config"]["envoy.filters.http.header_mutation"]["mutations"]
            headers = {
                entry["append"]["header"]["key"]: entry["append"]["header"]["value"]
                for entry in mutations["response_mutations"]
            }
            assert "script-src 'self';" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            compressor = route["typed_per_filter_config"]["envoy.filters.http.compressor"]["overrides"]
            assert compressor["compressor_library"]["typed_config"]["compression_level"] == "COMPRESSION_LEVEL_6"
    prefixes = [route["match"].get("prefix", "") for route in routes]
    assert [prefix for prefix in prefixes if prefix.startswith("/app/")] == ["/app/_next/static/", "/app/"]


def test_deprecated_rpc_tells_it_in_its_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = Deprecation(
        deprecation_date="2027-01-31", sunset_date="2027-12-31", documentation_uri="https://x.example/v2"
    )
    monkeypatch.setattr(module, "deprecation", lambda method: said if method.name == "GetLead" else None)
    routes = manager(configuration(tmp_path))["route_config"]["virtual_hosts"][0]["routes"]
    told = {
        route["match"]["path"]: {entry["header"]["key"]: entry["header"]["value"] for entry in added}
        for route in routes
        if (added := route.get("response_headers_to_add"))
    }
    assert told == {
        "/leadline.v1.LeadService/GetLead": {
            "deprecation": "@1801353600",
            "sunset": "Fri, 31 Dec 2027 00:00:00 GMT",
            "link": '<https://x.example/v2>; rel="deprecation"; type="text/html"',
        }
    }


def test_documentation_is_served_without_a_token_where_there_is_a_folder(tmp_path: Path) -> None:
    assert "/openapi.json" not in json.dumps(configuration(tmp_path))
    read = configuration(tmp_path, documentation_folder=tmp_path)
    rules = http_filter(read, "jwt_authn")["rules"]
    assert {"match": {"path": "/openapi.json"}} in rules
    assert {"match": {"prefix": "/docs/"}} in rules
    assert "unsafe" not in module.DOCUMENTATION_HEADERS["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "is_refused"),
    [
        ("/v1/leads/1?name=leads/2", True),
        ("/v1/leads/1:score?omitAttributions=1&name=leads/2", True),
        ("/v1/leads/1?lead.name=leads/2", True),
        ("/v1/identityProviders/1?identityProvider.name=x", True),
        ("/v1/identityProviders/1?identity_provider.name", True),
        ("/v1/leads/1:signOpenPixel?lead=leads/2", True),
        ("/v1/leads?%66ilter=a", True),
        ("/v1/leads/1", False),
        ("/v1/leads?filter=name%3Dx%26name=y", False),
        ("/v1/leads?pageSize=1&displayname=x", False),
        ("/v1/workflowRuns?lead=leads/2", False),
    ],
)
def test_what_a_query_may_not_say_again(path: str, *, is_refused: bool) -> None:
    methods = [method for service in contract_services() for method in service.methods]
    assert bool(re.fullmatch(second_say(methods), path)) is is_refused
