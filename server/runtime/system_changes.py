"""What the system does on a tenant's behalf, by itself, as the audit log tells it.

No call carries such a change, so no interceptor records it: whoever makes it has it recorded in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from server.runtime.audit import Account, AuditCredential, AuditDoor, AuditedCall, AuditKind
from server.runtime.connection_pool import Driver

_INSERT: Final = "INSERT INTO unsealed_audit_records (tenant_id, content) VALUES ($1, $2)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemChange:
    """A change that the system makes by itself.

    Attributes:
        principal: What makes it, by the name of what a person has set up, such as `workflows/{workflow}`.
        method: What is done, such as `workflow/assign_owner`.
        resources: Names of what is changed.
        changed_fields: Which fields it sets, such as `lead.owner`; never their values, nor the keys of maps.
    """

    principal: str
    method: str
    resources: Sequence[str]
    changed_fields: Sequence[str] = ()


async def record_change(driver: Driver, tenant_id: UUID, change: SystemChange) -> None:
    """Records a change in the transaction that makes it: both are kept, or neither.

    Args:
        driver: The transaction.
        tenant_id: Whose log it belongs to.
        change: The change.
    """
    call = AuditedCall(
        kind=AuditKind.CHANGE,
        method=change.method,
        door=AuditDoor.DIRECT,
        address="",
        request_id="",
        resources=dict.fromkeys(change.resources),
        changed_fields=list(change.changed_fields),
    )
    account = Account(tenant_id, change.principal, AuditCredential.SYSTEM)
    await driver.execute(_INSERT, tenant_id, call.content(account).decode())
