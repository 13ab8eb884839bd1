"""Experiments: models tried beside the champion before they take its place."""
