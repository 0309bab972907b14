"""The overview for service managers: what it asks for, already decided."""

from typing import Protocol


class OverviewViews(Protocol):
    """Every method may raise StoreError."""
