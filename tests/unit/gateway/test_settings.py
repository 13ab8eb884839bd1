"""The edge's settings."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.envoy.settings import Address, EdgeSettings, parse_address


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LEADLINE_JWKS_FILE", "LEADLINE_JWKS_URI", "LEADLINE_SERVER_ADDRESSES"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        (" server:50051 ", Address("server", 50051)),
        ("[::1]:80", Address("::1", 80)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "server", ":80", "server:", "server:http", "server:0", "server:65536", "server:-1"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        parse_address(text)


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_SERVER_ADDRESSES", "one:1, two:2")
    monkeypatch.setenv("LEADLINE_ALLOWED_ORIGINS", "")
    monkeypatch.setenv("LEADLINE_JWKS_FILE", "keys.json")
    settings = EdgeSettings()
    assert settings.server_addresses == ["one:1", "two:2"]
    assert settings.allowed_origins == []


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({}, "jwks_file or jwks_uri"),
        ({"jwks_file": "keys.json", "jwks_uri": "https://keys.example/jwks"}, "jwks_file or jwks_uri"),
        ({"jwks_file": "keys.json", "tls_certificate_file": "edge.crt"}, "tls_private_key_file"),
        ({"jwks_file": "keys.json", "backend_authority_file": "ca.crt"}, "backend_authority_file"),
        ({"jwks_file": "keys.json", "server_addresses": []}, "server_addresses"),
        ({"jwks_file": "keys.json", "scorer_addresses": ["nowhere"]}, "host:port"),
        ({"jwks_file": "keys.json", "unary_timeout_seconds": 0}, "unary_timeout_seconds"),
        ({"jwks_file": "keys.json", "free_requests_per_second": 0}, "free_requests_per_second"),
    ],
)
def test_settings_that_do_not_fit(values: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        EdgeSettings.model_validate(values)


def test_defaults_listen_on_the_loopback_alone() -> None:
    settings = EdgeSettings(jwks_file=Path("keys.json"))
    addresses = (settings.listen_address, settings.tls_listen_address, settings.admin_address)
    assert {parse_address(address).host for address in addresses} == {"127.0.0.1"}
