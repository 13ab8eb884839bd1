"""How the champion is watched, and what happens by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class MonitoringPolicy:
    """How a tenant's champion is watched. The defaults are what holds at first.

    Attributes:
        check_interval: How often the champion is checked.
        window: How far a check looks back.
        minimum_lead_count: Leads that a check of the features needs.
        minimum_outcome_count: Outcomes that a check of the scores needs.
        maximum_stability_index: The population stability index from which on a feature raises an alarm.
        maximum_calibration_error: The expected calibration error from which on scores raise an alarm, 0 to 1.
        maximum_auc_drop: How far AUC may fall below the evaluation's before it raises an alarm, 0 to 1.
        roll_back_on_breach: Whether the champion before takes over where calibration or AUC raises an alarm.
        retrain_on_drift: Whether a training starts where an alarm is raised.
        retrain_interval: A training starts each time that this has passed; None for never.
        next_check_time: When the next check is due, UTC; None before there is a champion.
        next_training_time: When the next training is due, UTC; None for never.
    """

    check_interval: timedelta = timedelta(hours=1)
    window: timedelta = timedelta(days=30)
    minimum_lead_count: int = 200
    minimum_outcome_count: int = 200
    maximum_stability_index: float = 0.25
    maximum_calibration_error: float = 0.1
    maximum_auc_drop: float = 0.05
    roll_back_on_breach: bool = False
    retrain_on_drift: bool = False
    retrain_interval: timedelta | None = None
    next_check_time: datetime | None = None
    next_training_time: datetime | None = None
