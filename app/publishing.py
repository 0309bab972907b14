"""Rules files into force: written whole, never over what somebody else wrote, with who and why; and every change kept,
by whatever hand.
"""

import logging
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

import rules
from app import auditing, tables
from app.drafts import Draft, DraftError, Folder, hash_of, text_of
from app.rulebook import Rulebook
from app.store import Store, Transaction
from core.errors import LiaisonError, Problem, Severity, StoreError
from core.times import Clock, from_iso, iso
from ui.desk_views import Change

C = tables.rule_changes
LONGEST_REASON = 500
AUDITED = {Change.PUBLISHED: "rules published", Change.TAKEN_BACK: "rules taken back"}
log = logging.getLogger("liaison.rules")


class Changed(LiaisonError):
    """The file is not the one that the draft began with."""


class Unfit(LiaisonError):
    """The set would have errors. `problems` are all of them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("the rules would have errors.", hint="Put them right first.")
        self.problems = problems


@dataclass(frozen=True)
class Author:
    """Who does it, as the audit and as people know them."""

    id: str
    name: str


@dataclass(frozen=True)
class Record:
    """One change of one file. `old` and `new` are its bytes, None where there was no file."""

    id: int
    at: datetime
    what: Change
    file: str
    name: str
    why: str
    before: str
    after: str
    old: bytes | None = None
    new: bytes | None = None


class Publisher:
    """The only writer of rules files in this process. All methods may raise StoreError."""

    def __init__(self, store: Store, folder: Folder, rulebook: Rulebook, clock: Clock) -> None:
        self._store, self.folder, self._rulebook, self._clock = store, folder, rulebook, clock
        self._one_at_a_time = threading.Lock()

    def publish(self, draft: Draft, why: str, who: Author, what: Change = Change.PUBLISHED) -> int:
        """The change's id. Raises Changed, Unfit, or DraftError where the draft or the disk cannot do it; then nothing
        is written.
        """
        with self._one_at_a_time:
            before = self.folder.read(draft.file)
            if hash_of(before) != draft.base:
                raise Changed(f"{draft.file} was changed meanwhile.", hint="Look at both, then decide.")
            after = draft.content(before)
            if before == after:
                raise DraftError(f"{draft.file} says this already.", hint="There is nothing to publish.")
            if errors := self.against(draft, _errors(self.folder.examined(draft)[1])):
                raise Unfit(errors)
            self._observe()
            number = self._intend(draft.file, (before, after), why, who, what)
            self._write(number, draft.file, after, draft.base)
            self._done(number, hash_of(after))
        self._rulebook.reload()
        return number

    def against(self, draft: Draft, errors: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Those errors of a draft for which it is not published. Where other files are broken already, a draft may mend
        its own file all the same: else nobody could mend two. Raises DraftError.
        """
        if not errors or not self._rulebook.problem:
            return errors
        path = str(self.folder.path(draft.file))
        before = _errors(rules.check(self.folder.paths))
        better = len(errors) < len(before) and all(error.path != path for error in errors)
        return () if better else errors

    def observe(self) -> None:
        """Keep what was changed on the disk by others, since the last time somebody looked."""
        with self._one_at_a_time:
            self._observe()

    def observe_quietly(self) -> None:
        """As the watcher does: a store or a folder that is away stops nothing."""
        try:
            self.observe()
        except (StoreError, OSError) as error:
            log.error("Changes of rules files are noticed later: %s", error)  # noqa: TRY400 - it says all

    # --- what was ----------------------------------------------------------------------------------------------------

    def records(self, file: str = "", before: int = 0, most: int = 50) -> list[Record]:
        """The newest first, without the contents."""
        query = select(C.c.id, C.c.at, C.c.what, C.c.file, C.c.name, C.c.why, C.c.before, C.c.after).where(
            C.c.done == 1
        )
        query = query.where(C.c.file == file) if file else query
        query = query.where(C.c.id < before) if before else query
        with self._store.read() as connection:
            return [_record(row) for row in connection.execute(query.order_by(C.c.id.desc()).limit(most))]

    def record(self, number: int) -> Record | None:
        with self._store.read() as connection:
            row = connection.execute(select(C).where(C.c.id == number, C.c.done == 1)).first()
            return _record(row, _unpacked(row.old), _unpacked(row.new)) if row else None

    def later(self, one: Record) -> int:
        """How many changes of the same file came after."""
        query = select(func.count()).where(C.c.file == one.file, C.c.id > one.id, C.c.done == 1)
        with self._store.read() as connection:
            return int(connection.execute(query).scalar() or 0)

    def content(self, file: str, hash_: str) -> bytes | None:
        """The file as it was once, known by its hash; None where nobody kept it."""
        query = select(C.c.new).where(C.c.file == file, C.c.after == hash_, C.c.new.is_not(None))
        with self._store.read() as connection:
            return _unpacked(connection.execute(query.order_by(C.c.id.desc()).limit(1)).scalar())

    def files(self) -> list[str]:
        """Every file that has a history."""
        with self._store.read() as connection:
            return list(connection.execute(select(C.c.file).distinct().order_by(C.c.file)).scalars())

    # --- writing -----------------------------------------------------------------------------------------------------

    def _intend(
        self, file: str, contents: tuple[bytes | None, bytes | None], why: str, who: Author, what: Change
    ) -> int:
        """On disk before the file is: whatever happens then, it is known who did it and why."""
        old, new = contents

        def write(tx: Transaction) -> int:
            row = _row(self._now(), what, file, old, new) | {"who": who.id, "name": who.name, "why": why, "done": 0}
            number = tx.execute(insert(C).values(**row)).inserted_primary_key
            return int(number[0]) if number else 0

        return self._store.write(write)

    def _write(self, number: int, file: str, content: bytes | None, base: str) -> None:
        try:
            written = self.folder.write(file, content, base)
        except DraftError:
            self._store.write(lambda tx: tx.execute(delete(C).where(C.c.id == number)))
            raise
        if not written:
            self._store.write(lambda tx: tx.execute(delete(C).where(C.c.id == number)))
            raise Changed(f"{file} was changed meanwhile.", hint="Look at both, then decide.")

    def _done(self, number: int, after: str) -> None:
        def write(tx: Transaction) -> None:
            row = tx.execute(select(C.c.what, C.c.file, C.c.who, C.c.why).where(C.c.id == number)).one()
            tx.execute(update(C).where(C.c.id == number).values(done=1))
            detail = f"{row.file} ({after[:12] or 'taken away'}), change {number}: {row.why}"
            auditing.record(tx, self._clock.now(), row.who, AUDITED[Change(row.what)], detail)

        self._store.write(write)

    def _observe(self) -> None:
        contents = self.folder.contents()
        self._settle(contents)
        known = self._known()
        what = Change.ON_DISK if known else Change.FIRST_SEEN
        rows = []
        for file in sorted({*contents, *known}):
            before, (content, after) = known.get(file, ""), (contents.get(file), hash_of(contents.get(file)))
            if before != after:
                rows.append((file, self.content(file, before) if before else None, content))
        if rows:
            at = self._now()
            self._store.write(lambda tx: [tx.execute(insert(C).values(**_row(at, what, *row))) for row in rows])

    def _settle(self, contents: Mapping[str, bytes]) -> None:
        """What was meant to be when the process ended: the file tells whether it came to be."""
        with self._store.read() as connection:
            open_ = connection.execute(select(C.c.id, C.c.file, C.c.after).where(C.c.done == 0)).all()
        for row in open_:
            if hash_of(contents.get(row.file)) == row.after:
                self._done(row.id, row.after)
            else:
                self._store.write(lambda tx, number=row.id: tx.execute(delete(C).where(C.c.id == number)))  # type: ignore[misc]

    def _known(self) -> dict[str, str]:
        """The hash of every file as last seen, `""` where it was gone then."""
        newest = select(func.max(C.c.id)).where(C.c.done == 1).group_by(C.c.file)
        with self._store.read() as connection:
            rows = connection.execute(select(C.c.file, C.c.after).where(C.c.id.in_(newest)))
            return {row.file: row.after for row in rows}

    def _now(self) -> str:
        return iso(self._clock.now())


def texts(one: Record) -> tuple[str | None, str | None]:
    """Before and after. Raises DraftError where one is no text."""
    old = None if one.old is None else text_of(one.old)
    return old, None if one.new is None else text_of(one.new)


def _errors(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)


def _row(at: str, what: Change, file: str, old: bytes | None, new: bytes | None) -> dict[str, Any]:
    return {
        "at": at,
        "what": str(what),
        "file": file,
        "who": "",
        "name": "",
        "why": "",
        "before": hash_of(old),
        "after": hash_of(new),
        "old": None if old is None else zlib.compress(old),
        "new": None if new is None else zlib.compress(new),
        "done": 1,
    }


def _unpacked(content: bytes | None) -> bytes | None:
    return None if content is None else zlib.decompress(content)


def _record(row: Any, old: bytes | None = None, new: bytes | None = None) -> Record:
    return Record(
        row.id,
        from_iso(row.at),
        Change(row.what),
        row.file,
        row.name,
        row.why,
        row.before,
        row.after,
        old,
        new,
    )
