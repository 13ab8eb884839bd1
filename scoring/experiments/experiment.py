"""An experiment, and which lead is in which of its arms."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

# A digest's first 8 bytes are a number below this.
_DIGESTS = 2**64


class ExperimentKind(IntEnum):
    """How a challenger is tried, numbered as in the contract."""

    SHADOW = 1
    CANARY = 2
    SPLIT = 3


class ExperimentState(IntEnum):
    """Where an experiment stands, numbered as in the contract."""

    RUNNING = 1
    STOPPED = 2
    CONCLUDED = 3


class Arm(IntEnum):
    """What becomes of a lead in an experiment, numbered as in the contract."""

    CONTROL = 1
    CHALLENGER = 2
    HOLD_OUT = 3


@dataclass(frozen=True, slots=True)
class Split:
    """Which model scores which lead while a canary or a split runs.

    A lead's arm follows from its id and the experiment's alone: it is the same in every process and at every time, and
    independent of the arm that the lead has in any other experiment.

    Attributes:
        experiment_id: The experiment.
        challenger_id: The model that is tried.
        challenger_share: Share of the leads that it scores, 0 to 1.
        hold_out_share: Share of the leads that no model scores, 0 to 1; together with the other at most 1.
    """

    experiment_id: UUID
    challenger_id: UUID
    challenger_share: float
    hold_out_share: float = 0.0

    def arm(self, lead_id: UUID) -> Arm:
        """Gives a lead's arm."""
        place = place_of(self.experiment_id, lead_id)
        if place < self.challenger_share:
            return Arm.CHALLENGER
        return Arm.HOLD_OUT if place < self.challenger_share + self.hold_out_share else Arm.CONTROL

    def model_id(self, lead_id: UUID, champion_id: UUID | None) -> UUID | None:
        """Gives the model that scores a lead; None if no model does."""
        arm = self.arm(lead_id)
        if arm is Arm.CHALLENGER:
            return self.challenger_id
        return None if arm is Arm.HOLD_OUT else champion_id


def place_of(experiment_id: UUID, lead_id: UUID) -> float:
    """Gives a lead's place in an experiment: evenly spread from 0 to below 1, and always the same."""
    digest = hashlib.sha256(experiment_id.bytes + lead_id.bytes).digest()
    return int.from_bytes(digest[:8]) / _DIGESTS


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """What an experiment shall be.

    Attributes:
        kind: How the challenger is tried.
        challenger_id: The model that is tried.
        challenger_share: Share of the leads that it scores, 0 to 1; 0 in a shadow.
        hold_out_share: Share of the leads that no model scores, 0 to 1; 0 unless it is a split.
        minimum_outcome_count: Leads with an outcome that each arm needs, 1 or more.
    """

    kind: ExperimentKind
    challenger_id: UUID
    challenger_share: float
    hold_out_share: float
    minimum_outcome_count: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """A model tried beside the champion.

    Attributes:
        experiment_id: Its id.
        plan: What it is.
        control_id: The champion when it began.
        state: Where it stands.
        create_time: When it began, UTC.
        end_time: When it ended, UTC; None while it runs.
        conclusion: Why it ended, in words; empty while it runs.
    """

    experiment_id: UUID
    plan: ExperimentPlan
    control_id: UUID
    state: ExperimentState
    create_time: datetime
    end_time: datetime | None = None
    conclusion: str = ""

    @property
    def split(self) -> Split:
        """Which model scores which lead; in a shadow the champion scores all."""
        plan = self.plan
        return Split(self.experiment_id, plan.challenger_id, plan.challenger_share, plan.hold_out_share)
