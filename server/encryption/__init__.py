"""Personal data at rest: a key for each lead, wrapped by its tenant's key, wrapped by a key service."""
