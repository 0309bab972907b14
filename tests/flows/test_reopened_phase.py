"""An incident that comes back with the phase it had when it ended: what its requester reads next."""

import pytest

from tests.support.world import world

SOLVED = {"state": "6", "close_code": "Solution provided"}


@pytest.fixture
def phased(tmp_path):
    """The shipped packs, and a column for the phase, as a site may have one."""
    with world(tmp_path, "version: 1\nrules: []\n", snow={"fields": {"phase": "u_phase"}}) as one:
        one.snow.tables.add_column("incident", "u_phase")
        yield one


@pytest.fixture
def back(phased):
    """Watched, solved, and open again because it still fails; nobody touched the phase."""
    key = phased.on_snow(short_description="x", caller_id="eva", priority="2", state="2")
    phased.pass_(minutes=5)
    phased.on_snow(key, u_phase="monitoring")
    phased.pass_(hours=1)
    phased.on_snow(key, **SOLVED)
    phased.pass_(hours=1)
    phased.on_snow(key, state="2")
    phased.pass_(minutes=5)
    return key


def test_after_an_apology_nobody_reads_that_the_fix_is_in_place(phased, back):
    """Nor do they wait as long as for what is only watched."""
    apology = phased.said(back)[-1]
    assert "We are sorry that it is not solved yet." in apology
    phased.pass_(minutes=60)
    update = phased.said(back)[-1]
    assert update.startswith("Here is the update we promised. Our team has been working on it since")
    assert not any("fix" in entry.text for entry in phased.entries(back)[-3:])


def test_a_phase_that_is_set_anew_is_told(phased, back):
    phased.on_snow(back, u_phase="fix_running")
    phased.pass_(minutes=5)
    phased.on_snow(back, u_phase="monitoring")
    phased.pass_(minutes=5)
    assert [said.partition(".")[0] for said in phased.said(back)[-2:]] == [
        "We know the cause and are working on the fix",
        "A fix is in place and we are watching it",
    ]
