"""Identity in PostgreSQL and Redis."""
