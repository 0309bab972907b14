"""The small template language of messages: names, `if`, `for … in impacts`, a few filters. Nothing that computes.

It is minijinja's syntax, read here once more before minijinja sees it: for the place of every name, and because
minijinja 3.0.5 overflows its stack on one long expression and lets `"a" * 10**10` run (both tried).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import minijinja

from core.errors import Severity
from rules.vocabulary import FILTERS, IMPACT, ITERABLE, LOOP, did_you_mean

LONGEST = 8_000  # Characters; a ServiceNow comment of this length is already a page.
MOST_TOKENS = 80  # In one tag.
MOST_TAGS = 400
OPENING = re.compile(r"\{\{[-+]?|\{%[-+]?|\{#")
CLOSING = {"{{": re.compile(r"[-+]?\}\}"), "{%": re.compile(r"[-+]?%\}"), "{#": re.compile(r"#\}")}
TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<name>[^\W\d]\w*)|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<sign>==|!=|[.|(),\[\]])|(?P<other>\S)""",
    re.DOTALL,
)
BLANKS = re.compile(r"\s*")
WORDS = frozenset({"and", "or", "not", "in", "is", "if", "else", "true", "false", "True", "False"})
TAGS = ("if", "elif", "else", "endif", "for", "endfor")


@dataclass(frozen=True)
class Used:
    """A dotted name in a template. Lines and columns count from 1, in the template's text. `printed`: it stands
    alone in `{{ }}`.
    """

    path: str
    line: int
    column: int
    printed: bool = False


@dataclass(frozen=True)
class Fault:
    """Something wrong in a template, at a place in its text (lines and columns from 1)."""

    message: str
    line: int = 1
    column: int = 1
    severity: Severity = Severity.ERROR


@dataclass(frozen=True)
class Literal:
    """Text that stands in the template as it will be sent: between tags, or quoted inside one."""

    text: str
    line: int
    column: int


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    at: int


@dataclass(frozen=True)
class Tag:
    """`{{ … }}` or `{% … %}`, by its opening, and what stands in it."""

    opening: str
    tokens: tuple[Token, ...]
    at: int


@dataclass(frozen=True)
class Reading:
    """What a template is made of. With faults it is never rendered."""

    used: tuple[Used, ...] = ()
    faults: tuple[Fault, ...] = ()
    literals: tuple[Literal, ...] = ()


@lru_cache(maxsize=4096)
def read(source: str) -> Reading:
    """The names, literal text and faults of a template, whoever it is for."""
    if len(source) > LONGEST:
        return Reading(faults=(Fault(f"This text has {len(source)} characters; {LONGEST} are the most."),))
    scanner = Scanner(source)
    scanner.run()
    return scanner.reading()


@dataclass
class Scanner:
    """Walks the tags of one template, with the loops that are open at each point."""

    source: str
    used: list[Used] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)
    loops: list[tuple[str, ...]] = field(default_factory=list)
    blocks: list[tuple[str, int]] = field(default_factory=list)
    """What is open at each point, and where it began."""

    def run(self) -> None:
        tags = list(self.tags())
        if len(tags) > MOST_TAGS:
            self.fault(tags[MOST_TAGS].at, f"This text has {len(tags)} tags; {MOST_TAGS} are the most.")
            return
        for tag in tags if not self.faults else ():
            self.tag(tag)
        for keyword, at in self.blocks if not self.faults else ():
            self.fault(at, f"{{% {keyword} %}} is never closed; write {{% end{keyword} %}} where it ends.")
        if not self.faults:
            self.faults.extend(syntax_fault(self.source))

    def reading(self) -> Reading:
        return Reading(tuple(self.used), tuple(self.faults), tuple(self.literals))

    def tags(self) -> Iterator[Tag]:
        """The tags in order. A tag that never ends swallows the rest."""
        position = 0
        while found := OPENING.search(self.source, position):
            self.literal(self.source[position : found.start()], position)
            opening = found.group()[:2]
            tokens, position = self.tokens(opening, found.end())
            if opening != "{#":
                yield Tag(opening, tokens, found.start())
        self.literal(self.source[position:], position)

    def tokens(self, opening: str, position: int) -> tuple[tuple[Token, ...], int]:
        """The tokens up to the end of the tag, and where the text goes on."""
        closing = CLOSING[opening]
        if opening == "{#":
            end = closing.search(self.source, position)
            return (), end.end() if end else len(self.source)
        tokens: list[Token] = []
        start = position - len(opening)
        while True:
            position = BLANKS.match(self.source, position).end()  # type: ignore[union-attr] # always matches
            if end := closing.match(self.source, position):
                return tuple(tokens), end.end()
            found = TOKEN.match(self.source, position)
            if not found:
                end_sign = "}}" if opening == "{{" else "%}"
                self.fault(start, f"{opening} is never closed; write {end_sign} where it ends.")
                return (), len(self.source)
            tokens.append(Token(found.lastgroup or "other", found.group(), position))
            position = found.end()

    def literal(self, text: str, at: int) -> None:
        if text.strip():
            self.literals.append(Literal(text, *self.place(at)))

    def tag(self, tag: Tag) -> None:
        if len(tag.tokens) > MOST_TOKENS:
            self.fault(tag.at, f"This tag has {len(tag.tokens)} parts; {MOST_TOKENS} are the most. Make it simpler.")
        elif tag.opening == "{{":
            self.expression(tag.tokens, printed=len(tag.tokens) > 0)
        else:
            self.statement(tag)

    def statement(self, tag: Tag) -> None:
        keyword = tag.tokens[0].text if tag.tokens else ""
        if keyword in {"if", "for"}:
            self.blocks.append((keyword, tag.at))
        elif keyword.startswith("end") and [block for block, _ in self.blocks[-1:]] == [keyword.removeprefix("end")]:
            self.blocks.pop()
        if keyword not in TAGS:
            known = ", ".join(TAGS)
            self.fault(tag.at, f"{keyword or 'An empty tag'} is not part of a message's language: it has {known}.")
        elif keyword == "for":
            self.loop(tag)
        elif keyword == "endfor":
            del self.loops[-1:]
        else:
            self.expression(tag.tokens[1:])

    def loop(self, tag: Tag) -> None:
        """`for impact in impacts`, and nothing else: loops over anything longer have no business in a message."""
        names = [token.text for token in tag.tokens]
        if len(names) < 4 or names[2] != "in" or names[3] not in ITERABLE or "recursive" in names:  # noqa: PLR2004 - the words of the form
            self.fault(tag.at, "A loop has one form: {% for impact in impacts %}.")
            return
        self.use(tag.tokens[3], names[3])
        self.loops.append((names[1], "loop"))
        if len(tag.tokens) > 4 and names[4] != "if":  # noqa: PLR2004 - as above
            self.fault(tag.tokens[4].at, f"{names[4]!r} cannot stand here: only `if` may follow `impacts`.")
        self.expression(tag.tokens[5:])

    def expression(self, tokens: tuple[Token, ...], *, printed: bool = False) -> None:
        for before, token in pairwise((Token("sign", "", 0), *tokens)):
            if token.text == "is" and before.text != ".":
                self.fault(token.at, "There is no `is`. {% if next_update %} asks whether there is one.")
                return
            if token.kind == "text":
                self.literal(token.text[1:-1], token.at + 1)
            elif token.kind == "other":
                self.fault(token.at, f"{token.text!r} is not part of a message's language: it does not compute.")
            elif token.text == "(" and before.kind == "name" and before.text not in WORDS | FILTERS.keys():
                self.fault(before.at, f"{before.text}(…) is a call; a message has none.")
            elif (
                token.text == "[" and (before.kind != "sign" or before.text in {")", "]"}) and before.text not in WORDS
            ):
                self.fault(token.at, "Write a name with a dot, like service.name.")
        for start, path in paths(tokens):
            self.use(start, path, printed=printed and len(tokens) == 1 + 2 * path.count("."))
        self.filters(tokens)

    def filters(self, tokens: tuple[Token, ...]) -> None:
        for bar, name in pairwise(tokens):
            if bar.text == "|" and name.text not in FILTERS:
                hint = did_you_mean(name.text, FILTERS) or f"There are {', '.join(FILTERS)}."
                self.fault(name.at, f"There is no filter {name.text!r}. {hint}")

    def use(self, token: Token, path: str, *, printed: bool = False) -> None:
        root, _, rest = path.partition(".")
        mine = {name for loop in self.loops for name in loop}
        if root not in mine:
            self.used.append(Used(path, *self.place(token.at), printed))
        elif rest not in (LOOP if root == "loop" else IMPACT):
            known = ", ".join(f"{root}.{part}" for part in (LOOP if root == "loop" else IMPACT))
            self.fault(token.at, f"{path} is not there. Inside this loop there are {known}.")

    def fault(self, at: int, message: str) -> None:
        self.faults.append(Fault(message, *self.place(at)))

    def place(self, at: int) -> tuple[int, int]:
        before = self.source[:at]
        return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


def paths(tokens: tuple[Token, ...]) -> Iterator[tuple[Token, str]]:
    """Every dotted name of an expression with its first token; names of filters and attributes are not names."""
    dotted, start = "", Token("sign", "", 0)
    for before, token in pairwise((start, *tokens)):
        if before.text == "." and before.kind == "sign":
            dotted = f"{dotted}.{token.text}" if dotted else ""
        elif token.text != "." or token.kind != "sign":
            if dotted:
                yield start, dotted
            is_name = token.kind == "name" and token.text not in WORDS and before.text != "|"
            dotted, start = (token.text, token) if is_name else ("", token)
    if dotted:
        yield start, dotted


def syntax_fault(source: str) -> Iterator[Fault]:
    """What minijinja itself says about the source. Only for sources that passed the limits above."""
    try:
        minijinja.Environment(debug=False).undeclared_variables_in_str(source, nested=True)
    except minijinja.TemplateError as error:
        said = error.detail or error.message
        yield Fault(f"{said[:1].upper()}{said[1:]}.", error.line or 1, column(source, error.range))


def column(source: str, span: tuple[int, int] | None) -> int:
    """The column of a span that minijinja counts in UTF-8 bytes."""
    before = source.encode()[: span[0]].decode(errors="ignore") if span else ""
    return len(before) - (before.rfind("\n") + 1) + 1
