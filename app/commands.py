"""`/liaison` commands as agents type them into internal notes. Pure: any text in, commands out, never an error.

To add a command: its verb here, what it does in app/steered.py, its line in HELP of app/command_words.py and in
docs/agents.md.
"""

import html
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

MOST = 10
"""Commands in one comment; more are a paste, not a wish."""
LONGEST = 32_767


class Verb(StrEnum):
    NEXT = "next"
    MUTE = "mute"
    UNMUTE = "unmute"
    SAY = "say"
    FACT = "fact"
    WHY = "why"
    HELP = "help"


@dataclass(frozen=True)
class Command:
    """`typed` is the word after `/liaison`, `verb` what it means (None: nothing known), `rest` what follows it on the
    line. `beneath`: lines of words stand under it, up to the next command; they belong to nobody.
    """

    typed: str
    verb: Verb | None
    rest: str = ""
    beneath: bool = False


BREAK = re.compile(r"<br\s*/?>|</?(?:p|div)>", re.IGNORECASE)
MENTION = r"(?:\[~[^\]\n]{1,120}\]|@[^/\n]{1,80}?)"
START = re.compile(rf"^\s*(?:{MENTION}[\s,:]*)?/liaison(?![\w-])[,:]?[ \t]*(.*)$", re.IGNORECASE)
QUOTES = {"“": "”", "„": "“", "”": "”", '"': '"', "«": "»", "»": "«", "‘": "’", "'": "'"}  # noqa: RUF001 - as typed
UNSEEN = frozenset("\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2060\ufeff\ufff9\ufffa\ufffb")


def commands(text: str) -> tuple[Command, ...]:
    """The commands of a comment in order, at most one more than MOST."""
    found: list[Command] = []
    for line in plain(text).split("\n"):
        start = START.match(line)
        if start and len(found) <= MOST:
            found.append(_command(start[1].strip()))
        elif found and line.strip() and not found[-1].beneath:
            last = found[-1]
            found[-1] = Command(last.typed, last.verb, last.rest, beneath=True)
    return tuple(found)


def has_commands(text: str) -> bool:
    return "/liaison" in text.casefold() and bool(commands(text))


def _command(line: str) -> Command:
    typed, _, rest = line.partition(" ")
    word = typed.rstrip(".,:;!?").casefold()
    verb = Verb(word) if word in set(Verb) else None
    return Command(typed, verb if word else Verb.HELP, unquoted(rest.strip()))


def plain(text: str) -> str:
    """What the eye sees of a comment: entities and line breaks of HTML read, odd blanks made plain, nothing unseen."""
    text = html.unescape(BREAK.sub("\n", text[:LONGEST]))
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return "".join(_seen(c) for c in text)


def _seen(character: str) -> str:
    if character in "\n\t":
        return character if character == "\n" else " "
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    # Joiners are part of emoji and of Persian words; what turns the direction of reading is nobody's word.
    if category in {"Cc", "Cs", "Co", "Zl", "Zp"} or character in UNSEEN or "\u202a" <= character <= "\u202e":
        return ""
    return "" if "\u2066" <= character <= "\u2069" or "\U000e0000" <= character <= "\U000e007f" else character


def unquoted(text: str) -> str:
    """Without the quotation marks around all of it."""
    if len(text) > 1 and QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
        return text[1:-1].strip()
    return text
