"""Requesters whom a gate keeps from hearing anything: what the agents read of them."""

from tests.support.world import world


def test_agents_do_not_read_that_somebody_is_asked_who_hears_nothing(tmp_path):
    """A report that speaks of an attack: the shipped gate lets nothing go out to its requester."""
    with world(tmp_path, "version: 1\nrules: []\n") as one:
        key = one.on_snow(short_description="Phishing mail", caller_id="eva", priority="2", state="2")
        one.pass_(minutes=3)
        one.on_snow(key, state="6", close_code="Solution provided")
        one.pass_(minutes=10)
        note = one.entries(key, internal=True)[-1].text
        assert "Our work is done." in note
        assert "a gate forbids it" in note
        assert "they are asked" not in note
        assert one.said(key) == []
