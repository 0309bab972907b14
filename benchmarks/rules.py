"""The compiled matcher beside zen-engine (static loader) and the plain interpreter: same rules, tickets and answers.

Each rule has five conditions, each ticket 530 characters of text. Zen gets the rules as a decision table that collects
every hit, and the text in small letters already; the matcher starts from the ticket itself. Times are CPU time of this
process for one ticket, taken in turns, the best of several rounds.
"""

import json
import math
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import zen

from core.moments import Moment, MomentKind
from core.tickets import Ticket
from rules import load
from rules.cache import Cache
from rules.catalogue import Catalogue
from rules.judgement import applies
from rules.language import All, Condition, Op, Rule, Test
from rules.matcher import Matcher
from rules.subjects import View

SIZES = (10, 1_000, 10_000)
TICKETS = 300
INTERPRETED = 10  # tickets; the interpreter asks every rule
ROUNDS = 7
LENGTH = 530
NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
OPENED = Moment(MomentKind.OPENED, "1", NOW)
CATALOGUE = Catalogue()
VALUES: Mapping[str, Sequence[str]] = {
    "kind": ["incident", "change"],
    "priority": ["P1", "P2", "P3", "P4", "P5"],
    "environment": ["prod", "test", "development"],
    "country": ["DE", "AT", "FR", "IT", "ES", "PL"],
    "category": [f"category-{number}" for number in range(12)],
    "group": [f"group-{number}" for number in range(40)],
    "service": [f"service-{number}" for number in range(300)],
}
WORKLOADS: Mapping[str, Sequence[str]] = {
    "few values each": ("kind", "category", "priority", "environment", "text"),
    "no telling field": ("kind", "priority", "environment", "country", "text"),
    "by service": ("service", "category", "priority", "affected_users", "text"),
    "without words": ("category", "group", "priority", "environment", "country"),
}
Plain = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """Rules and tickets, once plain for zen and once as the matcher has them."""

    conditions: Sequence[str]
    plain_rules: Sequence[Plain]
    plain_tickets: Sequence[Plain]

    @property
    def rules(self) -> list[Rule]:
        return [
            Rule(str(number), when=All(tuple(test(name, wanted) for name, wanted in rule.items())))
            for number, rule in enumerate(self.plain_rules)
        ]

    @property
    def tickets(self) -> list[Ticket]:
        return [ticket(number, plain) for number, plain in enumerate(self.plain_tickets)]


def test(name: str, wanted: Any) -> Condition:
    if name == "affected_users":
        return Test(name, Op.AT_LEAST, (wanted,))
    return Test(name, Op.ANY_OF if name == "text" else Op.IS, tuple(wanted))


def ticket(number: int, plain: Plain) -> Ticket:
    title, _, description = plain["text"].partition("\n")
    values = {name: value for name, value in plain.items() if name != "text"}
    return Ticket(site="acme", platform="jira", key=f"K-{number}", id=str(number), title=title.capitalize(),
                  description=description, **values)  # fmt: skip


def made(size: int, conditions: Sequence[str]) -> Bench:
    chance = random.Random(size)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(5, 9))) for _ in range(2_000)]

    def wanted(name: str) -> Any:
        if name == "affected_users":
            return chance.choice([5, 10, 50, 100])
        return chance.sample(words, 3) if name == "text" else chance.sample(VALUES[name], chance.randint(1, 2))

    def said() -> str:
        text = ""
        while len(text) < LENGTH:
            text += f"{chance.choice(words)} " if chance.random() < 1 / 3 else "the store reports again "
        return f"{text[:60].strip()}\n{text[60:LENGTH].strip()}"

    def seen() -> Plain:
        return {name: chance.choice(values) for name, values in VALUES.items()} | {
            "affected_users": chance.randint(0, 200),
            "text": said(),
        }

    return Bench(
        conditions,
        [{name: wanted(name) for name in conditions} for _ in range(size)],
        [seen() for _ in range(TICKETS)],
    )


def table(bench: Bench) -> Plain:
    """The same rules as a decision model: one row for each, one column for each condition."""
    at = {"position": {"x": 0, "y": 0}}
    content = {
        "hitPolicy": "collect",
        "inputs": [{"id": name, "name": name, "field": name, "type": "expression"} for name in bench.conditions],
        "outputs": [{"id": "out", "name": "out", "field": "rule", "type": "expression"}],
        "rules": [
            {"_id": str(number), "out": str(number)} | {name: cell(name, wanted) for name, wanted in rule.items()}
            for number, rule in enumerate(bench.plain_rules)
        ],
    }
    return {
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode", **at},
            {"id": "table", "name": "table", "type": "decisionTableNode", "content": content, **at},
            {"id": "out", "name": "out", "type": "outputNode", **at},
        ],
        "edges": [
            {"id": "1", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "2", "sourceId": "table", "targetId": "out", "type": "edge"},
        ],
    }


def cell(name: str, wanted: Any) -> str:
    if name == "affected_users":
        return f">= {wanted}"
    if name == "text":
        return " or ".join(f"contains($, {json.dumps(word)})" for word in wanted)
    return ", ".join(map(json.dumps, wanted))


def spent(work: Callable[[], Any], count: int) -> float:
    """Microseconds of CPU for each of `count`."""
    began = time.process_time_ns()
    work()
    return (time.process_time_ns() - began) / count / 1000


def measured(bench: Bench) -> dict[str, float]:
    """Microseconds for a ticket, by who answers. Ends the program where the answers differ."""
    rules, tickets = bench.rules, bench.tickets
    found: dict[str, float] = {}
    compiled: list[Matcher] = []
    found["compile"] = spent(lambda: compiled.append(Matcher(rules, CATALOGUE)), 1)
    matcher = compiled[0]
    engine = zen.ZenEngine({"loader": {"type": "static", "content": {"rules": table(bench)}}})

    def by_zen() -> list[list[int]]:
        return [
            [hit["rule"] for hit in engine.evaluate("rules", plain)["result"] or ()] for plain in bench.plain_tickets
        ]

    def by_matcher() -> list[list[int]]:
        return [matcher.matching(View(one, OPENED, NOW, CATALOGUE)) for one in tickets]

    def by_interpreter() -> list[list[int]]:
        views = [View(one, OPENED, NOW, CATALOGUE) for one in tickets[:INTERPRETED]]
        return [[place for place, rule in enumerate(rules) if applies(rule.when, None, view)] for view in views]

    found["first"] = spent(by_matcher, TICKETS)
    answers = by_matcher()
    if by_zen() != answers or by_interpreter() != answers[:INTERPRETED]:
        sys.exit("The answers differ.")
    found["hits"] = sum(map(len, answers)) / TICKETS
    found["interpreter"] = spent(by_interpreter, INTERPRETED)
    for _ in range(ROUNDS):  # in turns, so that whatever else runs here hinders both
        for name, work in (("zen", by_zen), ("matcher", by_matcher)):
            found[name] = min(found.get(name, math.inf), spent(work, TICKETS))
    return found


def loading(size: int = 10_000, files: int = 10) -> None:
    """Reading rules with their positions, everything checked; then once more, from where they are kept."""
    chance = random.Random(size)
    words = [f"word{number}" for number in range(2_000)]
    with tempfile.TemporaryDirectory(prefix="liaison-benchmark-") as folder:
        rules = Path(folder) / "rules"
        rules.mkdir()
        for file in range(files):
            entries = (entry(number, chance, words) for number in range(file, size, files))
            (rules / f"{file}.yaml").write_text("version: 1\nrules:\n" + "".join(entries))
        kept = Cache(Path(folder) / "kept")
        found: list[Any] = []
        times = [spent(lambda: found.append(load([rules], cache=kept)), 1) / 1e6 for _ in range(2)]
    if found[0] != found[1]:
        sys.exit("What was kept is not what was read.")
    print(f"loading {size:,} rules: read and checked in {times[0]:.1f} s, from where they are kept in {times[1]:.2f} s")


def entry(number: int, chance: random.Random, words: Sequence[str]) -> str:
    wanted = {name: chance.sample(VALUES[name], 2) for name in ("service", "category", "priority")}
    return f"""
  - id: rule-{number}
    when:
      kind: incident
      service: [{", ".join(wanted["service"])}]
      category: [{", ".join(wanted["category"])}]
      priority: [{", ".join(wanted["priority"])}]
      text: {{any_of: [{", ".join(chance.sample(words, 3))}]}}
    messages:
      requester:
        opened: "We are looking into {{{{ service.name }}}}. We will write again {{{{ next_update.text }}}}."
        resolved: {{fixed: "{{{{ service.name }}}} works again.", default: none}}
      agents: {{opened: "Case {number}: check the gateway before a restart."}}
    cadence: {{requester: {{every: 4h}}}}
"""


def main() -> None:
    for title, conditions in WORKLOADS.items():
        print(f"{title}: {', '.join(conditions)}")
        times = {}
        for size in SIZES:
            found = times[size] = measured(made(size, conditions))
            print(
                f"  {size:6,} rules  matcher {found['matcher']:6.1f} us"
                f"  zen {found['zen']:7.1f} us ({found['zen'] / found['matcher']:4.1f} times)"
                f"  interpreter {found['interpreter']:9.1f} us ({found['interpreter'] / found['matcher']:6.1f} times)"
                f"  {found['hits']:5.2f} hits; compiled in {found['compile'] / 1e3:4.0f} ms,"
                f" first pass {found['first']:6.1f} us"
            )
        _, middle, large = SIZES
        exponents = {
            who: math.log(times[large][who] / times[middle][who]) / math.log(large / middle)
            for who in ("matcher", "zen", "interpreter")
        }
        print("  growth exponent " + ", ".join(f"{who} {exponent:.2f}" for who, exponent in exponents.items()))
    loading()


if __name__ == "__main__":
    main()
