"""The rpcs of the scorer that start long-running operations."""

TRAIN_MODEL = "TrainModel"
RESCORE_LEADS = "RescoreLeads"
