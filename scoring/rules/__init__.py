"""Scoring rules: conditions in CEL, points that fade, caps. Pure."""
