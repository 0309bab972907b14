"""The rule desk: what it asks for, already decided."""

from typing import Protocol


class DeskViews(Protocol):
    """Every method may raise StoreError."""
