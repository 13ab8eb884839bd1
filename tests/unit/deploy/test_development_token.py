"""The development key and the tokens that it signs."""

import json
import stat
from pathlib import Path
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.errors import ExpiredTokenError
from joserfc.jwk import KeySet

from deploy.local.development_token import EVERY_SCOPE, DevelopmentKey

TENANT = UUID("01900000-0000-7000-8000-00000000000a")


def decode(key: DevelopmentKey, token: str) -> jwt.Token:
    keys = KeySet.import_key_set(json.loads(key.jwks_file.read_text()))
    return jwt.decode(token, keys, algorithms=["ES256"])


def test_a_token_is_verified_by_the_published_key(tmp_path: Path) -> None:
    key = DevelopmentKey(tmp_path)

    token = decode(key, key.mint(TENANT, "someone", ["leads.read", "scores.read"]))

    assert token.claims["tenant_id"] == str(TENANT)
    assert token.claims["sub"] == "someone"
    assert token.claims["scope"] == "leads.read scores.read"
    assert token.claims["plan"] == "pro"
    assert token.header["kid"]


def test_the_key_outlives_the_process(tmp_path: Path) -> None:
    token = DevelopmentKey(tmp_path).mint(TENANT)

    assert decode(DevelopmentKey(tmp_path), token).claims["scope"] == " ".join(EVERY_SCOPE)


def test_the_private_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    key = DevelopmentKey(tmp_path)

    private = tmp_path / "development-key.json"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert "d" not in json.loads(key.jwks_file.read_text())["keys"][0]


def test_a_negative_lifetime_gives_an_expired_token(tmp_path: Path) -> None:
    key = DevelopmentKey(tmp_path)
    token = decode(key, key.mint(TENANT, lifetime=-60.0))

    with pytest.raises(ExpiredTokenError):
        jwt.JWTClaimsRegistry().validate(token.claims)


def test_every_scope_of_the_contract_is_granted_but_the_account_s_own() -> None:
    from leadline.v1 import permission_pb2  # noqa: PLC0415 - the other tests need no contract

    scopes = {
        value.GetOptions().Extensions[permission_pb2.scope]
        for value in permission_pb2.Permission.DESCRIPTOR.values
        if value.number
    }

    assert set(EVERY_SCOPE) == scopes - {"account.manage"}
