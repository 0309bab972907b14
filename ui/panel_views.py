"""The agents' panel beside a ticket: what it asks for, already decided."""

from typing import Protocol


class PanelViews(Protocol):
    """Every method may raise StoreError."""
