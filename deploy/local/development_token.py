"""The key of a development machine, and tokens signed with it."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import ECKey
from leadline.v1 import permission_pb2

ISSUER = "https://leadline.dev"
AUDIENCE = "leadline-api"
EVERY_SCOPE = tuple(
    scope
    for value in permission_pb2.Permission.DESCRIPTOR.values
    # A developer's token is no user's: there is no account to keep.
    if (scope := value.GetOptions().Extensions[permission_pb2.scope]) and scope != "account.manage"
)
"""Every permission of the contract."""
_ALGORITHM = "ES256"


class DevelopmentKey:
    """An ES256 key pair, made at the first start and kept in a folder.

    The private key is readable by its owner alone. The public one is in `jwks.json`, which the edge and the servers
    read.

    Args:
        folder: Where the key is kept; made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.jwks_file = folder / "jwks.json"
        private_file = folder / "development-key.json"
        folder.mkdir(parents=True, exist_ok=True)
        if not private_file.exists():
            key = ECKey.generate_key("P-256", {"use": "sig", "alg": _ALGORITHM}, auto_kid=True)
            private_file.touch(mode=0o600)
            private_file.write_text(json.dumps(key.as_dict(private=True)), encoding="utf-8")
        self._key = ECKey.import_key(json.loads(private_file.read_text(encoding="utf-8")))
        self.jwks_file.write_text(json.dumps({"keys": [self._key.as_dict(private=False)]}), encoding="utf-8")

    def mint(
        self,
        tenant_id: UUID,
        principal: str = "developer",
        scope: Sequence[str] = EVERY_SCOPE,
        *,
        lifetime: float = 86_400.0,
        plan: str = "pro",
    ) -> str:
        """Signs a token.

        Args:
            tenant_id: The tenant whose data the bearer may touch.
            principal: Who the bearer is.
            scope: What the bearer may do, as texts of the contract's permissions.
            lifetime: Seconds until the token expires; below 0, it is expired already.
            plan: The tenant's plan: `free`, `pro` or `enterprise`.

        Returns:
            The signed JWT.
        """
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": min(now, now + int(lifetime)),
            "exp": now + int(lifetime),
            "sub": principal,
            "tenant_id": str(tenant_id),
            "plan": plan,
            "scope": " ".join(scope),
        }
        return jwt.encode({"alg": _ALGORITHM, "kid": self._key.kid}, claims, self._key, algorithms=[_ALGORITHM])
