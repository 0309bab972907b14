"""A parent that has ended speaks no more, so what was part of it speaks for itself; with the shipped words."""

from app import tables
from tests.support.world import world


def test_a_child_that_is_reopened_after_its_parent_was_closed_hears_when_the_next_word_comes(tmp_path):
    with world(tmp_path, "version: 1\nrules: []\n") as plain:
        parent = plain.on_snow(caller_id="eva", short_description="x", priority="1", major_incident_state="accepted")
        child = plain.on_snow(caller_id="mara", short_description="y", priority="2", parent_incident=parent)
        plain.pass_(minutes=3)
        plain.on_snow(parent, state="6", close_code="Solved (Permanently)")  # the child with it
        plain.pass_(minutes=6)
        plain.on_snow(parent, state="7")
        plain.pass_(minutes=20)
        assert [p.state for p in plain.rows(tables.promises, child)] == []
        plain.on_snow(child, state="2")
        assert "We will write again" in plain.said(child)[-1]
        assert [p.state for p in plain.rows(tables.promises, child)] == ["open"]
        plain.pass_(hours=1)
        assert plain.said(child)[-1].startswith("Here is the update we promised.")
