"""Pages of leads by keyset: each begins where the one before ended, so a late page costs as much as the first."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from server.encryption.tenant_cipher import TenantCipher
from server.leads.filter import Comparator, Condition, FilterField
from server.leads.lead_query import LeadOrder, LeadQuery
from server.runtime.connection_pool import Driver
from server.store.lead_rows import SELECT_LEADS

# Row-level security lets an index serve only leak-proof comparisons, so each filter compares a plain column.
_COLUMNS: Final = {
    FilterField.STATUS: "status",
    FilterField.OWNER: "owner",
    FilterField.EMAIL: "email_index",
    FilterField.PHONE: "phone_index",
    FilterField.EXTERNAL_ID: "external_id",
    FilterField.SCORE: "score_value",
    FilterField.GRADE: "score_grade",
    FilterField.CREATE_TIME: "create_time",
}
_TYPES: Final = {
    FilterField.STATUS: "smallint",
    FilterField.EMAIL: "bytea",
    FilterField.PHONE: "bytea",
    FilterField.SCORE: "smallint",
    FilterField.GRADE: "smallint",
    FilterField.CREATE_TIME: "timestamptz",
}
_NULL_IF_EMPTY: Final = frozenset({FilterField.EMAIL, FilterField.PHONE, FilterField.EXTERNAL_ID})
# What every lead after a cursor satisfies because the cursor's does. Left out, since PostgreSQL might begin to read
# there and not at the cursor.
_IMPLIED: Final = {
    LeadOrder.SCORE_DESCENDING: (FilterField.SCORE, {Comparator.LESS, Comparator.LESS_OR_EQUAL}),
    LeadOrder.CREATE_TIME_DESCENDING: (FilterField.CREATE_TIME, {Comparator.LESS, Comparator.LESS_OR_EQUAL}),
    LeadOrder.CREATE_TIME_ASCENDING: (FilterField.CREATE_TIME, {Comparator.GREATER, Comparator.GREATER_OR_EQUAL}),
}


@dataclass(slots=True)
class _Statement:
    """A SELECT under construction.

    Attributes:
        arguments: The values of its parameters.
        conditions: What its rows must satisfy.
    """

    arguments: list[Any]
    conditions: list[str] = field(default_factory=list)

    def require(self, expression: str, comparator: str, *values: tuple[Any, str]) -> None:
        """Adds a comparison with values that are sent beside the text, each given with its SQL type."""
        parameters = []
        for value, sql_type in values:
            self.arguments.append(value)
            parameters.append(f"${len(self.arguments)}::{sql_type}")
        right = parameters[0] if len(parameters) == 1 else f"({', '.join(parameters)})"
        self.conditions.append(f"{expression} {comparator} {right}")

    def text(self, order: str, limit: int) -> str:
        """Gives the statement's text."""
        self.arguments.append(limit)
        return f"{SELECT_LEADS} WHERE {' AND '.join(self.conditions)} ORDER BY {order} LIMIT ${len(self.arguments)}"


async def fetch_page(connection: Driver, tenant_id: UUID, query: LeadQuery, cipher: TenantCipher) -> list[Record]:
    """Gives the leads that a query asks for, in its order, as rows of `SELECT_LEADS`.

    Args:
        connection: In a transaction of the tenant.
        tenant_id: The tenant.
        query: What to give.
        cipher: Of the tenant.
    """
    rows: list[Record] = []
    for statement, order in _parts(tenant_id, query, cipher):
        missing = query.limit - len(rows)
        if missing:
            rows += await connection.fetch(statement.text(order, missing), *statement.arguments)
    return rows


def condition_sql(tenant_id: UUID, conditions: tuple[Condition, ...], cipher: TenantCipher) -> tuple[str, list[Any]]:
    """Gives the WHERE clause that the tenant's leads satisfy on which all conditions hold, and its arguments.

    Args:
        tenant_id: The tenant.
        conditions: From `parse_filter`.
        cipher: Of the tenant.
    """
    statement = _filtered(tenant_id, conditions, cipher)
    return " AND ".join(statement.conditions), statement.arguments


def _parts(tenant_id: UUID, query: LeadQuery, cipher: TenantCipher) -> Iterator[tuple[_Statement, str]]:
    """Gives the statements that one after another give a page, each with its order.

    By score there are two, since rows without a score can't be compared with a score: first those that have one, then
    the others. An index gives either.
    """
    after, conditions = query.after, _open_conditions(query)
    if query.order is not LeadOrder.SCORE_DESCENDING:
        ascending = query.order is LeadOrder.CREATE_TIME_ASCENDING
        statement = _filtered(tenant_id, conditions, cipher)
        if after:
            comparator = ">" if ascending else "<"
            place = ((after.sort_value, "timestamptz"), (after.lead_id, "uuid"))
            statement.require("(create_time, id)", comparator, *place)
        yield statement, "create_time, id" if ascending else "create_time DESC, id DESC"
        return
    if after is None or after.sort_value is not None:
        scored = _filtered(tenant_id, conditions, cipher)
        scored.conditions.append("score_value IS NOT NULL")
        if after:
            place = ((after.sort_value, "smallint"), (after.lead_id, "uuid"))
            scored.require("(score_value, id)", "<", *place)
        yield scored, "score_value DESC NULLS LAST, id DESC"
    if any(condition.field is FilterField.SCORE for condition in query.conditions):
        return
    unscored = _filtered(tenant_id, conditions, cipher)
    unscored.conditions.append("score_value IS NULL")
    if after and after.sort_value is None:
        unscored.require("id", "<", (after.lead_id, "uuid"))
    yield unscored, "score_value DESC NULLS LAST, id DESC"


def _open_conditions(query: LeadQuery) -> tuple[Condition, ...]:
    """Gives the conditions that the leads of a page may still fail."""
    if query.after is None:
        return query.conditions
    sorted_by, implied = _IMPLIED[query.order]
    return tuple(
        condition
        for condition in query.conditions
        if condition.field is not sorted_by or condition.comparator not in implied
    )


def _filtered(tenant_id: UUID, conditions: tuple[Condition, ...], cipher: TenantCipher) -> _Statement:
    """Begins a statement that gives the tenant's leads on which all conditions hold."""
    blind_indexes = {FilterField.EMAIL: cipher.email_index, FilterField.PHONE: cipher.phone_index}
    statement = _Statement([])
    statement.require("tenant_id", "=", (tenant_id, "uuid"))
    for condition in conditions:
        column = _COLUMNS[condition.field]
        if condition.field in _NULL_IF_EMPTY and condition.value == "":
            statement.conditions.append(f"{column} IS NULL")
            continue
        blind_index = blind_indexes.get(condition.field)
        value = blind_index(str(condition.value)) if blind_index else condition.value
        sql_type = _TYPES.get(condition.field, "text")
        statement.require(column, condition.comparator.value, (value, sql_type))
    return statement
