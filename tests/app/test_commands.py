"""Reading commands and times: every way in which people type them, and any other text without harm."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.command_words import help_text, named_shortly
from app.commands import MOST, Verb, commands, has_commands
from app.whens import read_when

GUIDE = Path(__file__).parent.parent.parent / "docs" / "agents.md"
NOW = datetime(2026, 11, 20, 13, 5, 30, tzinfo=UTC)  # a Friday, five past two in Berlin


def read(text):
    return [(command.verb, command.rest) for command in commands(text)]


@pytest.mark.parametrize(
    "text",
    [
        "/liaison next 16:00",
        "  /Liaison NEXT 16:00",
        "/liaison: next 16:00",
        "/liaison\u00a0next\u00a016:00",
        "\ufeff/liaison next “16:00”",
        "@Anna Berg /liaison next 16:00",
        "[~accountid:5b10a2844c20165700ede21g] /liaison next 16:00",
        "Thanks all.<br>/liaison next 16:00",
        "<p>/liaison next 16:00</p>",
        "hello\r\n/liaison next 16:00\r\n",
        "/liaison next &quot;16:00&quot;",
    ],
)
def test_a_command_is_understood_however_it_arrives(text):
    assert read(text) == [(Verb.NEXT, "16:00")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Please use /liaison next 16:00",
        "> /liaison mute",
        "- /liaison mute",
        "• /liaison mute",
        "/liaison-bot mute",
        "/liaisons mute",
        "https://acme.example/liaison mute",
    ],
)
def test_what_is_quoted_listed_or_mentioned_is_no_command(text):
    assert read(text) == []
    assert not has_commands(text)


def test_several_lines_are_several_commands_and_words_beneath_one_are_noticed():
    found = commands("/liaison say We found it.\nmore\n\n/liaison\n/liaison nonsense x")
    assert [(c.verb, c.rest, c.beneath) for c in found] == [
        (Verb.SAY, "We found it.", True),
        (Verb.HELP, "", False),
        (None, "x", False),
    ]


def test_a_paste_of_many_commands_is_cut_off():
    assert len(commands("/liaison help\n" * 50)) == MOST + 1


def test_what_turns_the_direction_of_reading_is_taken_out_and_emoji_stay():
    ((_, words),) = read("/liaison say ab\u202ecd \u2066x\u2069 👩\u200d🔧 fine")
    assert words == "abcd x 👩\u200d🔧 fine"


PIECES = st.sampled_from(
    [
        "/liaison",
        " ",
        "\n",
        "say",
        "next",
        "16:00",
        "mute",
        "“",
        "”",
        "\u00a0",
        "&quot;",
        "<br>",
        "[~x]",
        "@A",
        "{{",
        "\x00",
    ]
)


@given(st.text() | st.lists(PIECES | st.text(max_size=4)).map("".join))
def test_any_text_is_read_without_an_error(text):
    found = commands(text)
    assert len(found) <= MOST + 1
    for command in found:
        assert "\n" not in command.rest
        assert has_commands(text)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("16:00", "2026-11-20T15:00"),
        ("16.30", "2026-11-20T15:30"),
        ("um 16 Uhr", "2026-11-20T15:00"),
        ("2026-11-22T08:30", "2026-11-22T07:30"),
        ("at 4pm", "2026-11-20T15:00"),
        ("4:30 p.m.", "2026-11-20T15:30"),
        ("tomorrow 09:00", "2026-11-21T08:00"),
        ("09:00 tomorrow", "2026-11-21T08:00"),
        ("monday at 9:00", "2026-11-23T08:00"),
        ("fri 9:00", "2026-11-27T08:00"),
        ("2026-11-22 08:30", "2026-11-22T07:30"),
        ("2h", "2026-11-20T15:06"),
        ("in 90 min", "2026-11-20T14:36"),
        ("1h30m", "2026-11-20T14:36"),
        ("2 hours and 5 minutes", "2026-11-20T15:11"),
        ("1d", "2026-11-21T13:06"),
    ],
)
def test_a_time_is_meant_where_the_requester_is(text, time):
    assert read_when(text, NOW, "Europe/Berlin").isoformat()[:16] == time


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("14:00", "is over for today. Write tomorrow 14:00"),
        ("25:00", "is no time of day"),
        ("13pm", "is no time of day"),
        ("soon", "is no time that I can read"),
        ("tomorrow", "is no time that I can read"),
        ("16:00 please", "I do not understand “please”"),
        ("2026-13-40 10:00", "holds no date"),
        ("", "When?"),
    ],
)
def test_what_is_no_time_is_said_so(text, why):
    with pytest.raises(ValueError, match=why.replace("?", r"\?")):
        read_when(text, NOW, "Europe/Berlin")


TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone follows
ZONES = st.sampled_from(
    ["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", ""]
)


@given(st.text(max_size=40), TIMES, ZONES)
def test_any_text_is_a_time_on_the_full_minute_or_said_not_to_be(text, now, zone):
    try:
        found = read_when(text, now, zone)
    except ValueError as error:
        assert str(error).endswith(".")  # noqa: PT017 - either outcome is right
    else:
        assert (found.tzinfo, found.second, found.microsecond) == (UTC, 0, 0)


@given(
    st.integers(0, 23),
    st.integers(0, 59),
    TIMES,
    ZONES,
)
def test_tomorrow_is_always_to_come_and_never_far(hour, minute, now, zone):
    found = read_when(f"tomorrow {hour}:{minute:02}", now, zone)
    assert now - timedelta(hours=2) < found < now + timedelta(hours=51)


@pytest.mark.parametrize("verb", Verb)
def test_every_command_stands_in_the_agents_guide_and_in_the_help(verb):
    assert f"`{verb}" in GUIDE.read_text(encoding="utf-8")
    assert f"/liaison {verb}" in help_text()


def test_a_time_that_comes_twice_is_the_one_still_to_come():
    """In the night in which the clocks go back agents are shown `/liaison next 02:00` at five to three."""
    five_to_three = datetime(2026, 10, 25, 0, 55, tzinfo=UTC)
    assert read_when("02:00", five_to_three, "Europe/Berlin") == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "short"),
    [
        ("until 08:00 (/srv/liaison/rules/rules.yaml:3).", "until 08:00 (rules.yaml:3)."),
        ("says none at packs/incidents.yaml:48.", "says none at packs/incidents.yaml:48."),
        (r"at C:\liaison\rules\rules.yml:3", "at rules.yml:3"),
        ("and/or 16:00", "and/or 16:00"),
    ],
)
def test_why_names_files_without_the_folders_of_our_machine(told, short):
    assert named_shortly(told) == short
