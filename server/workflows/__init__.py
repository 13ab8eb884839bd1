"""Workflows: what happens when something happens to a lead."""
