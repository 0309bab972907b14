"""What other people's words may do to a page beside being read: pile marks over other lines, turn other words around.

Word for word stays word for word, for everything that a person writes to be read.
"""

import re

from markupsafe import Markup

MOST = 8
"""Marks over one letter. Hebrew with all its accents has four, Vietnamese two; more is a pile."""
MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e34-\u0e3a\u0e47-\u0e4e"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
PILE = re.compile(f"([{MARKS}]{{{MOST}}})[{MARKS}]+")
TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
CODE = re.compile(r"(?<![\w`])`([^`\n]*[^`\s])`(?!\w)")
OPENS = dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c") | dict.fromkeys("\u2066\u2067\u2068", "\u2069")


def tamed(value: object) -> object:
    """Whatever a template writes out. What is ours already (Markup), and what is no text, stays as it is."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isascii():
        return value
    text = PILE.sub(r"\1", value)
    return text + "".join(reversed(_open(text))) if TURNS.search(text) else text


def coded(text: str) -> Markup:
    """Our own words, in which `this` is to be typed: shown as code, without the marks."""
    parts = enumerate(CODE.split(str(tamed(text))))
    return Markup().join(Markup("<code>{}</code>").format(part) if nth % 2 else part for nth, part in parts)


def _open(text: str) -> list[str]:
    """What would close the turns of direction that the text leaves open."""
    waiting: list[str] = []
    for turn in TURNS.findall(text):
        if turn in OPENS:
            waiting.append(OPENS[turn])
        elif turn in waiting:
            while waiting.pop() != turn:
                pass
    return waiting
