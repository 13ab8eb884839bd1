"""A long-running operation as the scorer sees it."""

from server.runtime.operations import RunningOperation as Operation

__all__ = ["RESCORE_LEADS", "TRAIN_MODEL", "Operation"]

TRAIN_MODEL = "TrainModel"
RESCORE_LEADS = "RescoreLeads"
