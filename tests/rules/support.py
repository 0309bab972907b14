"""Rule sets and tickets in a few words, for tests of the language."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

from core.moments import Moment, MomentKind
from core.tickets import Ticket
from rules import check, decide, load
from rules.catalogue import Catalogue

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)  # a Friday


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text("version: 1\n" + dedent(text), encoding="utf-8")
    return path


def rule_set(folder: Path, *texts: str, packs: bool = False):
    return load([write(folder, f"{number}.yaml", text) for number, text in enumerate(texts)], packs=packs)


def problems(folder: Path, *texts: str) -> list[str]:
    paths = [write(folder, f"{number}.yaml", text) for number, text in enumerate(texts)]
    return [f"{Path(p.path).name}:{p.line}:{p.column}: {p.message}" for p in check(paths, packs=False)]


def incident(**values) -> Ticket:
    stock = {"site": "acme", "platform": "servicenow", "kind": "incident", "key": "INC1", "id": "1"}
    return Ticket(**{**stock, "opened_at": NOW - timedelta(hours=1), **values})


def moment(kind: str = "opened", before: Ticket | None = None) -> Moment:
    return Moment(MomentKind(kind), "1", NOW, before)


def decided(rules, ticket: Ticket, kind: str = "opened", *, before: Ticket | None = None, held=(), catalogue=None):
    return decide(rules, catalogue or rules.catalogue or Catalogue(), ticket, moment(kind, before), NOW, held=held)
