"""Files to a rule set: everything wrong with them at once, or all of them at once."""

import gc
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from core.errors import Problem, RulesError, Severity
from rules.assembly import Assembly
from rules.cache import Cache, key_of
from rules.check import doubts
from rules.documents import MAX_BYTES, Document, read
from rules.language import RuleSet
from rules.mistakes import Problems
from rules.proofread import proofread

PACKS = Path(__file__).parent / "packs"
WORTH_KEEPING = 1.0  # seconds of reading
SUFFIXES = frozenset({".yaml", ".yml"})
EMPTY = "there is no rules file in this folder, so only the shipped rules speak. A rules file ends in .yaml."
Instead = Mapping[Path, bytes | None]
"""Contents that are looked at in the place of files, as though they stood there; None: as though the file were gone."""
NOTHING: Instead = {}


@dataclass(frozen=True)
class Source:
    """One file as found: `path` is how people know it, `pack` whether Liaison ships it."""

    path: str
    content: bytes
    pack: bool = False


def load(paths: Sequence[Path], *, packs: bool = True, cache: Cache | None = None) -> RuleSet:
    """The rule set of files and folders, the shipped packs below them; with a `cache` from there, where the same files
    took long to read before. Raises RulesError with every error.
    """
    if cache is None:
        return _loaded(paths, packs=packs)
    sources = tuple(_sources(paths, [], packs=packs))
    key = key_of((source.path, source.content, source.pack) for source in sources)
    with _undisturbed():
        kept = cache.get(key)
    if kept is not None:
        return kept
    began = perf_counter()
    rules = _loaded(paths, packs=packs)
    if perf_counter() - began > WORTH_KEEPING and rules.hash == _hash(sources):  # nobody wrote meanwhile
        cache.put(key, rules)
    return rules


def _loaded(paths: Sequence[Path], *, packs: bool) -> RuleSet:
    rules, problems = examine(paths, packs=packs)
    errors = tuple(p for p in problems if p.severity is Severity.ERROR)
    if errors:
        raise RulesError(errors)
    return rules


def check(
    paths: Sequence[Path], *, packs: bool = True, wording: bool = False, instead: Instead = NOTHING
) -> tuple[Problem, ...]:
    """Everything wrong or doubtful, in order of place; with `wording` also how the texts read. Never raises for bad
    content.
    """
    return examine(paths, packs=packs, wording=wording, instead=instead)[1]


def examine(
    paths: Sequence[Path], *, packs: bool = True, wording: bool = False, instead: Instead = NOTHING
) -> tuple[RuleSet, tuple[Problem, ...]]:
    """As much of a rule set as could be read, and all problems, sorted; with `wording` also how the texts read."""
    with _undisturbed():
        rules, problems, documents = _read_and_checked(paths, packs=packs, instead=instead)
    return rules, tuple(sorted({*problems, *proofread(documents, rules)})) if wording else problems


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the search for garbage, which would look through half a million nodes of ten thousand rules, again and
    again, for nothing: it takes as long as the reading itself.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _read_and_checked(
    paths: Sequence[Path], *, packs: bool, instead: Instead
) -> tuple[RuleSet, tuple[Problem, ...], tuple[Document, ...]]:
    problems = Problems()
    sources = list(_sources(paths, problems, packs=packs, instead=instead))
    documents = [(document, source.pack) for source in sources for document in _documents(source, problems)]
    rules = Assembly(documents, problems).rule_set(_hash(sources))
    if problems.cut_off:
        documents = []  # what was not read would be missed everywhere
    else:
        problems += doubts(rules)
    ordered = tuple(sorted(set(problems)))
    warnings = tuple(p for p in ordered if p.severity is Severity.WARNING)
    return _with_warnings(rules, warnings), ordered, tuple(document for document, _ in documents)


def _sources(
    paths: Sequence[Path], problems: list[Problem], *, packs: bool, instead: Instead = NOTHING
) -> Iterator[Source]:
    yield from _found(paths, problems, instead)
    yield from _shipped(problems) if packs else ()


def _with_warnings(rules: RuleSet, warnings: tuple[Problem, ...]) -> RuleSet:
    return replace(rules, warnings=warnings)


def _found(paths: Iterable[Path], problems: list[Problem], instead: Instead) -> Iterator[Source]:
    seen: set[Path] = set()
    for path in paths:
        files = _files(path, instead)
        if not files and path.is_dir():
            problems.append(Problem(str(path), 0, 0, EMPTY, Severity.WARNING))
        elif not files:
            problems.append(Problem(str(path), 0, 0, "there is no such file or folder."))
        for file in files:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                given = instead.get(file)
                if given is None:
                    yield from _content(file, str(file), problems)
                else:
                    yield Source(str(file), given[: MAX_BYTES + 1])


def _files(path: Path, instead: Instead = NOTHING) -> list[Path]:
    if path.is_file():
        return [path]
    inside = path.rglob("*") if path.is_dir() else ()
    there = {file for file in inside if file.suffix in SUFFIXES and file.is_file()}
    drafted = {file for file in instead if path in {file, *file.parents}}
    return sorted(file for file in there | drafted if instead.get(file, b"") is not None)


def _shipped(problems: list[Problem]) -> Iterator[Source]:
    for file in _files(PACKS):
        yield from _content(file, f"packs/{file.name}", problems, pack=True)


def _content(file: Path, path: str, problems: list[Problem], *, pack: bool = False) -> Iterator[Source]:
    """At most one byte more than is allowed: the reader says what is wrong with that."""
    try:
        with file.open("rb") as stream:
            yield Source(path, stream.read(MAX_BYTES + 1), pack)
    except OSError as error:
        problems.append(Problem(path, 0, 0, f"cannot be read: {error.strerror}."))


def _documents(source: Source, problems: list[Problem]) -> Iterator[Document]:
    try:
        document = read(source.path, source.content)
    except RulesError as error:
        problems += error.problems
    else:
        problems += document.problems
        yield document


def _hash(sources: Iterable[Source]) -> str:
    """Of the contents alone: neither names nor order of files change what is said."""
    digests = sorted(hashlib.sha256(source.content).digest() for source in sources)
    return hashlib.sha256(b"".join(digests)).hexdigest()
