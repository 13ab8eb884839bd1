"""Notifications that are shown in the application."""
