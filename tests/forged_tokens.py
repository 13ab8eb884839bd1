"""Tokens that nobody may accept: the forgeries and confusions of RFC 8725, made with what an attacker can have."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

Claims = dict[str, Any]

_ATTACKER = ECKey.generate_key("P-256", auto_kid=True)
_ATTACKER_RSA = RSAKey.generate_key(2048, auto_kid=True)
_ATTACKER_SITE = "https://attacker.example"


def good_claims(tenant_id: UUID) -> Claims:
    """Gives the claims of a token that is accepted."""
    return {
        "iss": "https://leadline.dev",
        "aud": "leadline-api",
        "exp": int(time.time()) + 600,
        "sub": "tester",
        "tenant_id": str(tenant_id),
        "plan": "pro",
        "scope": "leads.read",
    }


def signed(key: ECKey, claims: Claims, **header: Any) -> str:
    """Signs claims as an issuer would that puts whatever it likes into the header; None leaves a usual entry out."""
    full = {"alg": "ES256", "kid": key.kid} | header
    content = f"{_segment({name: value for name, value in full.items() if value is not None})}.{_segment(claims)}"
    # The library of tokens would not make some of these.
    return f"{content}.{_encoded(_es256(key, content.encode()))}"


def forgeries(key: ECKey, tenant_id: UUID) -> Mapping[str, Callable[[], str]]:
    """Gives, by its kind, what makes a token that must be refused as invalid.

    Args:
        key: The issuer's key, with which a token is signed whose claims or header alone are wrong.
        tenant_id: The tenant to which the token claims to belong.
    """
    good = good_claims(tenant_id)
    now = int(time.time())
    kid = str(key.kid)

    def claiming(**changes: Any) -> Callable[[], str]:
        claims = {name: value for name, value in (good | changes).items() if value is not None}
        return lambda: signed(key, claims)

    def attacking(**header: Any) -> Callable[[], str]:
        return lambda: signed(_ATTACKER, good, **header)

    def unsigned(algorithm: str) -> Callable[[], str]:
        return lambda: f"{_segment({'alg': algorithm, 'kid': kid})}.{_segment(good)}."

    def hmac_signed(secret: bytes) -> Callable[[], str]:
        return lambda: _hmac_signed(secret, {"alg": "HS256", "kid": kid}, good)

    public = key.as_dict(private=False)
    attacker = _ATTACKER.as_dict(private=False)
    return {
        "no JWT": lambda: "x",
        "unsigned": unsigned("none"),
        "unsigned, in capitals": unsigned("NONE"),
        "unsigned under the right algorithm": unsigned("ES256"),
        "HMAC with the public key": hmac_signed(key.as_pem(private=False)),
        "HMAC with the published key": hmac_signed(json.dumps(public).encode()),
        "HMAC with nothing": hmac_signed(b""),
        "signature of zeros": lambda: (
            f"{_segment({'alg': 'ES256', 'kid': kid})}.{_segment(good)}.{_encoded(bytes(64))}"
        ),
        "altered": lambda: _altered(signed(key, good)),
        "signed by another key": attacking(kid=kid),
        "of an unknown key": attacking(kid="elsewhere"),
        "of a key that is a path": attacking(kid="../../../dev/null"),
        "of a key that is SQL": attacking(kid="' UNION SELECT 1 --"),
        "without a key": lambda: signed(key, good, kid=None),
        "with its own key": attacking(jwk=attacker),
        "with its own key under the known id": attacking(kid=kid, jwk=attacker | {"kid": kid}),
        "with the address of its keys": attacking(jku=f"{_ATTACKER_SITE}/jwks.json"),
        "with the address of its certificate": attacking(x5u=f"{_ATTACKER_SITE}/certificate.pem"),
        "with its own certificate": attacking(x5c=[_encoded(b"certificate")]),
        "with an extension that must be understood": lambda: signed(key, good, crit=["exp"]),
        "made for something else": lambda: signed(key, good, typ="dpop+jwt"),
        "of another algorithm": lambda: jwt.encode(
            {"alg": "RS256", "kid": str(_ATTACKER_RSA.kid)}, good, _ATTACKER_RSA, algorithms=["RS256"]
        ),
        "of another issuer": claiming(iss="https://elsewhere.example"),
        "without an issuer": claiming(iss=None),
        "for another audience": claiming(aud="another-api"),
        "for other audiences": claiming(aud=["another-api", "leadline-api-2"]),
        "without an audience": claiming(aud=None),
        "without a tenant": claiming(tenant_id=None),
        "with a tenant that is no UUID": claiming(tenant_id="' OR true --"),
        "with two tenants": claiming(tenant_id=[str(tenant_id), str(tenant_id)]),
        "with a tenant that is an object": claiming(tenant_id={"id": str(tenant_id)}),
        "with an unknown plan": claiming(plan="gold"),
        "with a list of plans": claiming(plan=["pro"]),
        "without a bearer": claiming(sub=None),
        "with a list of bearers": claiming(sub=["tester"]),
        "with a list of scopes": claiming(scope=["leads.read"]),
        "without an end": claiming(exp=None),
        "with an end that is a text": claiming(exp="never"),
        "not yet valid": claiming(nbf=now + 600),
    }


def _segment(value: object) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _hmac_signed(secret: bytes, header: Claims, claims: Claims) -> str:
    content = f"{_segment(header)}.{_segment(claims)}"
    return f"{content}.{_encoded(hmac.digest(secret, content.encode(), 'sha256'))}"


def _altered(token: str) -> str:
    header, claims, signature = token.split(".")
    return f"{header}.{claims[:-2]}AA.{signature}"


def _es256(key: ECKey, content: bytes) -> bytes:
    """Signs as RFC 7518 tells: the two numbers of the signature, 32 bytes each."""
    private: Any = key.private_key
    r, s = decode_dss_signature(private.sign(content, ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
