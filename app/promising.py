"""Promises in the store: made, hindered, kept, missed, withdrawn. One open promise per ticket and audience."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import bindparam, func, insert, literal, select, update

from app import causes, tables, tallies
from app.journal import Entry, What
from app.prepared import Prepared
from app.rows import bound, time
from app.store import Look, Transaction
from core.decisions import Reason
from core.moments import MomentKind
from core.notes import Audience
from core.promises import SILENT_BECAUSE, Cause, Promise, PromiseState
from core.tickets import TicketRef
from core.times import from_iso, iso

P, T = tables.promises, tables.tickets
OPEN = Prepared(
    select(P.c.id, P.c.audience, P.c.due, P.c.made_at, P.c.made_by, P.c.rule, P.c.cause, P.c.marked_at)
    .where(P.c.site == bindparam("of_site"), P.c.ticket_id == bindparam("of_id"), P.c.state == PromiseState.OPEN)
    .order_by(P.c.due)
)
COUNTED = Prepared(select(func.count()).where(bound(P), P.c.audience == bindparam("whom")))
_MADE = ("id", "audience", "due", "made_at", "made_by", "rule")
_OPENED = {"state": literal(str(PromiseState.OPEN)), "kept_by": literal("")}
_OF_TICKET = {"site": T.c.site, "ticket_id": T.c.id, "priority": T.c.priority, "service": T.c.service, "team": T.c.team}
# whose it is stands in the ticket's row: as it is when the promise is made
MAKE = Prepared(
    insert(P).from_select(
        [*_MADE, *_OPENED, *_OF_TICKET],
        select(*(bindparam(n).label(n) for n in _MADE), *_OPENED.values(), *_OF_TICKET.values()).where(bound(T)),
    )
)
END = Prepared(
    update(P)
    .where(P.c.id == bindparam("promise"))
    .values(state=bindparam("ending"), ended_at=bindparam("at"), kept_by=bindparam("by"), cause=bindparam("why"))
)
HINDER = Prepared(update(P).where(P.c.id == bindparam("promise")).values(cause=bindparam("why")))


def open_promises(tx: Transaction | Look, ref: TicketRef) -> tuple[Promise, ...]:
    return tuple(
        Promise(
            identity,
            ref,
            Audience(audience),
            from_iso(due),
            from_iso(made_at),
            made_by,
            rule,
            cause=cause,
            marked_at=time(marked_at),
        )
        for identity, audience, due, made_at, made_by, rule, cause, marked_at in OPEN.run(
            tx, of_site=ref.site, of_id=ref.id
        )
    )


def make(
    tx: Transaction, ref: TicketRef, audience: Audience, due: datetime, *, at: datetime, by: str, rule: str
) -> Entry:
    """Open a promise; the one open before must have ended. Returns its line for the journal."""
    # counted: the same words may lead to a promise, see it withdrawn, and lead to another
    earlier = COUNTED.run(tx, of_site=ref.site, of_id=ref.id, whom=audience).fetchone()[0]
    identity = str(uuid5(NAMESPACE_URL, f"{ref}\x1f{audience}\x1f{by}\x1f{iso(at)}\x1f{earlier}"))
    MAKE.run(
        tx,
        of_site=ref.site,
        of_id=ref.id,
        id=identity,
        audience=audience,
        due=iso(due),
        made_at=iso(at),
        made_by=by,
        rule=rule,
    )
    tallies.made(tx, ref)
    return Entry(What.PROMISED, audience=audience, detail=f"The next word comes by {iso(due)[:16]}Z.", rule=rule)


def keep(tx: Transaction, opened: Iterable[Promise], audience: Audience, *, at: datetime, by: str) -> list[Entry]:
    """End the audience's open promise, if any, as kept, or as kept late and why. `at`: since when the word stands."""
    entries = []
    for promise in (promise for promise in opened if promise.audience == audience):
        late = not promise.on_time(at)
        cause = causes.of_late(tx, promise, at) if late else ""
        _end(tx, promise, PromiseState.KEPT_LATE if late else PromiseState.KEPT, at, by=by, cause=cause)
        detail = f"{_late(at - promise.due)} late ({cause})." if late else "On time."
        entries.append(Entry(What.KEPT, audience=audience, detail=f"{detail} By {by}.", rule=promise.rule))
    return entries


def withdraw(
    tx: Transaction,
    ref: TicketRef,
    audience: Audience,
    *,
    at: datetime,
    why: str,
    since: datetime | None = None,
    cause: Cause | None = None,
    told: bool = True,
) -> list[Entry]:
    """End the open promise without a word: withdrawn where nothing was owed any more when it fell due, else missed.

    `since`: from when on nothing was owed, by default `at`. `cause`: a word was owed to the end, and this kept it from
    being said. `told` False: the ticket is confidential.
    """
    entries = []
    for promise in _open_to(tx, ref, audience):
        owed = cause not in (None, Cause.GATED) and promise.due <= at  # a gate ends what is owed
        if promise.on_time(since or at) and not owed:
            _end(tx, promise, PromiseState.WITHDRAWN, at, told=told)
            entries.append(Entry(What.WITHDRAWN, audience=audience, detail=f"Because {why}.", rule=promise.rule))
        else:
            missed = cause or causes.of_missed(tx, promise, at)
            _end(tx, promise, PromiseState.MISSED, at, cause=missed, told=told)
            detail = f"No word had come ({missed}). Ended because {why}."
            entries.append(Entry(What.MISSED, audience=audience, detail=detail, rule=promise.rule))
    return entries


def hinder(
    tx: Transaction,
    opened: Iterable[Promise],
    now: datetime,
    *,
    until: datetime | None = None,
    cause: Cause | None = None,
) -> None:
    """Remember what keeps the words of promises that are due from being said: `cause`, else what their notes show.

    `until`: nothing will be said before then, so what falls due until then is hindered, too.
    """
    for promise in opened:
        if not promise.cause and promise.due <= (until or now):
            _hinder(tx, promise, now, cause or causes.unsaid(tx, promise, now))


def silenced(tx: Transaction, ref: TicketRef, now: datetime, because: Mapping[str, Cause]) -> None:
    """Remember the silences, by audience, that keep a promise which is due from being kept."""
    for promise in open_promises(tx, ref) if because else ():
        if not promise.cause and promise.due <= now:
            _hinder(tx, promise, now, because.get(promise.audience))


def silences(entries: Iterable[Entry]) -> Mapping[str, Cause]:
    """By audience, why an update that was due is not said."""
    return {
        entry.audience: SILENT_BECAUSE[Reason(entry.reason)]
        for entry in entries
        if entry.moment == MomentKind.UPDATE_DUE and entry.reason in SILENT_BECAUSE
    }


def _hinder(tx: Transaction, promise: Promise, now: datetime, cause: Cause | None) -> None:
    first = Cause.LIAISON_DOWN if causes.asleep(promise, now) else cause
    if first:
        HINDER.run(tx, promise=promise.id, why=first)


def _open_to(tx: Transaction, ref: TicketRef, audience: Audience) -> list[Promise]:
    return [promise for promise in open_promises(tx, ref) if promise.audience == audience]


def _end(
    tx: Transaction,
    promise: Promise,
    state: PromiseState,
    at: datetime,
    *,
    by: str = "",
    cause: str = "",
    told: bool = True,
) -> None:
    END.run(tx, promise=promise.id, ending=state, at=iso(at), by=by, why=cause)
    tallies.ended(tx, promise.id, told=told)


def _late(by: timedelta) -> str:
    minutes = int(by.total_seconds() // 60)
    return f"{minutes} {'minute' if minutes == 1 else 'minutes'}"
