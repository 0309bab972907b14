"""Who is spoken to in which language, and that a message speaks one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rules
from core.decisions import Facts
from core.moments import Moment, MomentKind
from core.notes import Audience
from core.tickets import Person, Ticket
from rules.spoken import Reader, zone_said
from rules.tongues import best, spoken, tongue, unspoken, written_as

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)  # A Friday, 13:30 in Berlin.
DUE = NOW + timedelta(hours=1)
CATALOGUE = """
services:
  - {id: cards, name: {en: card payments, de: Kartenzahlung}, workaround: {en: Cash works., de: Bargeld geht.}}
  - {id: plain, name: Kasse 2}
locations:
  - {id: berlin, name: {en: Berlin Central, de: Berlin Mitte}, timezone: Europe/Berlin, country: DE, language: de}
  - {id: london, name: London, timezone: Europe/London, country: GB}
"""
RULES = """version: 1
rules:
  - id: all
    when: {kind: incident}
    impact: {id: i, level: high, statement: {en: "{{ service.name }} is down.", de: "{{ service.name }} steht."}}
    messages:
      requester:
        opened:
          en: "{{ service.name }} at {{ location.name }}. {{ progress }} {{ affected_users }}. We write {{ next_update.text }}."
          de: "{{ service.name }} in {{ location.name }}. {{ progress }} {{ affected_users }}. Wir schreiben {{ next_update.text }}."
        acknowledged: "{{ service.name }}: we write {{ next_update.text }}. {{ progress }}"
      agents: {opened: {en: Look., de: Sieh nach.}}
    cadence: {requester: {every: 1h}}
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    file = tmp_path_factory.mktemp("rules") / "rules.yaml"
    file.write_text(RULES + CATALOGUE)
    return rules.load([file])


def said(book, moment="opened", audience=Audience.REQUESTER, language="en", **fields):
    person = Person(language=fields.pop("reads", ""))
    about = {"service": "cards", "location": "london", "affected_users": 12345, "state": "new", **fields}
    ticket = Ticket("s", "jira", "incident", "OPS-1", "1", requester=person, opened_at=NOW, **about)
    what = Moment(MomentKind(moment), "1", NOW)
    message = rules.decide(book, book.catalogue, ticket, what, NOW, language=language).messages[audience]
    return rules.render(book, book.catalogue, message, ticket, what, Facts(NOW, DUE), zone="Europe/Berlin").text


ENGLISH = (
    "Card payments at London. We have your report. Work on it has not started yet. 12,345. We write by 13:30 today."
)
GERMAN = "Kartenzahlung in Berlin Mitte. Ihre Meldung liegt uns vor. Die Arbeit daran hat noch nicht begonnen. 12.345. Wir schreiben heute bis 14:30 Uhr."


@pytest.mark.parametrize(
    ("reads", "location", "site", "words"),
    [
        ("de", "berlin", "en", GERMAN),
        ("", "berlin", "en", GERMAN),
        ("de_DE", "berlin", "en", GERMAN),
        ("", "london", "en", ENGLISH),
        ("en", "london", "de", ENGLISH),
        ("nonsense", "london", "en", ENGLISH),
        ("fr", "london", "de", ENGLISH),
    ],
    ids=["requester", "location", "as platforms write it", "site", "requester first", "unknown", "not spoken"],
)
def test_the_reader_decides_the_language(book, reads, location, site, words):
    assert said(book, reads=reads, location=location, language=site).replace("card", "Card", 1) == words


def test_the_sites_language_is_for_those_whose_own_nobody_knows(book):
    assert said(book, language="de", location="").startswith("Kartenzahlung in Ihr Standort.")


def test_a_country_has_its_own_months_and_numbers():
    """In Vienna the first month is Jänner; in Zürich a thousand is written with an apostrophe."""
    assert tongue("de-AT").day(date(2027, 1, 5)) == "Dienstag, 5. Jänner"
    assert tongue("de-CH").number(12345) == "12’345"


def test_a_text_in_english_alone_is_english_throughout_for_a_german(book):
    words = said(book, "acknowledged", reads="de", location="berlin")
    assert (
        words
        == "card payments: we write by 14:30 today. We have your report. Work on it has not started yet.".replace(
            "c", "C", 1
        )
    )


def test_agents_read_the_language_of_their_site(book):
    assert said(book, audience=Audience.AGENTS, reads="de", location="berlin") == "Look."
    assert said(book, audience=Audience.AGENTS, language="de") == "Sieh nach."


def test_impacts_are_told_in_the_language_of_the_site(book):
    ticket = Ticket("s", "jira", "incident", "OPS-1", "1", service="cards")
    (impact,) = rules.decide(
        book, book.catalogue, ticket, Moment(MomentKind.OPENED, "1", NOW), NOW, language="de"
    ).impacts
    assert impact.statement == "Kartenzahlung steht."


def test_a_service_is_found_by_its_name_in_any_language(book):
    assert book.catalogue.service_named("kartenzahlung") is book.catalogue.service_named("CARD PAYMENTS")


def test_a_plain_name_stands_in_every_language(book):
    assert said(book, reads="de", location="berlin", service="plain").startswith("Kasse 2 in Berlin Mitte.")


@pytest.mark.parametrize(
    ("wanted", "there", "chosen"),
    [
        ("de-AT", ["en", "de"], "de"),
        ("de-AT", ["en", "de", "de-AT"], "de-AT"),
        ("de", ["en", "de-AT"], "de-AT"),
        ("fr", ["de", "en"], "en"),
        ("fr", ["de", "it"], "de"),
        ("", ["de"], "de"),
    ],
)
def test_the_nearest_language_is_taken(wanted, there, chosen):
    assert best(wanted, dict.fromkeys(there, "")) == chosen


@given(st.text(max_size=12), st.lists(st.sampled_from(["en", "de", "de-AT", "fr"]), min_size=1))
def test_any_word_for_a_language_finds_one(wanted, there):
    assert best(wanted, dict.fromkeys(there, "")) in there
    assert tongue(wanted).base in spoken()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("de_DE", "de-DE"),
        ("DE-at", "de-AT"),
        ("de", "de"),
        ("de-XX", "de"),
        ("pt_BR", "pt-BR"),
        ("German", ""),
        ("", ""),
    ],
)
def test_platforms_write_languages_in_their_own_ways(raw, code):
    assert written_as(raw) == code


def test_every_language_says_all_that_english_says():
    english = tongue("en").words
    for code in spoken():
        words = tongue(code).words
        for section, entries in english.items():
            if isinstance(entries, dict) and section != "zones":
                assert words[section].keys() == entries.keys(), (code, section)
        assert {name: "{since}" in "".join(said[1:]) for name, said in words["progress"].items()} == {
            name: len(said) > 1 for name, said in english["progress"].items()
        }


@pytest.mark.parametrize(
    ("ahead", "by"),
    [
        (timedelta(hours=1), "heute bis 14:30 Uhr"),
        (timedelta(hours=10.5), "heute bis 24:00 Uhr"),
        (timedelta(days=1), "morgen bis 13:30 Uhr"),
        (timedelta(days=3, hours=-5, minutes=-10), "am Montag bis 08:20 Uhr"),
        (timedelta(days=10), "am Montag, 30. November, bis 13:30 Uhr"),
        (timedelta(days=400), "am Samstag, 25. Dezember 2027, bis 13:30 Uhr"),
    ],
)
def test_a_promise_in_german(ahead, by):
    assert Reader(NOW, "Europe/Berlin", language="de").by(NOW + ahead) == by


@given(st.datetimes(datetime(2026, 11, 12), datetime(2026, 11, 28), timezones=st.just(UTC)))  # noqa: DTZ001 - made aware
def test_german_times_name_the_same_day_and_minute_as_english_ones(moment):
    """But for midnight, which English calls 00:00 of the night, and German 24:00 of the day."""
    english, german = (Reader(NOW, "Europe/Berlin", language=code) for code in ("en", "de"))
    clock = german.time(moment)
    assert (clock if clock != "00:00" else "24:00") in german.at(moment)
    names = {
        "today": "heute",
        "tomorrow": "morgen",
        "yesterday": "gestern",
        "last night": "gestern",
        "tonight": "heute",
    }
    near = next((name for name in names if name in english.at(moment)), "")
    assert names.get(near, "am ") in german.at(moment)


@pytest.mark.parametrize(
    ("minutes", "english", "german"),
    [
        (90, "1 hour 30 minutes", "1 Stunde 30 Minuten"),
        (119, "1 hour 59 minutes", "1 Stunde 59 Minuten"),
        (1440 * 2, "2 days", "2 Tage"),
        (0, "0 minutes", "0 Minuten"),
    ],
)
def test_durations_are_exact(minutes, english, german):
    length = timedelta(minutes=minutes)
    assert (tongue("en").duration(length), tongue("de").duration(length)) == (english, german)


def test_a_window_and_its_zone_in_german():
    words = Reader(NOW, "Europe/Berlin", language="de").window(NOW, NOW + timedelta(hours=2))
    assert words == "Freitag, 20. November, von 13:30 bis 15:30 Uhr (Zeit in Berlin)"
    assert zone_said("Europe/Warsaw", "de") == "Zeit in Warschau"


def test_a_rule_that_speaks_german_by_halves_is_pointed_out(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    found = [problem.message for problem in rules.check([file]) if "German" in problem.message]
    assert found == [
        (
            "requester.acknowledged of rule all is not there in German, as requester.opened is: "
            "who reads German gets this in English. Add `de: …`."
        )
    ]


def test_a_file_may_say_in_which_language_its_texts_are(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(
        "version: 1\nlanguage: de\nrules:\n"
        "  - {id: r, when: {kind: incident}, messages: {requester: {opened: 'Wir schreiben {{ next_update.text }}.'}}}\n"
    )
    assert said(rules.load([file]), reads="en", service="") == "Wir schreiben heute bis 14:30 Uhr."


@pytest.mark.parametrize("code", ["", "xx", "german", "de_DE", "DE"])
def test_what_is_no_code_of_a_language_is_said_to_be_none(code):
    assert unspoken(code)
