"""YAML with positions: text to a tree whose every value knows its line and column.

YAML 1.2 core scalars (`no` is a word, `12:30` is text), no anchors, aliases, tags or duplicate keys, and limits on
size, depth and number of values, so that a hostile file ends in one clear error.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from core.errors import Problem, RulesError
from rules.mishaps import in_words

MAX_BYTES = 4_000_000  # some 10,000 rules
MAX_DEPTH = 40
MAX_VALUES = 600_000
MAX_ENTRIES = 20_000
"""Of one list or mapping: what is only large ends long before it has been read."""
MAX_REPEATS = 1_000
REPEATED = "\0"  # no key can be this
MAX_LISTED = 50  # problems of one kind in one file; more are counted, not listed

FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
WHOLE = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
DECIMAL = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,2})?")
WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

Scalar = str | int | float | bool | None


class Mark(NamedTuple):
    """A place in a file; lines and columns count from 1."""

    line: int = 0
    column: int = 0


@dataclass(slots=True)
class Node:
    """A value with its place. `raw` is a scalar as written, `keys` the places of a mapping's keys.

    `span` is where a scalar stands in the source, its quotes or `|` included; `style` tells which of them it has.
    """

    mark: Mark
    value: "Scalar | dict[str, Node] | list[Node]"
    raw: str = ""
    style: str = ""
    span: tuple[int, int] = (0, 0)
    keys: dict[str, Mark] = field(default_factory=dict)

    @property
    def entries(self) -> "dict[str, Node]":
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> "list[Node]":
        return self.value if isinstance(self.value, list) else []

    def get(self, *path: str | int) -> "Node | None":
        """The value at a path of keys and indexes, None where there is none."""
        here: Node | None = self
        for step in path:
            if here is None:
                return None
            if isinstance(step, int):
                here = here.items[step] if step < len(here.items) else None
            else:
                here = here.entries.get(step)
        return here

    def spots(self, *path: str) -> "Iterator[tuple[tuple[str, ...], tuple[int, int]]]":
        """Line and column of every key and every scalar below, by the keys that lead there; scalars come last in it."""
        if isinstance(self.value, dict):
            for key, node in self.value.items():
                yield (*path, key), (self.keys[key].line, self.keys[key].column)
                yield from node.spots(*path, key)
        elif isinstance(self.value, list):
            for node in self.value:
                yield from node.spots(*path)
        else:
            yield (*path, str(self.value)), (self.mark.line, self.mark.column)

    def plain(self) -> Any:
        """The value as plain dicts and lists. Recursion is safe: the depth is limited."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


@dataclass
class Document:
    """One file. `problems` holds what was wrong with its YAML although a tree could be made of it."""

    path: str
    source: str
    root: Node
    problems: list[Problem] = field(default_factory=list)

    def place(self, node: Node, line: int, column: int) -> Mark:
        """Where in the file a place in a scalar's text stands. The scalar's own place where that cannot be told."""
        if node.style == "|":
            return self._in_block(node, line, column)
        written = self.source[slice(*node.span)]
        if "\n" not in written:
            return Mark(node.mark.line, node.mark.column + column - 1 + (node.style in {"'", '"'}))
        return self._search(node, line, column)

    def _in_block(self, node: Node, line: int, column: int) -> Mark:
        texts, lines = str(node.value).splitlines(), self.source[slice(*node.span)].splitlines()[1:]
        for text, written in zip(texts, lines, strict=False):
            if text.strip():
                return Mark(node.mark.line + line, column + len(written) - len(written.lstrip(" ")) - _indent(text))
        return node.mark

    def _search(self, node: Node, line: int, column: int) -> Mark:
        """By the word that stands there: folded lines and escapes keep words whole."""
        text = str(node.value).splitlines()
        word = re.match(r"[\w.]+", text[line - 1][column - 1 :]) if line <= len(text) else None
        at = self.source.find(word.group(), *node.span) if word else -1
        return position(self.source, at) if at >= 0 else node.mark


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def position(source: str, index: int) -> Mark:
    before = source.rfind("\n", 0, index)
    return Mark(source.count("\n", 0, index) + 1, index - before)


def read(path: str, content: bytes) -> Document:
    """The tree of one file. Raises RulesError with one problem where there is none to be had."""
    return _Builder(path, _decode(path, content)).document()


def _decode(path: str, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise broken(path, Mark(), f"the file has more than {MAX_BYTES:,} bytes, which is the limit. Split it.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise broken(path, Mark(1, 1), "the file is UTF-16; save it as UTF-8.")
    try:
        source = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        value = content[error.start]
        raise broken(
            path, position(before, len(before)), f"byte 0x{value:02x} is not UTF-8; save it as UTF-8."
        ) from error
    found = FORBIDDEN.search(source)
    if found:
        character = f"U+{ord(found.group()):04X}"
        raise broken(
            path, position(source, found.start()), f"the character {character} may not stand in YAML; remove it."
        )
    return source


def broken(path: str, mark: Mark, message: str) -> RulesError:
    return RulesError((Problem(path, mark.line, mark.column, message),))


class _Builder:
    """Builds the tree from parser events, without recursion."""

    def __init__(self, path: str, source: str) -> None:
        self.path, self.source = path, source
        self.problems: list[Problem] = []
        self.stack: list[Node] = []
        self.pending: list[str | None] = []  # per open collection the key that waits for its value
        self.root: Node | None = None
        self.count = self.repeats = 0

    def document(self) -> Document:
        try:
            for event in self._events():
                self._take(event)
        except yaml.YAMLError as error:
            line, column, message = in_words(error, self.source)
            raise broken(self.path, Mark(line, column), message) from error
        return Document(self.path, self.source, self.root or Node(Mark(1, 1), None), self.problems)

    def _events(self) -> Iterator[yaml.Event]:
        """As `yaml.parse`, which asks twice for each."""
        loader = yaml.CSafeLoader(self.source)
        while (event := loader.get_event()) and not isinstance(event, yaml.StreamEndEvent):
            yield event

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.NodeEvent):
            self._open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()
            self.pending.pop()
        elif isinstance(event, yaml.DocumentStartEvent) and self.root:
            raise self._wrong(event, "a second document starts here (---); write one document per file.")

    def _open(self, event: yaml.NodeEvent) -> None:
        self._refuse(event)
        node = _node(event)
        if not self._place(node, event):
            return
        if isinstance(event, yaml.CollectionStartEvent):
            self.stack.append(node)
            self.pending.append(None)
            if len(self.stack) > MAX_DEPTH:
                raise self._wrong(event, f"nested more than {MAX_DEPTH} deep; no rule needs that.")

    def _refuse(self, event: yaml.NodeEvent) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            raise self._wrong(event, f"more than {MAX_VALUES:,} values in one file; split it.")
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            raise self._wrong(
                event,
                f"{sign}{event.anchor}: anchors and aliases are not allowed; write the value out, or use `lists:`.",
            )
        tag = getattr(event, "tag", None)
        if tag:
            raise self._wrong(event, f"the tag {tag[:60]} is not allowed; write the value without it.")

    def _place(self, node: Node, event: yaml.NodeEvent) -> bool:
        """Put the node where it belongs; False for a key, which is no value of its own."""
        if not self.stack:
            self.root = node
            return True
        parent, key = self.stack[-1], self.pending[-1]
        if len(parent.items or parent.keys) >= MAX_ENTRIES:
            raise self._wrong(event, f"more than {MAX_ENTRIES:,} entries in one list or mapping; split the file.")
        if isinstance(parent.value, list):
            parent.value.append(node)
            return True
        if key is None:
            self.pending[-1] = self._key(parent, node, event)
            return False
        if key != REPEATED:
            parent.entries[key] = node
        self.pending[-1] = None
        return True

    def _key(self, parent: Node, node: Node, event: yaml.NodeEvent) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._wrong(
                event, 'a key is plain text; a text that starts with { or [ must stand in quotes: "{{ … }}".'
            )
        key = node.raw
        if key in parent.keys:
            self.repeats += 1
            if self.repeats > MAX_REPEATS:
                raise self._wrong(event, f"{key!r} is one of more than {MAX_REPEATS} keys that stand here twice.")
            first = parent.keys[key]
            self._repeated(
                node.mark, f"{key!r} stands here a second time; the first is at {first.line}:{first.column}."
            )
            return REPEATED
        parent.keys[key] = node.mark
        return key

    def _repeated(self, mark: Mark, message: str) -> None:
        if len(self.problems) < MAX_LISTED:
            self.problems.append(Problem(self.path, mark.line, mark.column, message))

    def _wrong(self, event: yaml.Event, message: str) -> RulesError:
        return broken(self.path, _mark(event.start_mark), message)


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _index(mark: Any) -> int:
    return int(mark.index)


def _node(event: yaml.NodeEvent) -> Node:
    mark = _mark(event.start_mark)
    if isinstance(event, yaml.ScalarEvent):
        plain = not event.style
        span = (_index(event.start_mark), _index(event.end_mark))
        return Node(mark, scalar(event.value) if plain else event.value, event.value, event.style or "", span)
    return Node(mark, {} if isinstance(event, yaml.MappingStartEvent) else [])


def scalar(text: str) -> Scalar:
    """A plain scalar by the YAML 1.2 core schema; numbers too long to be meant as numbers stay text."""
    if text in WORDS:
        return WORDS[text]
    if WHOLE.fullmatch(text):
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    if DECIMAL.fullmatch(text):
        return float(text)
    return text
