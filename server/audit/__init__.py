"""The audit log: how records are chained, read and verified."""
