"""What a template will read like, before there is a ticket: every branch of its questions, examples for its names,
and for each letter where in the template it came from.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rules.template import LONGEST, OPENING, WORDS, Scanner, Token, read
from rules.vocabulary import FOR_AGENTS, FOR_EVERYBODY

MOST_WAYS = 4  # Through the branches of a template; the fourth `elif` says nothing new about its words.
MAY_BE_EMPTY = frozenset({"service.people_can", "service.workaround"})
EXAMPLES = {
    "en": {
        **{name.path: name.example for name in (*FOR_EVERYBODY, *FOR_AGENTS)},
        "statement": "Customers cannot pay by card.",
        "level": "high",
        "id": "payments",
    },
    "de": {
        "service.name": "Kartenzahlung",
        "location.name": "Berlin Mitte",
        "reminder": "am Freitag um 10:00 Uhr",
        "reminder.text": "am Freitag um 10:00 Uhr",
        "parent.progress": "Wir suchen die Ursache.",
        "parent.next_update": "heute bis 14:30 Uhr",
        "key_users.text": "3 Schlüsselpersonen",
        "overrun.text": "40 Minuten",
        "late": "40 Minuten",
        "check_in.text": "am Montag um 09:00 Uhr",
        "next_notice.text": "morgen um 02:00 Uhr",
        "service.people_can": "mit Karte zahlen",
        "service.workaround": "Bargeld geht weiterhin.",
        "ticket.kind": "Meldung",
        "ticket.state": "in Arbeit",
        "progress": "Wir suchen die Ursache.",
        "next_update": "heute bis 14:30 Uhr",
        "next_update.text": "heute bis 14:30 Uhr",
        "promised": "heute bis 14:00 Uhr",
        "promised.text": "heute bis 14:00 Uhr",
        "since": "heute, 14:05 Uhr",
        "since.text": "heute, 14:05 Uhr",
        "opened": "heute um 13:50 Uhr",
        "opened.text": "heute um 13:50 Uhr",
        "planned_start": "am Sonntag, 22. November, um 02:00 Uhr",
        "planned_start.text": "am Sonntag, 22. November, um 02:00 Uhr",
        "planned_end": "am Sonntag, 22. November, um 04:00 Uhr",
        "planned_end.text": "am Sonntag, 22. November, um 04:00 Uhr",
        "window": "Sonntag, 22. November, von 02:00 bis 04:00 Uhr",
        "window.text": "Sonntag, 22. November, von 02:00 bis 04:00 Uhr",
    },
}


@dataclass(frozen=True)
class Rehearsal:
    """`origin`: for each letter its place in the template; for what was put in, the place of its tag, complemented."""

    text: str
    origin: tuple[int, ...]

    def place(self, at: int) -> int:
        """Where in the template the letter comes from."""
        found = self.origin[min(at, len(self.origin) - 1)] if self.origin else 0
        return found if found >= 0 else ~found

    def own(self, start: int, end: int) -> bool:
        """Whether the template's writer wrote any of these letters."""
        return any(origin >= 0 for origin in self.origin[start:end])


@dataclass(frozen=True)
class Piece:
    """A stretch of text, or a tag with its tokens (`text` is then its opening)."""

    text: str
    at: int
    tokens: tuple[Token, ...] | None = None


def rehearse(source: str, language: str = "en") -> tuple[Rehearsal, ...]:
    """The first branch of every question, then the second, and so on; none for a template that cannot be read."""
    if len(source) > LONGEST or read(source).faults:
        return ()
    pieces = tuple(_pieces(source))
    ways = min(max(_branches(pieces), default=1), MOST_WAYS)
    rehearsals = [_Reader(pieces, way, language).rehearsal() for way in range(ways)]
    return tuple(
        r for number, r in enumerate(rehearsals) if r.text not in {other.text for other in rehearsals[:number]}
    )


def _pieces(source: str) -> Iterator[Piece]:
    scanner, position = Scanner(source), 0
    while found := OPENING.search(source, position):
        yield Piece(source[position : found.start()], position)
        tokens, position = scanner.tokens(found.group()[:2], found.end())
        if found.group() != "{#":
            yield Piece(found.group()[:2], found.start(), tokens)
    yield Piece(source[position:], position)


def _branches(pieces: tuple[Piece, ...]) -> Iterator[int]:
    """How many ways each question has, and two where a value may be empty."""
    counts: list[int] = []
    for piece in pieces:
        keyword = piece.tokens[0].text if piece.tokens else ""
        if piece.text == "{{" and _path(piece.tokens or ()) in MAY_BE_EMPTY:
            yield 2
        elif keyword in {"if", "for"} and piece.text == "{%":
            counts.append(2)
        elif keyword == "elif" and counts:
            counts[-1] += 1
        elif keyword in {"endif", "endfor"} and counts:
            yield counts.pop()


def _path(tokens: tuple[Token, ...]) -> str:
    """The dotted name a tag prints, its filters left away."""
    names = []
    for token in tokens:
        if token.text != "." and token.kind != "name":
            break
        names.append(token.text)
    return "".join(names)


@dataclass
class _Reader:
    """Goes through the pieces one way."""

    pieces: tuple[Piece, ...]
    way: int
    language: str
    letters: list[tuple[str, int]] = field(default_factory=list)
    open: list[list[int]] = field(default_factory=list)  # per question: the branch we are in, the branch to take

    def rehearsal(self) -> Rehearsal:
        for piece in self.pieces:
            if piece.tokens is None:
                self._say(piece.text, range(piece.at, piece.at + len(piece.text)))
            elif piece.text == "{%" and piece.tokens:
                self._turn(piece.tokens)
            elif piece.text == "{{":
                self._put_in(piece)
        tidied = _tidied(self.letters)
        return Rehearsal("".join(letter for letter, _ in tidied), tuple(at for _, at in tidied))

    def _turn(self, tokens: tuple[Token, ...]) -> None:
        keyword = tokens[0].text
        if keyword in {"if", "for"}:
            negated = len(tokens) > 1 and tokens[1].text == "not"
            self.open.append([0, 1 - self.way if negated and self.way < 2 else self.way])  # noqa: PLR2004 - yes and no
        elif keyword in {"elif", "else"} and self.open:
            self.open[-1][0] += 1
            if keyword == "else":
                self.open[-1][1] = min(self.open[-1])
        elif keyword in {"endif", "endfor"}:
            del self.open[-1:]

    def _put_in(self, piece: Piece) -> None:
        tokens = piece.tokens or ()
        value = self._value(tokens)
        if any(token.text == "capitalize" for token in tokens):
            value = value[:1].upper() + value[1:]
        self._say(value, [~piece.at] * len(value))

    def _value(self, tokens: tuple[Token, ...]) -> str:
        if tokens and tokens[0].kind == "text":
            return tokens[0].text[1:-1]
        path = _path(tokens)
        if path in WORDS or (self.way and path in MAY_BE_EMPTY):
            return ""
        own = EXAMPLES.get(self.language[:2], {})
        english = EXAMPLES["en"]
        return own.get(path) or english.get(path) or english.get(path.rpartition(".")[2], "it")

    def _say(self, text: str, origin: "range | list[int]") -> None:
        if all(here == taken for here, taken in self.open):
            self.letters.extend(zip(text, origin, strict=True))


def _tidied(letters: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Blanks collapsed as they will be when it is sent, a line break kept."""
    tidied: list[tuple[str, int]] = []
    last = " "
    for letter, at in letters:
        if not letter.isspace():
            if last == " " and letter in ".," and tidied:
                tidied.pop()
        elif letter == "\n":
            if last == " " and tidied:
                tidied.pop()
            if not tidied:
                continue
        elif last in " \n":
            continue
        last = letter if letter == "\n" or not letter.isspace() else " "
        tidied.append((last, at))
    while tidied and tidied[-1][0].isspace():
        tidied.pop()
    return tidied
