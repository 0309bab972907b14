"""A rhythm broken on purpose, in one way each: a simulation that does not see it proves nothing."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from tests.support.scripted import Bench

HOUR = timedelta(hours=1)


def never_wakes(bench: Bench) -> None:
    """Only webhooks are attended to; what falls due by itself is slept through."""
    bench.next_due = lambda: None


def wakes_late(bench: Bench) -> None:
    on_time = bench.next_due
    bench.next_due = lambda: (due := on_time()) and due + HOUR


def ignores_calendars(bench: Bench) -> None:
    bench.rulebook.next_due = lambda cadence, ticket, made_at, site: made_at + cadence.every  # noqa: ARG005


def promises_the_past(bench: Bench) -> None:
    honest = bench.rulebook.next_due
    bench.rulebook.next_due = lambda cadence, ticket, made_at, site: (
        min(honest(cadence, ticket, made_at, site), made_at) - HOUR
    )


def says_another_time(bench: Bench) -> None:
    """The words promise an hour more than the store remembers."""
    honest = bench.rulebook.render

    def render(message, ticket, moment, facts, *more):
        later = facts.next_update and facts.next_update + HOUR
        return honest(message, ticket, moment, replace(facts, next_update=later), *more)

    bench.rulebook.render = render


def loses_promises(bench: Bench) -> None:
    """Every fourth promise is forgotten as soon as it is made."""
    trigger = (
        "CREATE TRIGGER loses AFTER INSERT ON promises WHEN new.rowid % 4 = 0 "
        "BEGIN DELETE FROM promises WHERE id = new.id; END"
    )
    bench.store.write(lambda tx: tx.execute(text(trigger)))


def sends_twice(bench: Bench) -> None:
    class Doubled(list):
        def append(self, standing):
            super().extend([standing, standing])

    bench.platform.standing = Doubled()


CONTROLS = {
    never_wakes: "has passed and is still open",
    wakes_late: "too late",
    ignores_calendars: "falls into a closed hour",
    promises_the_past: "going in circles",
    says_another_time: "and promises",
    loses_promises: "without a promise",
    sends_twice: "stands 2 times",
}
"""What a control must be caught with, at the least."""
