"""Scores all open leads of a tenant, many at a time."""
