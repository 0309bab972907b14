"""What an explanation tells, as values for the terminal, pages and `--json`. Its keys stay as they are."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RuleTold:
    """`matches`: what holds, where the rule matched. `failed`: every condition that does not hold, with the ticket's
    value; empty where it matched. `near`: it nearly matched: one or two conditions failed, and at least as many held.
    """

    rule: str
    where: str
    layer: str
    matched: bool
    matches: str = ""
    failed: tuple[str, ...] = ()
    near: bool = False


@dataclass(frozen=True)
class Loser:
    """A rule that had words for the slot, too. `because`: the first difference to the winner, which is its "it"."""

    rule: str
    where: str
    because: str


@dataclass(frozen=True)
class SlotTold:
    """One audience of the moment. `text` is the winner's template, `says` is `message` or the reason of silence."""

    slot: str
    says: str
    winner: str = ""
    where: str = ""
    text: str = ""
    detail: str = ""
    by: str = ""
    losers: tuple[Loser, ...] = ()


@dataclass(frozen=True)
class CadenceTold:
    """`pace` in words; `next_due` is when the next word would be due, ISO 8601 in UTC, `next_update` how people say it.
    `losers`: weaker rules with a cadence for the audience.
    """

    audience: str
    rule: str
    every: str
    pace: str
    next_due: str
    next_update: str
    losers: tuple[str, ...] = ()


@dataclass(frozen=True)
class GateTold:
    """`silences`: `all`, or audiences."""

    gate: str
    where: str
    fired: bool
    because: str
    silences: tuple[str, ...]


@dataclass(frozen=True)
class FamilyTold:
    """`follows`: the parent speaks for the ticket."""

    family: str
    follows: bool
    because: str


@dataclass(frozen=True)
class QuietTold:
    """Quiet hours in force. `until` is ISO 8601 in UTC."""

    audience: str
    until: str
    says: str


@dataclass(frozen=True)
class BudgetTold:
    """`counts`: whether it limits this message; `heard`: how many the requester has read in the span, where known."""

    most: int
    where: str
    counts: bool
    says: str
    heard: int | None = None


@dataclass(frozen=True)
class ImpactTold:
    """`path`: by which needs it reaches another service than the ticket's own."""

    id: str
    level: str
    statement: str
    rule: str
    path: str = ""


@dataclass(frozen=True)
class Explanation:
    """Everything `decide` weighed, in order of precedence."""

    ticket: str
    moment: str
    now: str
    rule_set: str
    service: str
    location: str
    slots: tuple[SlotTold, ...]
    rules: tuple[RuleTold, ...]
    gates: tuple[GateTold, ...]
    families: tuple[FamilyTold, ...]
    cadences: tuple[CadenceTold, ...]
    impacts: tuple[ImpactTold, ...]
    quiet: tuple[QuietTold, ...] = ()
    budget: BudgetTold | None = None

    @property
    def near_misses(self) -> tuple[RuleTold, ...]:
        """Rules that nearly matched: those with the fewest failed conditions first, an admin's before the shipped."""
        near = [rule for rule in self.rules if rule.near]
        return tuple(sorted(near, key=lambda rule: (rule.layer == "pack", len(rule.failed))))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
