"""The rule desk over a whole Liaison: what stands in the list, and how a change comes to be said."""

import os
import threading
import time

import pytest

from app import drafting, tables
from app import liaison as liaisons
from app.surfaces.desk import StoredDesk
from core.errors import LiaisonError
from core.notes import Audience
from tests.support.world import RULES, world
from ui.access import Person
from ui.desk_views import Asked, Change, Does, Drafted, Edit, Piece, Refused, What

EVA = Person("eva", "Eva Example")
MORE = """
  - id: cards
    title: Card payments fail
    when: {kind: incident, service: card-payments, priority: [P1, P2], text: {any_of: [till, card]}}
    unless: {labels: drill}
    messages:
      requester:
        opened: "Cards fail at {{ location.name }}. {% if next_update %}More {{ next_update.text }}.{% endif %}"
        resolved: {fixed: Cards work again., duplicate: none}
    mode: draft
  - {id: night, active: false, when: {priority: P5}, messages: {agents: {opened: Sleep.}}}
services:
  - {id: card-payments, name: card payments, aliases: {servicenow: [CARD-GW]}, needs: [nothing-known]}
gates:
  - {id: quiet-hr, when: {category: hr}, silence: [requester], because: Private matters.}
tests:
  - name: Cards
    at: 2026-11-20T14:00:00+01:00
    location: {name: Berlin, timezone: Europe/Berlin}
    ticket: {key: INC1, kind: incident, service: CARD-GW, priority: P1, title: No card}
    moment: opened
    expect: {winner: {requester.opened: cards}, says: {requester.opened: [Berlin]}}
  - name: Wrong
    at: 2026-11-20T14:00:00+01:00
    ticket: {key: INC1, kind: incident, service: CARD-GW, priority: P1, title: No card}
    moment: opened
    expect: {winner: {requester.opened: cards}, says: {requester.opened: [Paris]}}
"""
ALL = RULES + MORE


class Here:
    """The functions of the process beside the service, in this one: starting it takes longer than the tests do."""

    def ask(self, what, *arguments, within, clicked=False):
        assert within > 0
        assert clicked is (what == "review")
        return getattr(drafting, what)({}, *arguments, tell=None)


class Room:
    def __init__(self, found, tmp_path, bench=None):
        self.world, self.file = found, tmp_path / "rules" / "rules.yaml"
        self.desk = StoredDesk(found.liaison, bench or Here())

    def until(self, changes):
        for _ in range(200):
            if len(self.desk.history().rows) == changes:
                return
            time.sleep(0.05)
        pytest.fail(f"there are no {changes} changes after ten seconds")

    def ids(self, **asked):
        return [row.id for row in self.desk.rules(Asked(**asked)).rows]

    def draft(self, text, file="rules.yaml"):
        return Drafted(file, self.desk.review(Drafted(file, "", "")).disk_base, text)

    def publish(self, text, why="Because"):
        return self.desk.publish(self.draft(text), why, EVA)


@pytest.fixture
def room(tmp_path):
    with world(tmp_path, ALL) as found:
        made = Room(found, tmp_path)
        yield made
        if made.desk._proofreader._thread:  # C++ must not run when Python ends
            made.desk._proofreader._thread.join()


def test_ones_own_come_first_and_the_shipped_after(room):
    seen = room.desk.rules(Asked())
    assert [row.id for row in seen.rows[:4]] == ["any", "cards", "night", "quiet-hr"]
    assert (seen.own, seen.files) == (4, ("rules.yaml",))
    assert {"incidents.yaml", "changes.yaml", "gates.yaml"} <= set(seen.packs)
    assert all(row.pack for row in seen.rows[4:])
    assert len(seen.rows) == min(50, seen.total) > 20
    cards = seen.rows[1]
    assert (cards.file, cards.kinds, cards.services) == ("rules.yaml", ("incident",), ("card-payments",))
    assert (cards.audiences, cards.moments, cards.does) == (
        (Audience.REQUESTER,), ("opened", "resolved"), (Does.MESSAGE,),
    )  # fmt: skip


SEARCHES = (
    ({"text": "CARD-payments"}, ["cards"]),
    ({"text": "berlin cards fail"}, []),
    ({"text": "cards location"}, ["cards"]),
    ({"text": "private"}, ["quiet-hr"]),
    ({"file": "rules.yaml"}, ["any", "cards", "night", "quiet-hr"]),
    ({"file": "rules.yaml", "kind": "change"}, ["night", "quiet-hr"]),
    ({"file": "rules.yaml", "audience": "agents"}, ["any", "night"]),
    ({"file": "rules.yaml", "moment": "resolved"}, ["any", "cards"]),
    ({"file": "rules.yaml", "does": "cadence"}, ["any"]),
    ({"file": "rules.yaml", "does": "gate"}, ["quiet-hr"]),
    ({"file": "rules.yaml", "does": "impact"}, ["any"]),
    ({"file": "rules.yaml", "spoke": "never"}, ["any", "cards", "night"]),
    ({"file": "rules.yaml", "spoke": "yes"}, []),
    ({"file": "gates.yaml", "does": "message"}, []),
)


def test_what_is_searched_is_found(room):
    for asked, ids in SEARCHES:
        assert room.ids(**asked) == ids, asked


def test_how_often_a_rule_spoke_is_counted_and_orders_the_list(room):
    key = room.world.on_snow(short_description="Slow", priority="3")
    room.world.pass_(minutes=40)
    written = [note for note in room.world.rows(tables.notes, key) if note.rule == "any" and note.state == "written"]
    seen = room.desk.rules(Asked(order="spoke"))
    assert (seen.rows[0].id, seen.rows[0].spoke) == ("any", len(written)) == ("any", 3)
    assert room.ids(file="rules.yaml", spoke="yes") == ["any"]
    assert next(row for row in room.desk.rules(Asked(does="gate")).rows).spoke is None


def test_remarks_stand_beside_the_rule_they_are_about(room):
    room.desk._proofreader.of(room.world.liaison.rulebook.current, wait=True)
    seen = {row.id: row.warnings for row in room.desk.rules(Asked(file="rules.yaml")).rows}
    assert seen["any"] > 0, "its texts lack what a good update says"
    assert seen["quiet-hr"] == 0, "the doubt about the service before it is not its"
    assert "any" in room.ids(warnings=True)
    view = room.desk.rule(What.RULE, "any")
    assert len(view.remarks) == seen["any"]
    assert {remark.file for remark in view.remarks} == {"rules.yaml"}


def test_a_rule_in_words(room):
    view = room.desk.rule(What.RULE, "cards")
    assert view.when == (
        "kind is incident", "service is card-payments", "priority is P1 or P2", "title or description holds till or card",
    )  # fmt: skip
    assert view.unless == ("labels is drill",)
    assert (Piece("An agent approves its messages before they go out."),) in view.sentences
    opened, fixed, duplicate = view.says[Audience.REQUESTER]
    assert [piece.name or piece.text for piece in opened.pieces] == [
        "Cards fail at ", "location.name", ". ", "% if next_update", "More ", "next_update.text", ".", "% endif",
    ]  # fmt: skip
    assert (fixed.when, duplicate.when, duplicate.pieces) == ("fixed", "duplicate", ())
    assert [(test.name, test.file, bool(test.failures)) for test in view.tests] == [
        ("Cards", "rules.yaml", False),
        ("Wrong", "rules.yaml", True),
    ]


def test_a_gate_and_a_shipped_rule_in_words(room):
    gate = room.desk.rule(What.GATE, "quiet-hr")
    assert [piece.text for sentence in gate.sentences for piece in sentence] == [
        "No requester hears anything about such a ticket.",
        "Because: Private matters.",
    ]
    shipped = room.desk.rule(What.RULE, "incident")
    assert shipped.row.pack == "incidents.yaml"
    assert shipped.tests
    assert {
        said.language: [o.language for o in said.others] for said in shipped.says[Audience.REQUESTER] if said.pieces
    } == {"en": ["de"]}
    assert not any(test.failures for test in shipped.tests)
    assert room.desk.rule(What.RULE, "quiet-hr") is None
    assert room.desk.rule(What.RULE, "none") is None


def test_every_rule_and_gate_can_be_shown(room):
    for row in room.desk.rules(Asked()).rows:
        assert room.desk.rule(row.what, row.id).row.id == row.id


def test_a_published_change_is_said_in_the_next_ticket_and_taken_back_again(room):
    done = room.publish(ALL.replace("Have a look.", "Have a close look."), "Closer")
    assert done.problem == ""
    first = room.world.on_snow(short_description="Slow", priority="3")
    room.world.pass_(minutes=3)
    assert any("Have a close look." in e.text for e in room.world.entries(first, internal=True))
    view = room.desk.change(done.id)
    assert (view.row.what, view.row.name, view.row.why) == (Change.PUBLISHED, "Eva Example", "Closer")
    back = room.desk.take_back(done.id, view.base, "Too close", EVA)
    assert room.file.read_text() == ALL
    assert room.desk.change(back.id).row.what is Change.TAKEN_BACK
    again = room.world.on_snow(short_description="Slow", priority="3")
    room.world.pass_(minutes=3)
    assert any("Have a look." in e.text for e in room.world.entries(again, internal=True))
    assert not room.desk.change(done.id).can_go_back


def test_a_review_tells_what_is_new(room):
    seen = room.desk.review(room.draft(ALL.replace("Cards fail at", "The gateway timed out at")))
    assert seen.publishable
    assert {one.message for one in seen.fresh if "gateway" in one.message}
    assert all(not one.error for one in seen.remarks)
    assert any(one not in seen.fresh for one in seen.remarks)
    assert (seen.tests, [test.name for test in seen.failing]) == (2, ["Wrong"])


def test_drafts_are_looked_at_in_a_process_beside(tmp_path):
    with world(tmp_path, ALL) as found:
        room = Room(found, tmp_path, found.liaison.bench)
        seen = room.desk.review(room.draft(ALL.replace("Cards fail at", "The gateway timed out at")))
        assert seen.publishable
        assert any("gateway" in one.message for one in seen.fresh)
        assert not room.desk.rules(Asked()).reading
        found.liaison.bench.stop()


class Away:
    def ask(self, what, *_, within, **_more):
        raise LiaisonError(f"{what} took more than {within:g} seconds.", hint="Split the file.")


def test_a_draft_that_cannot_be_checked_is_kept_and_not_published(tmp_path):
    with world(tmp_path, ALL) as found:
        seen = Room(found, tmp_path, Away()).desk.review(Drafted("new.yaml", "", "rules: []"))
        assert "could not be checked" in seen.refusal
        assert not seen.publishable
        assert not seen.checked
        assert seen.draft.text == "rules: []"


def test_errors_refuse_and_are_told(room):
    seen = room.desk.review(room.draft(ALL.replace("priority: P5", "prio: P5")))
    assert not seen.publishable
    assert "an error" in seen.refusal
    assert seen.remarks[0].error
    assert seen.tests is None
    with pytest.raises(Refused) as caught:
        room.publish(ALL.replace("priority: P5", "prio: P5"))
    assert caught.value.review.refusal == seen.refusal
    assert room.file.read_text() == ALL


def test_a_change_on_the_disk_shows_both_and_what_they_began_with(room):
    draft = room.draft(ALL + "# mine\n")
    assert not room.desk.review(draft).stale
    room.file.write_text(ALL + "# theirs\n")
    with pytest.raises(Refused) as caught:
        room.desk.publish(draft, "Mine", EVA)
    seen = caught.value.review
    assert seen.stale
    assert (seen.common, seen.disk, seen.draft.text) == (ALL, ALL + "# theirs\n", ALL + "# mine\n")
    assert room.file.read_text() == ALL + "# theirs\n"


def test_the_watcher_keeps_what_git_changed(room):
    liaison = room.world.liaison
    liaison.publisher.observe()
    room.file.write_text(ALL + "# pulled\n")
    os.utime(room.file, (1, 1))
    assert liaison.rulebook.reload()
    liaison.publisher.observe_quietly()
    newest = room.desk.history().rows[0]
    assert (newest.what, newest.name, newest.file) == (Change.ON_DISK, "", "rules.yaml")
    assert room.desk.history("rules.yaml", before=newest.id).rows[0].what is Change.FIRST_SEEN
    assert room.desk.history("none.yaml").rows == ()


def test_a_running_liaison_notices_by_itself(room, monkeypatch):
    monkeypatch.setattr(liaisons, "RELOAD_SECONDS", 0.05)
    liaison = room.world.liaison
    running = threading.Thread(target=liaison.run, daemon=True)
    running.start()
    try:
        room.until(1)
        room.file.write_text(ALL.replace("Have a look.", "Have a close look."))
        os.utime(room.file, (1, 1))
        room.until(2)
    finally:
        liaison.stop()
        running.join(10)
    assert [row.what for row in room.desk.history().rows] == [Change.ON_DISK, Change.FIRST_SEEN]
    assert "close look" in repr(liaison.rulebook.current.rules)


def test_a_change_that_would_be_taken_back_over_another_one_is_shown_first(room):
    done = room.publish(ALL + "# one\n")
    base = room.desk.change(done.id).base
    room.publish(ALL + "# one\n# two\n")
    assert room.desk.change(done.id).later == 1
    with pytest.raises(Refused) as caught:
        room.desk.take_back(done.id, base, "Back", EVA)
    assert caught.value.review.stale
    with pytest.raises(LiaisonError, match="no such change"):
        room.desk.take_back(999, base, "Back", EVA)


@pytest.mark.parametrize(("edit", "name", "file"), [(Edit.OFF, "cards", ""), (Edit.OFF, "incident", "own.yaml")])
def test_a_rule_is_switched_off_and_on_again(room, edit, name, file):
    draft = room.desk.edit(edit, What.RULE, name, file)
    room.desk.publish(draft, "Not now", EVA)
    row = room.desk.rule(What.RULE, name).row
    assert (row.active, row.pack) == (False, "")
    assert name not in {rule.id for rule in room.world.liaison.rulebook.current.rules}
    room.desk.publish(room.desk.edit(Edit.ON, What.RULE, name, ""), "Now", EVA)
    assert room.desk.rule(What.RULE, name).row.active
    if not file:
        assert room.file.read_text() == ALL


@pytest.mark.parametrize(("what", "name"), [(What.RULE, "incident"), (What.GATE, "confidential")])
def test_a_shipped_one_is_copied_into_a_file_of_ones_own(room, what, name):
    draft = room.desk.edit(Edit.COPY, what, name, "rules.yaml")
    assert draft.text.startswith(RULES)
    seen = room.desk.review(draft)
    assert seen.publishable
    room.desk.publish(draft, "Our own", EVA)
    view = room.desk.rule(what, name)
    assert (view.row.file, view.replaces) == ("rules.yaml", True)


def test_what_no_button_can_do_is_said(room):
    for edit, what, name in (
        (Edit.OFF, What.GATE, "quiet-hr"),
        (Edit.ON, What.RULE, "cards"),
        (Edit.OFF, What.RULE, "x"),
    ):
        with pytest.raises(LiaisonError):
            room.desk.edit(edit, what, name, "rules.yaml")


def test_broken_files_on_the_disk_are_told_in_the_list(room):
    room.file.write_text("rules: [")
    os.utime(room.file, (1, 1))
    room.world.liaison.rulebook.reload()
    seen = room.desk.rules(Asked())
    assert "rules.yaml" in seen.problem
    assert seen.own == 4
