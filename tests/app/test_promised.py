"""Whatever happens to a ticket: what its requester was promised in words comes in time, by us or by a person."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import tables
from core.notes import Audience
from core.sightings import Author, Comment
from core.times import from_iso
from tests.support.scripted import RULES, bench, incident

LATE = timedelta(minutes=1)
BASE = RULES.replace(
    '        waiting_for_requester: "We need your answer."\n',
    '        waiting_for_requester: ["We need your answer. {{ reminder.text }}", "Still no answer."]\n',
).replace("{every: 30m}", "{every: 2h, remind: 5m, remind_requester: 4h}")
URGENT = """
  - id: urgent
    layer: override
    when: {kind: incident, priority: [P1, P2]}
    cadence: {requester: {every: 20m, remind: 5m, remind_requester: 1h}}
"""
SPOKEN = BASE + URGENT
SILENT = SPOKEN.replace(
    '        raised: "More urgent now. We will write again {{ next_update.text }}."', "        raised: none"
)
SETTLING = SPOKEN + "settle: {raised: 2m, lowered: 2m, resolved: 5m, opened: 2m}\n"

CHANGES = st.sampled_from(
    [
        {"priority": "P1"},
        {"priority": "P3"},
        {"priority": "P4"},
        {"state": "in_progress", "hold_reason": "", "resolution": ""},
        {"state": "on_hold", "hold_reason": "requester", "resolution": ""},
        {"state": "on_hold", "hold_reason": "vendor", "resolution": ""},
        {"state": "resolved", "resolution": "fixed", "hold_reason": ""},
    ]
)
STEPS = st.one_of(
    st.tuples(st.just("change"), CHANGES),
    st.tuples(st.just("agent"), st.none()),
    st.tuples(st.just("customer"), st.none()),
    st.tuples(st.just("pass"), st.integers(1, 100)),
)


def play(one, steps):
    """Returns the times at which an agent or the requester spoke, or the ticket ended, so that a promise is over."""
    fields, excused = {"state": "new", "priority": "P3"}, []
    one.happen(incident(**fields))
    for number, (what, about) in enumerate(steps):
        ticket = incident(**fields, revision=f"{number + 2:04}")
        if what == "pass":
            one.pass_(minutes=about)
            continue
        if what == "change":
            fields |= about
            one.happen(incident(**fields, revision=f"{number + 2:04}"))
        elif what == "agent":
            one.agent_says(ticket, identity=f"h{number}")
        else:
            said = Comment(f"r{number}", one.clock.now(), Author.CUSTOMER, "eva", public=True)
            one.happen(ticket, comment=said)
        if what != "change" or fields["state"] == "resolved":
            excused.append(one.clock.now())
        assert (due := one.engine.next_due()) is None or due > one.clock.now()
    one.pass_(hours=8)
    return fields, excused


def waits(fields, steps):
    """Whether the requester's answer to a question is missing at the end."""
    spoke = [what for what, _ in steps if what in {"agent", "customer"}]
    return fields.get("hold_reason") == "requester" and spoke[-1:] == ["agent"]


@pytest.mark.parametrize("rules", [SPOKEN, SILENT, SETTLING], ids=["spoken", "silent", "settling"])
@given(st.lists(STEPS, max_size=14))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_promised_in_words_comes_in_time(tmp_path_factory, rules, steps):
    with bench(tmp_path_factory.mktemp("b") / "b", rules=rules) as one:
        _, excused = play(one, steps)
        notes = [n for n in one.rows(tables.notes) if n.audience == Audience.REQUESTER and n.state == "written"]
        for place, note in enumerate(notes):
            if note.promise_due:
                written, due = from_iso(note.written_at), from_iso(note.promise_due)
                words = [*(from_iso(later.written_at) for later in notes[place + 1 :]), *excused]
                came = [at for at in words if written <= at <= due + LATE]
                assert came or due > one.clock.now(), (note.moment, written, due)


@given(st.lists(STEPS, max_size=14))
@settings(max_examples=10, deadline=None)
def test_an_open_ticket_has_one_promise_unless_it_waits_for_an_answer_and_an_ended_one_has_none(
    tmp_path_factory, steps
):
    with bench(tmp_path_factory.mktemp("b") / "b", rules=SPOKEN) as one:
        fields, _ = play(one, steps)
        mine = [p for p in one.promises() if p.audience == Audience.REQUESTER]
        assert len(mine) <= 1
        if fields["state"] == "resolved":
            assert mine == []
        elif not waits(fields, steps):
            assert len(mine) == 1


@given(st.lists(STEPS, max_size=14))
@settings(max_examples=8, deadline=None)
def test_no_two_words_in_a_row_are_the_same(tmp_path_factory, steps):
    """Words of a person in between are news."""
    steps = [step for step in steps if step[0] != "agent"]
    varied = SPOKEN.replace(
        '        update_due: "Still on it. We will write again {{ next_update.text }}."',
        '        update_due: ["Still on it.", "No news yet.", "It takes longer."]',
    )
    with bench(tmp_path_factory.mktemp("b") / "b", rules=varied) as one:
        play(one, [*steps, ("change", {"state": "in_progress", "hold_reason": "", "resolution": ""})])
        said = [w for w in one.platform.letters(Audience.REQUESTER) if w.endswith((".", "!"))]
        holding = {"Still on it.", "No news yet.", "It takes longer."}
        assert not any(one == two for one, two in pairwise(said) if one in holding)
