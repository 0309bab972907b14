"""Small edits of a rules file, in its own text: one line put in or taken out, all else as it was (decision 0009).

What an edit did is proven: the new text is read again, and says what the old one said but for that one thing.
"""

import re
from copy import deepcopy
from typing import Any

from core.errors import LiaisonError, RulesError
from rules.documents import Document, Mark, Node, read
from rules.tongues import ENGLISH

NEW_FILE = "version: 1\n"
REST = {"id", "title", "active"}
"""What a rule has that says nothing but that a shipped one is switched off."""
OF_OURS = "# What Liaison ships under this name is switched off."
COPIED = "# Copied from what Liaison ships, in its place."
DASH = re.compile(r"( *)- +")
Told = dict[str, Any]


class Uneditable(LiaisonError):
    """The text is written in a way that no button can change."""

    def __init__(self, what: str) -> None:
        super().__init__(what, hint="Change it in the editor.")


def switched_off(text: str, name: str) -> str:
    """With `active: false` in the rule of that name."""
    document = _read(text)
    rule = _entry(document, "rules", name)
    active = rule.get("active")
    if active:
        return _proven(text, _spliced(text, active.span, "false"), _told(document, name, {"active": False}))
    return _proven(text, _with_key(document, rule, "active: false"), _told(document, name, {"active": False}))


def switched_on(text: str, name: str) -> str:
    """Without it. A rule that does nothing but switch a shipped one off goes as a whole."""
    document = _read(text)
    rule = _entry(document, "rules", name)
    if set(rule.entries) <= REST:
        return _proven(text, _without_entry(document, rule), _told(document, name, None))
    active = rule.get("active")
    if active is None:
        raise Uneditable(f"The rule {name} is not switched off in this file.")
    shorter = _without_key(document, rule, active)
    if shorter is None:
        return _proven(text, _spliced(text, active.span, "true"), _told(document, name, {"active": True}))
    return _proven(text, shorter, _told(document, name, {"active": ...}))


def shipped_off(text: str, name: str) -> str:
    """With an entry that switches a shipped rule off."""
    return _with_entry(text, "rules", [OF_OURS, f"- id: {name}", "  active: false"])


def copied(text: str, section: str, name: str, source: str) -> str:
    """With a copy of an entry of `source`, a shipped file, comments and all; a rule stands in the layer `default`, so
    that one's own other rules come first as before.
    """
    shipped = _read(source)
    if _language(shipped) != _language(_read(text)):
        raise Uneditable(f"Texts of this file are read as {_language(_read(text))}, those of the copy are not.")
    lines = _lines_of(shipped, section, name)
    if section == "rules":
        alone = "rules:\n" + "\n".join(lines) + "\n"
        entry = _entry(_read(alone), "rules", name)
        lines = _with_key(_read(alone), entry, "layer: default").splitlines()[1:]
    return _with_entry(text, section, [COPIED, *lines])


# --- finding ----------------------------------------------------------------------------------------------------------


def _read(text: str) -> Document:
    try:
        return read("", text.encode())
    except RulesError as error:
        raise Uneditable(f"The file cannot be read: {error.problems[0].message}") from error


def _entry(document: Document, section: str, name: str) -> Node:
    node = document.root.get(section)
    found = [one for one in (node.items if node else ()) if (own := one.get("id")) and own.value == name]
    if len(found) != 1:
        raise Uneditable(f"{name} does not stand in this file any more.")
    return found[0]


def _language(document: Document) -> str:
    node = document.root.get("language")
    return str(node.value) if node and node.value else ENGLISH


def _index(text: str, mark: Mark) -> int:
    start = 0
    for _ in range(mark.line - 1):
        start = text.index("\n", start) + 1
    return start + mark.column - 1


def _in_braces(document: Document, node: Node) -> bool:
    return document.source[_index(document.source, node.mark)] in "{["


def _dashed(document: Document, node: Node) -> int:
    """The column of the dash before an entry, from 0."""
    line = document.source.split("\n")[node.mark.line - 1]
    dash = DASH.match(line)
    if not dash or dash.end() != node.mark.column - 1:
        raise Uneditable("This entry does not stand on lines of its own.")
    return len(dash[1])


def _end(document: Document, section: str, after: int) -> int:
    """The line, from 0, before which a section's last entry ends, or the entry that begins at line `after`."""
    node = document.root.get(section)
    starts = [one.mark.line for one in (node.items if node else ())]
    starts += [mark.line for mark in document.root.keys.values()]
    lines = document.source.split("\n")
    end = min((start - 1 for start in starts if start - 1 > after), default=len(lines))
    while end > after + 1 and _idle(lines[end - 1]):
        end -= 1  # what stands above the next entry belongs to that one
    return end


def _idle(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


# --- changing ---------------------------------------------------------------------------------------------------------


def _spliced(text: str, span: tuple[int, int], new: str) -> str:
    return text[: span[0]] + new + text[span[1] :]


def _with_key(document: Document, entry: Node, line: str) -> str:
    """Right after the `id`."""
    text, name = document.source, entry.entries["id"]
    if _in_braces(document, entry):
        return _spliced(text, (name.span[1], name.span[1]), f", {line}")
    end = text.find("\n", name.span[1])
    indent = " " * (entry.keys["id"].column - 1)
    if end < 0:
        return f"{text}\n{indent}{line}\n"
    return _spliced(text, (end, end), f"\n{indent}{line}")


def _without_key(document: Document, entry: Node, active: Node) -> str | None:
    """None where it cannot simply go."""
    text = document.source
    if _in_braces(document, entry):
        before = re.search(r",\s*active\s*:\s*$", text[: active.span[0]])
        return _spliced(text, (before.start(), active.span[1]), "") if before else None
    start, end = text.rfind("\n", 0, active.span[0]) + 1, text.find("\n", active.span[1])
    alone = re.fullmatch(r" *active *: *", text[start : active.span[0]])
    return _spliced(text, (start, len(text) if end < 0 else end + 1), "") if alone else None


def _without_entry(document: Document, entry: Node) -> str:
    column, lines = _dashed(document, entry), document.source.split("\n")
    start, end = entry.mark.line - 1, _end(document, "rules", entry.mark.line - 1)
    ours = start and lines[start - 1] == " " * column + OF_OURS
    start -= 1 if ours else 0
    after = ours or end >= len(lines) or not lines[end].strip()
    if start and not lines[start - 1].strip() and after:
        start -= 1  # the empty line above came with it, or another stands below
    return "\n".join([*lines[:start], *lines[end:]])


def _lines_of(document: Document, section: str, name: str) -> list[str]:
    """An entry's own lines, as far left as they go."""
    entry = _entry(document, section, name)
    column, start = _dashed(document, entry), entry.mark.line - 1
    lines = document.source.split("\n")[start : _end(document, section, start)]
    return [line[column:] for line in lines]


def _with_entry(text: str, section: str, lines: list[str]) -> str:
    """At the end of the section; the section is made where there is none."""
    document = _read(text)
    told: Told = document.root.plain() or {}
    new = _read(f"{section}:\n" + "\n".join(lines) + "\n").root.plain()[section]
    if any(isinstance(one, dict) and one.get("id") == new[0]["id"] for one in told.get(section) or ()):
        raise Uneditable(f"{new[0]['id']} stands in this file already.")
    expected = {**told, section: [*(told.get(section) or ()), *new]}
    return _proven(text, _appended(document, section, lines), expected)


def _appended(document: Document, section: str, lines: list[str]) -> str:
    node, text = document.root.get(section), document.source
    if node is None:
        return text.rstrip("\n") + f"\n\n{section}:\n" + _indented(lines, 2)
    if node.value is None:
        return _put(text, document.root.keys[section].line, _indented(lines, 2))
    if not node.items or _in_braces(document, node):
        raise Uneditable(f"`{section}:` stands on one line in this file.")
    last = node.items[-1].mark.line - 1
    apart = "\n" if len(node.items) > 1 and not text.split("\n")[node.items[1].mark.line - 2].strip() else ""
    return _put(text, _end(document, section, last), apart + _indented(lines, _dashed(document, node.items[0])))


def _put(text: str, line: int, more: str) -> str:
    lines = text.split("\n")
    before = "\n".join(lines[:line])
    rest = "\n".join(lines[line:])
    return f"{before}\n{more}{rest}" if before else more + rest


def _indented(lines: list[str], columns: int) -> str:
    return "".join(f"{' ' * columns}{line}\n" if line.strip() else "\n" for line in lines)


# --- proving ----------------------------------------------------------------------------------------------------------


def _told(document: Document, name: str, change: dict[str, Any] | None) -> Told:
    """What the file shall say: a rule with other values, `...` for one that goes, or without the rule."""
    told: Told = deepcopy(document.root.plain())
    kept = []
    for rule in told["rules"]:
        if rule.get("id") != name:
            kept.append(rule)
        elif change is not None:
            both = {**rule, **change}
            kept.append({key: value for key, value in both.items() if value is not ...})
    return {**told, "rules": kept or None}


def _proven(old: str, new: str, told: Told) -> str:
    if _read(new).root.plain() != told or old == new:
        raise Uneditable("This file is written in a way that no button can change safely.")
    return new
