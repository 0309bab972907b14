"""The one way to a page: every route says what it needs, and the guard lets nobody through to one that does not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import flask

from ui.access import Needs, Open, Person

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Entry:
    """A line of the navigation, for whoever may follow it."""

    text: str
    endpoint: str
    needs: Needs


class Pages(flask.Blueprint):
    """The blueprint of all pages. `needs` by endpoint."""

    def __init__(self) -> None:
        super().__init__("pages", "ui.blueprint", template_folder="templates")
        self.needs: dict[str, Needs] = {}
        self.menu: list[Entry] = []

    def menu_of(self, person: Person) -> list[Entry]:
        return [entry for entry in self.menu if isinstance(entry.needs, Open) or person.may(entry.needs)]


def route(
    pages: Pages,
    rule: str,
    endpoint: str,
    view: Callable[..., Any],
    *,
    needs: Needs,
    methods: Iterable[str] = ("GET",),
    menu: str = "",
) -> None:
    """Add a page. `menu`: its words in the navigation, where it stands in it."""
    pages.needs[f"{pages.name}.{endpoint}"] = needs
    pages.add_url_rule(rule, endpoint, view, methods=list(methods))
    if menu:
        pages.menu.append(Entry(menu, f"{pages.name}.{endpoint}", needs))
