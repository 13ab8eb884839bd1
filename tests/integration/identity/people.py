"""Those who log in in the tests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from leadline.v1 import authentication_service_pb2, identity_pb2, identity_service_pb2

from server.runtime.identifiers import new_id

PASSWORD = "brisk otter folds nine maps"  # noqa: S105 - of the tests
OTHER_PASSWORD = "velvet crane hums at seven"  # noqa: S105 - of the tests

Bearer = tuple[tuple[str, str], ...]


@dataclass
class Person:
    """A user who is logged in."""

    email: str
    password: str
    tokens: authentication_service_pb2.TokenSet

    @property
    def bearer(self) -> Bearer:
        return bearer(self.tokens.access_token)


def bearer(token: str) -> Bearer:
    return (("authorization", f"Bearer {token}"),)


def key() -> str:
    return str(new_id())


async def invite(
    authentication: Any, identity: Any, owner: Person, role: str, token_from: Callable[[str, str], str]
) -> Person:
    """Invites somebody with a role, and accepts."""
    address = f"{new_id()}@example.com"
    await identity.CreateInvitation(
        identity_service_pb2.CreateInvitationRequest(
            invitation=identity_pb2.Invitation(email=address, role=role), idempotency_key=key()
        ),
        metadata=owner.bearer,
    )
    tokens = await authentication.AcceptInvitation(
        authentication_service_pb2.AcceptInvitationRequest(
            token=token_from(address, "accept-invitation"), display_name="Ines", password=PASSWORD
        )
    )
    return Person(address, PASSWORD, tokens)
