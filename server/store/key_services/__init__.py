"""Key services: where the keys lie that wrap the tenants' keys."""
