"""`ui.editor_views.EditorViews` over the rules folder and the store. Drafts are looked at in a process beside."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import and_, or_, select

import rules
from app import snapshots, tables, workbench
from app.backtests import Backtests, strangers
from app.drafts import Draft, DraftError, Folder, hash_of, text_of
from app.foresight import Foresight, Known
from app.memory import Memory
from app.scenes import Scene
from app.workbench import Stale, Unanswered
from core.moments import BY_AGENTS, MomentKind
from core.notes import Audience
from core.tickets import Kind, TicketRef
from rules.vocabulary import FOR_AGENTS, FOR_EVERYBODY, Name
from ui.editor_views import (
    MOST_TEXT,
    Backtest,
    Busy,
    Checked,
    FoundTicket,
    NotNow,
    Opened,
    Overtaken,
    Previewed,
    Trials,
    Typed,
)

if TYPE_CHECKING:
    from app.liaison import Liaison

T, D = tables.tickets, tables.deliveries
SECONDS = 4.0
SECONDS_A_MEGABYTE = 6.0
"""What checking takes here, and as much again."""
MEGABYTE = 1_000_000
FOUND = 8
LOOKED_AT = 60
OF_LATE = 2_000
"""Deliveries among whose tickets words are looked for."""
MOST_WORDS = 100
UNSTAGED = BY_AGENTS | {
    MomentKind.MILESTONE,
    MomentKind.JOINED,
    MomentKind.LEFT_FAMILY,
    MomentKind.REPLIED,
    MomentKind.PROGRESSED,
}
"""Moments that cannot be taken as happening to any ticket."""


class StoredEditor:
    def __init__(self, liaison: "Liaison") -> None:
        self._liaison = liaison
        self._folder = Folder(liaison.settings.rules)
        self._foresight = Foresight(liaison.store, liaison.rulebook, liaison.connectors)
        self._bench = liaison.bench
        self._backtests = Backtests(liaison.store, self._folder, list(liaison.sites.values()))

    # --- files -----------------------------------------------------------------------------------------------------

    def open(self, file: str) -> Opened | None:
        content = self._folder.read(file)
        if content is None:
            return None
        self._bench.warm()
        if len(content) > MOST_TEXT:
            return Opened(file, because=f"It has {len(content):,} bytes; {MOST_TEXT:,} is the most here. {BY_HAND}")
        try:
            return Opened(file, hash_of(content), text_of(content))
        except DraftError as error:
            return Opened(file, because=f"It cannot be shown: {error}")

    def folder(self) -> str:
        self._bench.warm()
        try:
            self._folder.path("new.yaml")
        except DraftError as error:
            return str(error)
        return ""

    def completions(self) -> Mapping[str, Any]:
        sites = self._liaison.settings.sites
        return {
            "schema": _schema(),
            "names": {
                "fields": sorted({name for site in sites for name in site.fields}),
                "moments": list(MomentKind),
                "audiences": list(Audience),
            },
            "words": [*_words(FOR_EVERYBODY, agents=False), *_words(FOR_AGENTS, agents=True)],
        }

    # --- the draft -------------------------------------------------------------------------------------------------

    def check(self, draft: Typed) -> Checked:
        found: Checked = self._asked("check", draft)
        return found

    def tests(self, draft: Typed) -> Trials:
        found: Trials = self._asked("tests", draft)
        return found

    def preview(self, draft: Typed, ref: TicketRef, moment: str) -> Previewed | None:
        known = self._foresight.known(ref, self._liaison.clock.now())
        if known is None or known.case.newest is None or not known.case.newest.served:
            return None
        if held := self._held(known):
            return Previewed(ref, held_by=held)
        found: Previewed = self._asked("preview", draft, self._scene(known, moment))
        return found

    def _asked(self, what: str, draft: Typed, *more: object) -> Any:
        if len(draft.text) > MOST_TEXT:
            raise NotNow(f"the text has {len(draft.text):,} letters; {MOST_TEXT:,} are the most here.", hint=BY_HAND)
        self._folder.path(draft.file)
        size = sum(map(len, self._folder.contents().values()))
        within = SECONDS + SECONDS_A_MEGABYTE * size / MEGABYTE
        line = f"{draft.by}\n{draft.file}\n{what}"
        typed = Draft(draft.file, draft.base, draft.text)
        try:
            return self._bench.ask(what, self._folder, typed, *more, within=within, line=line, clicked=draft.clicked)
        except Stale as error:
            raise Overtaken(error.what) from error
        except workbench.Busy as error:
            raise Busy(error.what, hint=error.hint) from error
        except Unanswered as error:
            raise NotNow(error.what, hint=error.hint) from error

    def _scene(self, known: Known, moment: str) -> Scene:
        case, rulebook = known.case, self._liaison.rulebook
        assert case.newest is not None
        ticket = case.newest.ticket
        stageable = moment in set(MomentKind) - UNSTAGED
        return Scene(
            case.ref,
            strangers(case.site),
            ticket,
            MomentKind(moment) if stageable else _likely(ticket.kind, ended=ticket.ended),
            case.now,
            case.memory,
            case.promises,
            known.kin,
            case.newest.sinks,
            _sticky(case.memory),
            tuple(case.heard) if rulebook.budgeted else None,
        )

    def _held(self, known: Known) -> tuple[str, ...]:
        """The gates that hold it: those of the last look, else those of the rules in force."""
        if known.case.memory.gates:
            return tuple(known.case.memory.gates)
        decision = self._foresight.decision(known)
        return tuple(decision.gates) if decision.sealed else ()

    # --- tickets to try it on --------------------------------------------------------------------------------------

    def tickets(self, words: str) -> tuple[FoundTicket, ...]:
        found = list[FoundTicket]()
        for row in self._rows(words.strip()[:MOST_WORDS]):
            one = self._shown(row, words.casefold().split())
            if one and one not in found:
                found.append(one)
            if len(found) == FOUND:
                break
        return tuple(found)

    def _rows(self, words: str) -> Iterator[Any]:
        columns = (T.c.site, T.c.id, T.c.key, T.c.newest, T.c.memory)
        newest = select(D.c.site, D.c.ticket_id, D.c.id).where(D.c.ticket_id != "").order_by(D.c.id.desc())
        late = newest.limit(OF_LATE if words else LOOKED_AT * 3).subquery()
        mine = and_(T.c.site == late.c.site, T.c.id == late.c.ticket_id)
        query = select(*columns).join(late, mine).order_by(late.c.id.desc()).limit(LOOKED_AT * 4)
        with self._liaison.store.read() as connection:
            if words:
                upper = words.upper()
                keys = or_(T.c.key == words, and_(T.c.key >= upper, T.c.key < upper + "\uffff"))
                yield from connection.execute(select(*columns).where(keys).order_by(T.c.key).limit(LOOKED_AT)).all()
                for word in words.split():
                    query = query.where(T.c.newest.icontains(word, autoescape=True))
            yield from connection.execute(query).all()

    def _shown(self, row: Any, words: list[str]) -> FoundTicket | None:
        """None for one that is held, is not served, or has the words elsewhere than in its key and title."""
        newest = snapshots.load(row.newest)
        if newest is None or not newest.served:
            return None
        ticket, memory = newest.ticket, Memory.from_dict(orjson.loads(row.memory))
        named = f"{row.key} {ticket.title}".casefold()
        if memory.gates or not all(word in named for word in words):
            return None
        if self._liaison.rulebook.seals(ticket, self._liaison.clock.now(), _sticky(memory)):
            return None
        return FoundTicket(TicketRef(row.site, row.id), row.key or row.id, ticket.title, ticket.kind, ticket.priority)

    # --- what has happened -----------------------------------------------------------------------------------------

    def begin_backtest(self, draft: Typed, days: int) -> str:
        checked = self.check(draft)
        if checked.errors:
            raise NotNow("the draft has errors.", hint="Mend them first; they are listed under Problems.")
        typed = Draft(draft.file, draft.base, draft.text)
        return self._backtests.begin(typed, days, self._liaison.clock.now())

    def backtest(self, identity: str) -> Backtest | None:
        return self._backtests.look(identity)

    def stop_backtest(self, identity: str) -> None:
        self._backtests.stop(identity)


def _words(names: Iterable[Name], *, agents: bool) -> Iterator[Mapping[str, Any]]:
    """What a text may insert; `agents`: into theirs alone."""
    for name in names:
        yield {"name": name.path, "says": name.meaning, "example": name.example, "agents": agents}


@cache
def _schema() -> Mapping[str, Any]:
    return rules.json_schema()


def _sticky(memory: Memory) -> tuple[str, ...]:
    return tuple(gate for gate in memory.held if gate not in memory.lifted)


def _likely(kind: str, *, ended: bool) -> MomentKind:
    """What people ask about first."""
    if kind == Kind.CHANGE:
        return MomentKind.FINISHED if ended else MomentKind.ANNOUNCED
    return MomentKind.RESOLVED if ended else MomentKind.OPENED


BY_HAND = "Edit it on the machine, and check it with `liaison rules check`."
