"""Who gets in and what they may do: organizations, users, sessions, roles and the credentials of programs."""
