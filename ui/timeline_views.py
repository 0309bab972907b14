"""The requester's page: what it asks for, already decided."""

from typing import Protocol


class TimelineViews(Protocol):
    """Every method may raise StoreError."""
