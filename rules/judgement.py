"""Every rule, gate and family asked about one moment: what decisions and explanations are made from."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from core.moments import Moment, MomentKind
from core.notes import CUSTOMER_FACING, Audience
from core.tickets import Ticket
from core.values import value
from rules.catalogue import Catalogue
from rules.conditions import cannot_be_ruled_out, holds, known_to_hold
from rules.language import Condition, Entry, Family, Gate, Layer, Milestone, Rule, RuleSet
from rules.subjects import ANYWHERE, View

SINKS = frozenset({Audience.AGENTS, Audience.REQUESTER})
"""Audiences that something carries words to."""
ALL: frozenset[Audience] = frozenset()


@dataclass(frozen=True)
class Fired:
    """A gate that fired. `because` is a sentence for a person; `silence` empty means everything."""

    id: str
    because: str
    silence: frozenset[Audience]
    sticky: bool


@dataclass(frozen=True)
class Contest:
    """Everybody with a text for a slot, the winner first. `pack` is the strongest that Liaison ships."""

    audience: Audience
    ranked: tuple[tuple[Rule, Entry], ...]

    @property
    def pack(self) -> tuple[Rule, Entry] | None:
        """None where the winner itself is the pack's."""
        if self.ranked[0][0].layer is Layer.PACK:
            return None
        return next((pair for pair in self.ranked if pair[0].layer is Layer.PACK), None)


@value
class Judgement:
    """`matched` in order of precedence."""

    view: View
    matched: tuple[Rule, ...]
    gates: tuple[Fired, ...]
    follows: Family | None

    @cached_property
    def contests(self) -> Mapping[Audience, Contest]:
        return _contests(self.matched, self.view)

    @property
    def silent(self) -> bool:
        """Whether a gate silences everything."""
        return any(gate.silence == ALL for gate in self.gates)

    @property
    def may_speak(self) -> bool:
        """Whether a ticket that follows its parent speaks at this moment."""
        kind = self.view.moment.kind
        return self.follows is None or kind is MomentKind.LEFT_FAMILY or kind in self.follows.speak

    def gate_on(self, audience: Audience) -> Fired | None:
        """The gate that silences an audience; one that silences everything goes first."""
        on = [gate for gate in self.gates if gate.silence == ALL or audience in gate.silence]
        return min(on, key=lambda gate: (gate.silence != ALL, gate.id), default=None)


def judge(
    rules: RuleSet,
    catalogue: Catalogue,
    ticket: Ticket,
    moment: Moment,
    now: datetime,
    *,
    held: Collection[str] = (),
    zone: str = ANYWHERE,
) -> Judgement:
    view = View(ticket, moment, now, catalogue, rules.calendars, zone)
    matched = rules.matcher.matched(view)
    follows = next(iter(rules.family_matcher.matched(view)), None)
    return Judgement(view, matched, _fired(rules, view, held), follows)


def applies(when: Condition, unless: Condition | None, view: View) -> bool:
    return holds(when, view) and not excluded(unless, view)


def excluded(unless: Condition | None, view: View) -> bool:
    """An `unless` that rests on a missing field does not fire."""
    return unless is not None and known_to_hold(unless, view) is True


def fires(gate: Gate, view: View) -> bool:
    """A gate with `unknown: hold` fires unless it is certain that it need not."""
    if excluded(gate.unless, view):
        return False
    return cannot_be_ruled_out(gate.when, view) if gate.hold else holds(gate.when, view)


def _fired(rules: RuleSet, view: View, held: Collection[str]) -> tuple[Fired, ...]:
    """Those that fire now, and those that are held. A held gate that no file defines any more silences everything."""
    matched, unread = rules.gate_matcher.matched(view), None in view.ticket.fields.values()
    if not matched and not held and not unread:
        return ()
    now = {gate.id for gate in matched}
    if unread:  # a field that the site declares and that cannot be read
        now.update(gate.id for gate in rules.wary if fires(gate, view))
    if not now and not held:
        return ()
    known = {gate.id: gate for gate in rules.gates}
    return tuple(_as_fired(name, known.get(name), held=name in held) for name in sorted(now | set(held)))


def _as_fired(name: str, gate: Gate | None, *, held: bool) -> Fired:
    if gate is None:
        because = f"gate {name} fired earlier and is no longer in the rules; a person must lift it"
        return Fired(name, because, ALL, sticky=True)
    return Fired(name, gate.because or gate.title or f"gate {name}", gate.silence, gate.sticky or held)


def _contests(matched: tuple[Rule, ...], view: View) -> Mapping[Audience, Contest]:
    contests: dict[Audience, Contest] = {}
    left_out = _left_out(matched, view)
    for audience in (one for one in Audience if one not in left_out):
        ranked = tuple((rule, entry) for rule in matched if (entry := _entry(rule, audience, view)))
        if ranked:
            contests[audience] = Contest(audience, ranked)
    return contests


def _entry(rule: Rule, audience: Audience, view: View) -> Entry | None:
    if view.moment.kind is MomentKind.MILESTONE:
        return _milestone(rule, audience, view)
    slot = rule.messages.get((audience, view.moment.kind))
    return slot.entry(view.ticket.resolution, view.moment.row) if slot else None


def _milestone(rule: Rule, audience: Audience, view: View) -> Entry | None:
    """What the milestone says that the occurrence names (`rule/milestone@since`); a test names none, and hears the
    first whose conditions hold.
    """
    named, _, rest = view.moment.occurrence.rpartition("@")[0].partition("/")
    for milestone in rule.milestones if named in {"", rule.id} else ():
        meant = milestone.name == rest if named else _holds(milestone, view)
        if meant and audience in milestone.tell:
            return milestone.entry
    return None


def _holds(milestone: Milestone, view: View) -> bool:
    return applies(milestone.when, milestone.unless, view) and (milestone.on is None or holds(milestone.on, view))


def _left_out(matched: tuple[Rule, ...], view: View) -> AbstractSet[Audience]:
    """Who is not asked by the closing that brought this moment about; agents always may know of it."""
    closing = next((rule.closing for rule in matched if rule.closing), None)
    return CUSTOMER_FACING - closing.tell if closing and view.moment.kind is MomentKind.CHECK_IN else frozenset()
