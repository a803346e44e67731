"""What can go wrong with the store, in words for the person who gets it."""

from __future__ import annotations


class StoreError(Exception):
    """The store cannot do what was asked; the message says why and what to do."""


class DatabaseUnavailable(StoreError):
    """Postgres cannot be reached."""


class NotMigrated(StoreError):
    """Postgres is there but its schema is not the one this release needs."""


class Conflict(StoreError):
    """What was asked contradicts what is already kept."""


class NotAllowed(StoreError):
    """Whoever asks may not do this, here and now; somebody else may."""
