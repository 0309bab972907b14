"""The wording check over whole files: every text that people will read, with its line and column."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from core.errors import Problem, Severity
from core.notes import Audience
from rules.documents import Document, Node
from rules.entries import LANGUAGE, RESOLUTIONS
from rules.glossary import Glossary
from rules.language import RuleSet
from rules.tongues import ENGLISH, spoken, unspoken
from rules.wording import Style, remarks

NONE = "none"
MOST = 500  # Remarks on one set of files; whoever has more begins with these.


@dataclass(frozen=True)
class Text:
    """One text as it stands in a file. `slot` is how people name it; `whole`: a message of its own."""

    slot: str
    node: Node
    audience: Audience
    moment: str = ""
    language: str = "en"
    paced: bool = False
    whole: bool = True


def style_of(rules: RuleSet) -> Style:
    """The site's own words: what its files add to the shipped glossary, and the names of its catalogue."""
    names = [service.name for service in rules.catalogue.services]
    names += [service.people_can for service in rules.catalogue.services]
    names += [place.name for place in rules.catalogue.locations]
    return Style(Glossary(rules.glossary), rules.allow_words, tuple(filter(None, names)))


def proofread(documents: Collection[Document], rules: RuleSet) -> Iterator[Problem]:
    """Warnings, at most MOST."""
    style, count = style_of(rules), 0
    for document in documents:
        for text in texts(document):
            for problem in _problems(document, text, style):
                yield problem
                count += 1
                if count == MOST:
                    yield Problem(
                        document.path, 0, 0, f"only the first {MOST} remarks on words are listed.", Severity.WARNING
                    )
                    return


def _problems(document: Document, text: Text, style: Style) -> Iterator[Problem]:
    for remark in remarks(
        str(text.node.value),
        text.audience,
        text.moment,
        style=style,
        language=text.language,
        paced=text.paced,
        whole=text.whole,
    ):
        mark = document.place(text.node, remark.line, remark.column)
        yield Problem(document.path, mark.line, mark.column, f"{text.slot}: {remark.message}", Severity.WARNING)


def texts(document: Document) -> Iterator[Text]:
    """Every text of a file that somebody will read."""
    root = document.root
    language = _language(root)
    for rule in _items(root, "rules"):
        yield from _of_rule(rule, language)
    for name, node in _entries(root, "phrases"):
        yield from _spoken(node, Text(f"phrases.{name}", node, Audience.REQUESTER, language=language, whole=False))
    for entry in _items(root, "services"):  # their names are theirs: only what is said in sentences is read
        workaround = entry.get("workaround")
        if workaround is not None:
            yield from _spoken(
                workaround, Text("workaround", workaround, Audience.REQUESTER, language=language, whole=False)
            )


def _of_rule(rule: Node, language: str) -> Iterator[Text]:
    for audience, moments in _entries(rule, "messages"):
        if audience not in set(Audience):
            continue
        paced = isinstance(getattr(rule.get("cadence", audience), "value", None), dict)
        for moment, node in moments.entries.items():
            slot = f"{audience}.{moment}"
            for said in node.items if isinstance(node.value, list) else (node,):  # several are said in turn
                yield from _spoken(said, Text(slot, said, Audience(audience), moment, language, paced))
    for name in ("milestones", "closing"):
        for node in _listed(rule.get(name)):
            yield from _told(name, node, language)
    statement = rule.get("impact", "statement")
    if statement is not None:
        yield from _spoken(
            statement, Text("impact.statement", statement, Audience.AGENTS, language=language, whole=False)
        )


def _told(name: str, node: Node, language: str) -> Iterator[Text]:
    """What a milestone or a closing question says, for the strictest of those it is told."""
    say, tell = node.get("say"), node.get("tell")
    audiences = {Audience(item.value) for item in _listed(tell) if item.value in set(Audience)}
    if tell is None and name == "closing":
        audiences = {Audience.REQUESTER}
    if say is not None and audiences:
        reader = min(audiences - {Audience.AGENTS} or audiences)
        yield from _spoken(say, Text(f"{name}.say", say, reader, language=language))


def _language(root: Node) -> str:
    """Of the file's texts that name none."""
    written = root.get("language")
    return str(written.value) if written and written.value in spoken() else ENGLISH


def _spoken(node: Node, text: Text) -> Iterator[Text]:
    """One text, or one by resolution, by language, or by both."""
    for key, inner in node.entries.items():
        if LANGUAGE.fullmatch(key) and key not in RESOLUTIONS:
            if not unspoken(key):  # an error already, and nobody here can judge its words
                yield from _spoken(inner, _but(text, inner, text.slot, key))
        else:
            yield from _spoken(inner, _but(text, inner, f"{text.slot}.{key}", text.language))
    if isinstance(node.value, str) and node.value.strip() not in {"", NONE}:
        yield _but(text, node, text.slot, text.language)


def _but(text: Text, node: Node, slot: str, language: str) -> Text:
    return Text(slot, node, text.audience, text.moment, language, text.paced, text.whole)


def _items(root: Node, name: str) -> tuple[Node, ...]:
    node = root.get(name)
    return tuple(node.items) if node is not None else ()


def _entries(root: Node, name: str) -> Iterator[tuple[str, Node]]:
    node = root.get(name)
    if node is not None:
        yield from node.entries.items()


def _listed(node: Node | None) -> tuple[Node, ...]:
    """A list's values; one value stands for a list of one."""
    if node is None:
        return ()
    return tuple(node.items) if isinstance(node.value, list) else (node,)
