"""`ui.desk_views.DeskViews` over the rules in force, their files and the store."""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import rules
from app import edits, rule_words, spoken
from app.drafts import Draft, DraftError, Folder, hash_of, text_of
from app.edits import Uneditable
from app.proofreading import Bench, Proofreader
from app.publishing import Author, Changed, Publisher, Record, Unfit, texts
from app.rule_rows import Borders, Rows, borders_of, rows_of
from core.errors import LiaisonError, Problem, Severity
from core.moments import MomentKind
from rules.language import Gate, Rule, RuleSet
from rules.load import PACKS
from rules.trial import TestResult
from ui.access import Person
from ui.desk_views import (
    PAGE,
    SPOKEN_DAYS,
    Asked,
    Change,
    ChangeRow,
    ChangeView,
    Drafted,
    Edit,
    History,
    Listing,
    Published,
    Refused,
    Remark,
    Review,
    Row,
    RuleView,
    TestSeen,
    What,
)

if TYPE_CHECKING:
    from app.liaison import Liaison

MOST_TESTS = 500
"""Tests that run while somebody waits."""
SECONDS = 20.0
NEW_FILE = "own.yaml"
HISTORY_PAGE = 30
SECTIONS = {What.RULE: "rules", What.GATE: "gates"}


@dataclass(frozen=True)
class Set:
    """What is known of the set in force, made when it is first asked about."""

    rules: RuleSet
    rows: Rows
    borders: Borders


class StoredDesk:
    """`bench`: where drafts are looked at, in place of the process beside the service."""

    def __init__(self, liaison: "Liaison", bench: Bench | None = None) -> None:
        self._liaison = liaison
        self._bench: Bench = bench or liaison.bench
        self._publisher: Publisher = liaison.publisher
        self._folder: Folder = liaison.publisher.folder
        self._proofreader = Proofreader(self._folder, self._bench)
        self._kept: Set | None = None

    # --- the list ----------------------------------------------------------------------------------------------------

    def rules(self, asked: Asked) -> Listing:
        known = self._set()
        read = self._proofreader.of(known.rules)
        found = known.rows.found(asked, self._spoke(), known.borders.count(read.problems))
        every = known.rows.rows
        start = (asked.page - 1) * PAGE
        return Listing(
            rows=tuple(found[start : start + PAGE]),
            found=len(found),
            total=len(every),
            own=sum(not row.pack for row in every),
            pages=max(1, -(-len(found) // PAGE)),
            problem=self._liaison.rulebook.problem,
            folder=self._folder.rules is not None,
            reading=not read.whole,
            files=self._folder.names(),
            packs=tuple(sorted({row.pack for row in every if row.pack})),
            moments=_in_order(row.moments for row in every),
        )

    def rule(self, what: What, name: str) -> RuleView | None:
        known = self._set()
        row = known.rows.row(what, name)
        one = _named(known.rules, what, name)
        if row is None or one is None:
            return None
        problems = self._proofreader.of(known.rules).problems
        own = [problem for problem in problems if known.borders.owner(problem) == (what, name)]
        times = self._spoke().get(name, 0) if what is What.RULE else None
        seen = replace(row, spoke=times, warnings=len(own))
        view = RuleView(
            seen,
            rule_words.conditions(one.when),
            rule_words.conditions(one.unless),
            remarks=tuple(self._remark(problem) for problem in own),
            replaces=bool(row.file) and _named(self._shipped, what, name) is not None,
            targets=self._targets(known.rows),
        )
        if isinstance(one, Gate):
            return replace(view, sentences=tuple(rule_words.gate_sentences(one)))
        tested = self._shipped if row.pack else known.rules
        tests = (self._seen(test) for test in rule_words.tried(name, tested, packs=bool(row.pack)))
        return replace(view, sentences=tuple(rule_words.sentences(one)), says=rule_words.says(one), tests=tuple(tests))

    def _set(self) -> Set:
        current = self._liaison.rulebook.current
        if self._kept is None:  # the next page asks what is shipped: that takes a moment. No daemon: C++ reads it
            threading.Thread(target=lambda: self._shipped, name="shipped rules").start()
        if self._kept is None or self._kept.rules is not current:
            self._kept = Set(current, rows_of(current, self._folder), borders_of(current, self._folder))
        return self._kept

    @cached_property
    def _shipped(self) -> RuleSet:
        return rules.load([])

    def _targets(self, rows: Rows) -> tuple[str, ...]:
        """Where most rules stand first."""
        if self._folder.rules is None:
            return ()
        most = Counter(row.file for row in rows.rows if row.file)
        there = sorted(self._folder.names(), key=lambda file: (-most[file], file))
        return tuple(there) if self._folder.single else tuple(dict.fromkeys((*there, NEW_FILE)))

    def _spoke(self) -> Counter[str]:
        return Counter(spoken.by_rule(self._liaison.store, self._liaison.clock.now(), SPOKEN_DAYS))

    def _remark(self, problem: Problem) -> Remark:
        shown = self._folder.shown(problem.path)
        return Remark(shown, problem.line, problem.message, problem.severity is Severity.ERROR)

    def _seen(self, test: TestSeen) -> TestSeen:
        return replace(test, file=self._folder.shown(test.file))

    # --- publishing --------------------------------------------------------------------------------------------------

    def review(self, draft: Drafted) -> Review:
        content = self._folder.read(draft.file)
        base = hash_of(content)
        seen = Review(draft, text_of(content), base, there=content is not None)
        if base != draft.base:
            return replace(seen, stale=True, common=self._common(draft))
        self._publisher.observe()  # so that what it began with is known, should others change the file meanwhile
        meant = Draft(draft.file, draft.base, draft.text)
        try:
            problems, tests, failed = self._bench.ask(
                "review", self._folder, meant, MOST_TESTS, within=SECONDS, clicked=True
            )
        except LiaisonError as error:
            return replace(seen, checked=False, refusal=f"It could not be checked: {error}")
        remarks = tuple(self._remark(problem) for problem in problems)
        before = self._before()
        fresh = frozenset(one for one in remarks if (one.file, one.message) not in before)
        ordered = tuple(sorted(remarks, key=lambda one: (not one.error, one not in fresh)))
        errors = tuple(problem for problem in problems if problem.severity is Severity.ERROR)
        against = self._publisher.against(meant, errors)
        refusal = _refusal(len(against)) if against else ""
        failing = tuple(map(self._result, failed))
        return replace(seen, refusal=refusal, remarks=ordered, fresh=fresh, tests=tests, failing=failing)

    def publish(self, draft: Drafted, why: str, me: Person) -> Published:
        return self._put(draft, Draft(draft.file, draft.base, draft.text), why, me, Change.PUBLISHED)

    def take_back(self, number: int, base: str, why: str, me: Person) -> Published:
        one = self._publisher.record(number)
        if one is None:
            raise DraftError("there is no such change.", hint="Open the history and go on from there.")
        old = texts(one)[0]
        meant = Draft(one.file, base, old)
        return self._put(Drafted(one.file, base, old or ""), meant, why, me, Change.TAKEN_BACK)

    def _put(self, drafted: Drafted, draft: Draft, why: str, me: Person, what: Change) -> Published:
        try:
            number = self._publisher.publish(draft, why, Author(me.id, me.name), what)
        except Changed:
            raise Refused(self.review(drafted)) from None
        except (Unfit, DraftError) as error:
            refusal = _refusal(len(error.problems)) if isinstance(error, Unfit) else str(error)
            raise Refused(replace(self.review(drafted), refusal=refusal)) from error
        return Published(number, self._liaison.rulebook.problem)

    def _common(self, draft: Drafted) -> str | None:
        if not draft.base:
            return ""
        content = self._publisher.content(draft.file, draft.base)
        return None if content is None else text_of(content)

    def _before(self) -> set[tuple[str, str]]:
        """What there was to remark on already."""
        known = self._proofreader.of(self._liaison.rulebook.current, wait=True).problems
        return {(self._folder.shown(problem.path), problem.message) for problem in known}

    def _result(self, result: TestResult) -> TestSeen:
        path, _, line = result.where.rpartition(":")
        return TestSeen(result.name, self._folder.shown(path), int(line or 0), result.failures)

    # --- small edits -------------------------------------------------------------------------------------------------

    def edit(self, edit: Edit, what: What, name: str, file: str) -> Drafted:
        row = self._set().rows.row(what, name)
        if row is None:
            raise Uneditable(f"There is no {what} {name} in force.")
        file = row.file or file
        content = self._folder.read(file)
        text = edits.NEW_FILE if content is None else text_of(content)
        return Drafted(file, hash_of(content), _edited(edit, row, text))

    # --- history -----------------------------------------------------------------------------------------------------

    def history(self, file: str = "", before: int = 0) -> History:
        found = self._publisher.records(file, before, HISTORY_PAGE + 1)
        shown = found[:HISTORY_PAGE]
        older = shown[-1].id if len(found) > HISTORY_PAGE else 0
        return History(tuple(map(_change, shown)), tuple(self._publisher.files()), older)

    def change(self, number: int) -> ChangeView | None:
        one = self._publisher.record(number)
        if one is None:
            return None
        content = self._folder.read(one.file)
        old, new = texts(one)
        current = None if content is None else text_of(content)
        return ChangeView(_change(one), old, new, current, hash_of(content), self._publisher.later(one))


def _edited(edit: Edit, row: Row, text: str) -> str:
    if edit is Edit.COPY:
        return edits.copied(text, SECTIONS[row.what], row.id, (PACKS / row.pack).read_text(encoding="utf-8"))
    if row.what is not What.RULE:
        raise Uneditable("A gate has no switch.")
    if edit is Edit.ON:
        return edits.switched_on(text, row.id)
    return edits.shipped_off(text, row.id) if row.pack else edits.switched_off(text, row.id)


def _named(known: RuleSet, what: What, name: str) -> Rule | Gate | None:
    among: Iterable[Rule | Gate] = known.gates if what is What.GATE else (*known.rules, *known.resting)
    return next((one for one in among if one.id == name), None)


def _in_order(moments: Iterable[Iterable[str]]) -> tuple[str, ...]:
    there = {moment for some in moments for moment in some}
    return tuple(str(kind) for kind in MomentKind if str(kind) in there)


def _refusal(errors: int) -> str:
    counted = "an error" if errors == 1 else f"{errors} errors"
    return f"The rules would have {counted}. Put that right first; the rules in force stay as they are."


def _change(one: Record) -> ChangeRow:
    return ChangeRow(one.id, one.at, one.what, one.file, one.name, one.why)
