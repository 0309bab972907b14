"""A YAML file as text, lists and mappings, with the place of every value.

Every scalar stays the text that the admin wrote (`no` is Norwegian, `1` a priority's name, `12:30` a time): the schema
that reads the document decides what it means. Only an empty value, `~` and `null` are None.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.errors import Problem, SettingsError

LARGEST = 1024 * 1024
EMPTY = frozenset({"", "~", "null"})

Steps = tuple[str | int, ...]
"""The way to a value: keys and list positions from the top of the document."""


@dataclass(frozen=True)
class Place:
    """Counts from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    path: Path
    content: Any
    places: dict[Steps, Place]
    problems: tuple[Problem, ...] = ()

    def place(self, steps: Steps) -> Place:
        """Of the value, or of the nearest thing around it that is written down."""
        while steps and steps not in self.places:
            steps = steps[:-1]
        return self.places.get(steps, Place(1, 1))

    def at(self, steps: Steps) -> Any:
        """The value there, None if there is none."""
        value = self.content
        for step in steps:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def problem(self, steps: Steps, message: str) -> Problem:
        place = self.place(steps)
        return Problem(str(self.path), place.line, place.column, message)


def read(path: Path) -> Document:
    """Raises SettingsError where the file cannot be read as YAML at all."""
    text = text_of(path)
    if (node := composed(path, text)) is None:
        return Document(path, {}, {})
    reading = Reading(path)
    content = reading.value(node, ())
    return Document(path, content, reading.places, tuple(reading.problems))


def text_of(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise SettingsError(f"The file is larger than {LARGEST} bytes.", where=str(path))
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"The file is not UTF-8: {error}.", where=str(path), hint="Save it as UTF-8.") from error
    except OSError as error:
        raise SettingsError(
            f"The file cannot be read: {error.strerror}.", where=str(path), hint="Check the path and its permissions."
        ) from error


def composed(path: Path, text: str) -> yaml.Node | None:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise SettingsError(f"This is not YAML: {error.problem or error.context}.", where=where) from error
    except yaml.YAMLError as error:
        raise SettingsError(f"This is not YAML: {error}.", where=str(path)) from error
    except RecursionError as error:
        raise SettingsError("The file is nested too deeply to be meant.", where=str(path)) from error
    return node if isinstance(node, yaml.Node) else None


class Reading:
    """One walk through a composed document, collecting places and problems."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: dict[Steps, Place] = {}
        self.problems: list[Problem] = []
        self.nodes: set[int] = set()

    def value(self, node: yaml.Node, steps: Steps) -> Any:
        self.places.setdefault(steps, place_of(node))
        if id(node) in self.nodes:
            self.report(node, "An alias (*name) is used; write the value out.")
            return None
        self.nodes.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return dict(self.pairs(node, steps))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*steps, index)) for index, child in enumerate(node.value)]
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        return None if plain and node.value in EMPTY else node.value

    def pairs(self, node: yaml.MappingNode, steps: Steps) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.report(key, "A list or mapping cannot be a name.")
                continue
            if key.value in seen:
                self.report(key, f"{key.value!r} stands here twice; keep one.")
                continue
            seen.add(key.value)
            # A mistake in a name is shown at the name, one in a value at the value: an empty one has none.
            empty = isinstance(child, yaml.ScalarNode) and not child.value
            self.places[(*steps, key.value)] = place_of(key if empty else child)
            self.places[(*steps, key.value, NAME)] = place_of(key)
            yield key.value, self.value(child, (*steps, key.value))

    def report(self, node: yaml.Node, message: str) -> None:
        place = place_of(node)
        self.problems.append(Problem(str(self.path), place.line, place.column, message))


NAME = "\0name"
"""A last step that means the place of the name itself rather than of its value."""


def place_of(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
