"""The agents' panel beside a ticket."""

from ui.house import House
from ui.routing import Pages


def register(pages: Pages, house: House) -> None:
    """Nothing yet."""
    del pages, house
