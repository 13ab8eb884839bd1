"""Who makes the call that is being answered."""

from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """The bearer of a verified token.

    Attributes:
        tenant_id: The tenant whose data the principal may touch.
        subject: Who it is, in the issuer's terms.
        plan: The tenant's plan: `free`, `pro` or `enterprise`.
        permissions: What it may do, as the contract's scope texts, such as `leads.read`.
        issue_time: When the token was issued, seconds since 1970; 0 if it does not say.
        session_id: The session to which the token belongs; None for programs.
    """

    tenant_id: UUID
    subject: str
    plan: str
    permissions: frozenset[str]
    issue_time: float = 0.0
    session_id: UUID | None = None


_current: ContextVar[Principal] = ContextVar("principal")


def current_principal() -> Principal:
    """Gives the principal of the rpc that runs.

    Raises:
        LookupError: No rpc with a verified token is running here.
    """
    return _current.get()


def known_principal() -> Principal | None:
    """Gives the principal of the rpc that runs; None before its token is verified."""
    return _current.get(None)


def set_current_principal(principal: Principal) -> None:
    """Makes a principal the current one for the rest of the rpc that runs."""
    _current.set(principal)


def current_tenant() -> str | None:
    """Gives the tenant of the rpc that runs, as text for the log; None before its token is verified."""
    principal = known_principal()
    return None if principal is None else str(principal.tenant_id)
