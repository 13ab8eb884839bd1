"""What the audit log tells of a call: who did what, when, from where, and how it ended.

The interceptors make an `AuditedCall` of each call that is to be recorded. A change is recorded in its own transaction,
by the unit of work that commits it: both are kept, or neither. All else goes through `server.runtime.audit_trail`.
Neither secrets nor values of fields belong in here.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import orjson

from server.runtime.identifiers import format_name, new_id
from server.runtime.principal import Principal, known_principal

LONGEST_SUBJECT: Final = 256


class AuditKind(StrEnum):
    """What kind of thing a record tells of, named as in the contract."""

    CHANGE = "CHANGE"
    READ = "READ"
    ACCESS = "ACCESS"


class AuditCredential(StrEnum):
    """By what a caller showed who they are, named as in the contract."""

    SESSION = "SESSION"
    API_KEY = "API_KEY"
    OAUTH_CLIENT = "OAUTH_CLIENT"
    OTHER_TOKEN = "OTHER_TOKEN"  # noqa: S105 - a kind of token, none itself
    PASSWORD = "PASSWORD"  # noqa: S105 - likewise
    SECOND_FACTOR = "SECOND_FACTOR"
    ID_TOKEN = "ID_TOKEN"  # noqa: S105 - likewise
    REFRESH_TOKEN = "REFRESH_TOKEN"  # noqa: S105 - likewise
    MESSAGE_TOKEN = "MESSAGE_TOKEN"  # noqa: S105 - likewise
    NONE = "NONE"
    SYSTEM = "SYSTEM"


class AuditDoor(StrEnum):
    """Through which door a call came, named as in the contract."""

    DIRECT = "DIRECT"
    GRPC = "GRPC"
    GRPC_WEB = "GRPC_WEB"
    REST = "REST"
    WEBSOCKET = "WEBSOCKET"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose log a record belongs to, and who it names.

    Attributes:
        tenant_id: The tenant.
        principal: Who, such as `users/{user}`; empty if nobody knows.
        credential: By what they showed it.
        session_id: The session of a user's token.
    """

    tenant_id: UUID
    principal: str
    credential: AuditCredential
    session_id: UUID | None = None

    @classmethod
    def of_token(cls, principal: Principal) -> "Account":
        """Gives the account of the bearer of an access token."""
        collection = principal.subject.partition("/")[0]
        credential = _CREDENTIALS.get(collection, AuditCredential.OTHER_TOKEN)
        return cls(principal.tenant_id, principal.subject, credential, principal.session_id)


_CREDENTIALS: Final = {
    "users": AuditCredential.SESSION,
    "apiKeys": AuditCredential.API_KEY,
    "oauthClients": AuditCredential.OAUTH_CLIENT,
}


@dataclass(slots=True)
class AuditedCall:
    """A call that is to be recorded, as far as it is known by now.

    Attributes:
        kind: What kind of thing it is.
        method: The rpc, such as `leadline.v1.LeadService/GetLead`.
        door: Through which door it came.
        address: The client's network address; empty if it is unknown.
        request_id: The request's id.
        credential: By what a caller without an access token shows who they are; None for calls that carry one.
        is_stream: Whether it goes on after its first change.
        resources: Names of what it is about.
        changed_fields: Which fields it sets.
        counts: How many, by what.
        accounts: Whose it is, where it carries no access token. Several if a password is tried for several accounts.
        recorded: Whether its change was committed together with its record.
    """

    kind: AuditKind
    method: str
    door: AuditDoor
    address: str
    request_id: str
    credential: AuditCredential | None = None
    is_stream: bool = False
    resources: dict[str, None] = field(default_factory=dict)
    changed_fields: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    recorded: bool = False

    def whose(self) -> list[Account]:
        """Gives whose call it is; empty while nobody knows."""
        if self.credential is not None:
            return self.accounts
        principal = known_principal()
        return [] if principal is None else [Account.of_token(principal)]

    def content(self, account: Account, *, code: str = "OK", reason: str = "", partial: bool = False) -> bytes:
        """Gives the record: JSON in UTF-8, its keys sorted, without spaces, and without what is empty.

        Args:
            account: Whose call it is.
            code: How it ended, as the name of a gRPC code.
            reason: Why it failed, as the contract's reason.
            partial: Whether the call goes on.
        """
        entry = {
            "changed_fields": self.changed_fields,
            "client_address": self.address,
            "code": code,
            "counts": self.counts,
            "credential": account.credential,
            "door": self.door,
            "id": new_id(),
            "kind": self.kind,
            "method": self.method,
            "partial": partial,
            "principal": _printable(account.principal),
            "reason": reason,
            "request_id": self.request_id,
            "resources": list(self.resources),
            "session": "" if account.session_id is None else format_name("sessions", account.session_id),
            "time": time_text(datetime.now(UTC)),
        }
        return orjson.dumps({name: value for name, value in entry.items() if value}, option=orjson.OPT_SORT_KEYS)


_current: ContextVar[AuditedCall | None] = ContextVar("audited_call", default=None)


def set_audited_call(call: AuditedCall) -> None:
    """Makes a call the one that runs here."""
    _current.set(call)


def audited_call() -> AuditedCall | None:
    """Gives the call that runs here; None if it is not to be recorded."""
    return _current.get()


def concerns(tenant_id: UUID, principal: str) -> None:
    """Says whose account a call without an access token is about. It is recorded there, whether it succeeds or not.

    Args:
        tenant_id: The account's tenant.
        principal: The account, such as `users/{user}`; empty if only the tenant is known.
    """
    call = _current.get()
    if call is not None and call.credential is not None:
        call.accounts.append(Account(tenant_id, principal, call.credential))


def concerns_only(tenant_id: UUID, principal: str) -> None:
    """Says which of the accounts that were tried it is after all; see `concerns`."""
    call = _current.get()
    if call is not None:
        call.accounts.clear()
    concerns(tenant_id, principal)


def concerns_nobody() -> None:
    """Takes back what `concerns` said: what it was said for has not happened."""
    call = _current.get()
    if call is not None:
        call.accounts.clear()


def note_resources(names: Iterable[str]) -> None:
    """Says what the call that runs here is about, where neither its request nor its answer tells it."""
    call = _current.get()
    if call is not None:
        call.resources.update(dict.fromkeys(names))


def record_to_commit(tenant_id: UUID) -> str | None:
    """Gives the SQL that writes the record of what runs here, for the statement that commits its change.

    It goes with the COMMIT, so that it costs no round trip of its own.

    Args:
        tenant_id: The tenant of the transaction.

    Returns:
        An INSERT without parameters; None if there is nothing to record, or it is recorded already.
    """
    call = _current.get()
    if call is None or call.kind is AuditKind.READ or call.recorded:
        return None
    account = next((account for account in call.whose() if account.tenant_id == tenant_id), None)
    if account is None:
        return None
    # Hexadecimal digits alone: nothing in them can end the literals.
    content = call.content(account, partial=call.is_stream).hex()
    return (
        "INSERT INTO unsealed_audit_records (tenant_id, content) "  # noqa: S608 - see above
        f"VALUES ('{tenant_id.hex}', convert_from('\\x{content}', 'UTF8'))"
    )


def note_recorded() -> None:
    """Remembers that the record of what runs here is committed."""
    call = _current.get()
    if call is not None:
        call.recorded = True


def time_text(time: datetime) -> str:
    """Gives a time as records have it: UTC to the microsecond, so that texts compare as times do.

    Args:
        time: A time, UTC-aware.
    """
    return time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _printable(text: str) -> str:
    """Gives a text as PostgreSQL can store it in any form, short."""
    short = text[:LONGEST_SUBJECT].replace("\\", "")
    return short if short.isprintable() else "".join(filter(str.isprintable, short))
