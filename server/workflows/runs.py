"""What workflows did and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID


class RunState(IntEnum):
    """What became of a crossing. The numbers are those of the contract and of the database."""

    DONE = 1
    PARTLY_DONE = 2
    COOLING_DOWN = 3
    STOPPED = 4


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What one action did.

    Attributes:
        action: Its kind.
        done: Whether it was done.
        detail: What was done, or why it was not.
        resource: Name of what it made, or empty.
    """

    action: str
    done: bool
    detail: str
    resource: str = ""


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """One crossing, and what a workflow did then.

    Attributes:
        run_id: Its id, a UUIDv7.
        workflow_id: The workflow.
        lead_id: The lead.
        crossing_key: The key of the crossing, which no other run has.
        state: What became of it.
        reason: Why it ran, as a sentence.
        results: What each action did; empty if nothing was done.
        create_time: When, UTC.
    """

    run_id: UUID
    workflow_id: UUID
    lead_id: UUID
    crossing_key: UUID
    state: RunState
    reason: str
    results: Sequence[ActionResult]
    create_time: datetime
