"""How often each rule spoke is known without counting notes."""

from datetime import timedelta

from sqlalchemy import func, insert, select

from app import retention, spoken, tables
from app.settings import Keep
from tests.support.world import START, world


def test_a_note_is_counted_where_it_is_written(tmp_path):
    with world(tmp_path) as found:
        found.on_snow(short_description="No till", priority="3")
        found.pass_(minutes=40)
        store = found.liaison.store
        with store.read() as connection:
            n = tables.notes
            counted = connection.execute(
                select(n.c.rule, func.count()).where(n.c.state == "written", n.c.rule != "").group_by(n.c.rule)
            ).all()
        told = dict(map(tuple, counted))
        assert told["any"] >= 3
        assert spoken.by_rule(store, found.clock.now(), 30) == told


def test_older_days_do_not_count_and_go_in_the_end(tmp_path):
    with world(tmp_path) as found:
        store = found.liaison.store
        for days in (0, 29, 30, 91):
            store.write(lambda tx, days=days: spoken.count(tx, "any", START - timedelta(days=days)))
        assert spoken.by_rule(store, START, 30) == {"any": 2}
        retention.prune(store, Keep(), START)
        with store.read() as connection:
            assert connection.execute(select(func.count()).select_from(tables.spoken)).scalar() == 3


def test_what_was_said_before_the_upgrade_counts(tmp_path):
    from tests.app.test_migrations import upgraded_to  # noqa: PLC0415 - the migration's own way

    store = upgraded_to(tmp_path, "0004")
    note = {"site": "s", "ticket_id": "1", "moment": "opened", "occurrence": "1", "audience": "agents", "plan": ""}
    with store.read() as connection:
        connection.execute(insert(tables.tickets).values(site="s", id="1"))
        for number, state in enumerate(("written", "written", "superseded")):
            connection.execute(
                insert(tables.notes).values(
                    id=str(number),
                    state=state,
                    rule="any",
                    planned_at="",
                    written_at="2026-11-20T09:00:00.000Z",
                    **note,
                )
            )
        connection.commit()
    store.upgrade()
    assert spoken.by_rule(store, START, 30) == {"any": 2}
    store.close()
