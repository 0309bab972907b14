"""Words that go out after the time that was promised for them say so."""

import re
from datetime import timedelta

from app.plans import NotePlan
from app.rulebook import Rulebook
from core.moments import MomentKind
from core.notes import Paragraph
from core.promises import Promise
from core.sites import Site
from core.tickets import Ticket
from core.times import Clock

SPEAKS_OF_IT = re.compile(r"\{\{[^}]*\bpromised\b|\{[{%][^}]*\blate\b")
"""Words that name the promised time, or speak of being late, themselves."""
OF_LATE = frozenset({MomentKind.UPDATE_DUE, MomentKind.PROGRESSED})
"""What may come in the place of the promised update: itself, or an agent's order that is seen too late."""
NOTICED = timedelta(minutes=5)
"""So late that readers notice: before that an excuse is noise."""


def owned_up(
    plan: NotePlan, promise: Promise | None, ticket: Ticket, site: Site, rulebook: Rulebook, clock: Clock
) -> tuple[Paragraph, ...]:
    """The sentence that stands before a late update; nothing where it is in time, or says so itself."""
    now, message = clock.now(), plan.message
    if promise is None or message.moment not in OF_LATE or now - promise.due < NOTICED:
        return ()
    if SPEAKS_OF_IT.search(message.template):
        return ()
    return (Paragraph(rulebook.sentence("late", promise.due, now, ticket, site, message.language)),)
