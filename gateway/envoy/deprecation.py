"""How an answer tells that its rpc is deprecated."""

from datetime import UTC, datetime
from email.utils import format_datetime

from leadline.v1.deprecation_pb2 import Deprecation


def deprecation_headers(said: Deprecation | None) -> dict[str, str]:
    """Gives the headers by which answers tell it.

    Args:
        said: What the contract says; None if the rpc is not deprecated.

    Returns:
        `deprecation` (RFC 9745), with `sunset` (RFC 8594) and `link` where the contract has them; empty if the rpc is
        not deprecated.

    Raises:
        ValueError: A date can't be read.
    """
    if said is None:
        return {}
    headers = {"deprecation": f"@{int(_begin(said.deprecation_date).timestamp())}"}
    if said.sunset_date:
        headers["sunset"] = format_datetime(_begin(said.sunset_date), usegmt=True)
    if said.documentation_uri:
        headers["link"] = f'<{said.documentation_uri}>; rel="deprecation"; type="text/html"'
    return headers


def _begin(date: str) -> datetime:
    return datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC)
