"""Resource names and the identifiers in them."""

from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Gives a new UUIDv7: unique everywhere, and later ones sort after earlier ones."""
    return uuid7()


def new_id_text() -> str:
    """Gives a new UUIDv7 as text, in a fifth of the time that `new_id` takes: for what is stored by the hundred."""
    return str(uuid_utils.uuid7())


def format_name(collection: str, identifier: UUID) -> str:
    """Gives the resource name of an identifier, such as `leads/01932c07-1b7a-7c52-8e39-6f5b1f0a2f10`.

    Args:
        collection: The plural that names the kind of resource, such as `leads`.
        identifier: The resource's identifier.
    """
    return f"{collection}/{identifier}"


def parse_name(name: str, collection: str) -> UUID:
    """Gives the identifier in a resource name.

    Args:
        name: A resource name, such as `leads/01932c07-1b7a-7c52-8e39-6f5b1f0a2f10`.
        collection: The plural that the name must begin with, such as `leads`.

    Raises:
        ValueError: The name is not of that form. Names in requests are checked by the contract before.
    """
    prefix, _, identifier = name.partition("/")
    if prefix != collection:
        raise ValueError(f"{name!r} does not name one of {collection}")
    return UUID(identifier)
