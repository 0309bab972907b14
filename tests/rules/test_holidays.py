"""Days off: public holidays of countries and regions, an admin's own dates, and what is wrong with either."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import Severity
from rules import check, decide, load, next_due
from rules.calendars import calendar_from
from rules.holidays import day_list, holidays_from, unknown_place
from tests.rules.support import incident, moment

DAY = timedelta(days=1)
WOMENS_DAY = date(2027, 3, 8)  # A Monday, off in Berlin and not in Hamburg.


def week(holidays, **changes):
    return calendar_from({"days": "mon-fri", "open": "08:00-18:00", "holidays": holidays, **changes})


def test_the_holidays_are_those_of_the_place():
    calendar = week("location")
    friday = datetime(2027, 3, 5, 9, 0, tzinfo=UTC)
    dues = {
        region: calendar.at("Europe/Berlin", "DE", region).add(friday, DAY, "Europe/Berlin").date().day
        for region in ("BE", "Berlin", "DE-BE", "hh", "")
    }
    assert dues == {"BE": 9, "Berlin": 9, "DE-BE": 9, "hh": 8, "": 8}


def test_a_place_without_a_country_has_no_holidays():
    assert week("location").at("Europe/Berlin").is_open_day(date(2026, 12, 25))
    assert week("location").at("Europe/Berlin", "Atlantis").is_open_day(date(2026, 12, 25))


def test_a_calendar_with_a_country_of_its_own_asks_no_place():
    calendar = week({"country": "DE", "region": "BE"}).at("America/New_York", "US", "NY")
    assert not calendar.is_open_day(WOMENS_DAY)
    assert calendar.is_open_day(date(2026, 11, 26))


def test_own_dates_stand_beside_the_holidays():
    """Closed on the listed days and spans, and every year on 24 December; open on a holiday that is listed."""
    calendar = week(
        {"location": True, "also": ["12-24", "2026-12-28..2026-12-31"], "open_on": ["2026-12-25", "2026-12-20"]}
    ).at("Europe/Berlin", "DE")
    opened = [day for day in range(18, 32) if calendar.is_open_day(date(2026, 12, day))]
    assert opened == [18, 20, 21, 22, 23, 25]
    assert not calendar.is_open_day(date(2031, 12, 24))


def test_a_list_of_dates_is_a_calendar_without_a_country():
    calendar = week(["2026-12-24"])
    assert not calendar.is_open_day(date(2026, 12, 24))
    assert calendar.is_open_day(date(2026, 12, 25))


def test_a_night_belongs_to_the_day_on_which_it_begins():
    """The night before a holiday is worked until its morning, the night of the holiday is not."""
    nights = calendar_from({"timezone": "Europe/Berlin", "open": "22:00-06:00", "holidays": "DE"}).at("UTC")
    eve = datetime(2026, 12, 24, 21, 0, tzinfo=UTC)
    spans = [opening for _, opening in zip(range(2), nights.openings(eve, "UTC"), strict=False)]
    assert [(a.day, a.hour, b.day, b.hour) for a, b in spans] == [(24, 21, 25, 5), (27, 21, 28, 5)]


def test_a_day_in_lieu_is_a_day_off():
    boxing_day_in_lieu = date(2026, 12, 28)
    assert not week({"country": "GB", "region": "ENG"}).is_open_day(boxing_day_in_lieu)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("locaton", "'locaton' is not a country whose holidays are known. Did you mean location?"),
        ("Germny", "'Germny' is not a country whose holidays are known. Did you mean Germany?"),
        ({"country": "XX"}, "'XX' is not a country whose holidays are known. "),
        ({"country": "DE", "region": "Berln"}, "'Berln' is not a region of DE with holidays of its own. "),
        ({"country": "NP", "region": "KTM"}, "'KTM' is not a region of NP with holidays of its own. NP has none."),
        ({"region": "BE"}, "holidays with a region need its country: {country: DE, region: BE}."),
        ({"location": True, "country": "DE"}, "holidays have either `location: true` or a country of their own, "),
        ({"location": "yes"}, "location is true or false under holidays, not 'yes'."),
        ({"closed": ["2026-12-24"]}, "'closed' means nothing under holidays."),
        ({"also": ["24.12."]}, "'24.12.' are not dates. Write 2026-11-23..2026-12-31, or one date."),
        ({"open_on": ["2026-12-24..2026-12-20"]}, "'2026-12-24..2026-12-20' ends before it begins."),
    ],
)
def test_a_mistake_is_told_with_its_value(value, message):
    with pytest.raises(ValueError) as caught:
        holidays_from(value)
    assert str(caught.value).startswith(message)


def test_one_date_may_stand_without_a_list():
    assert day_list("2026-12-24").has(date(2026, 12, 24))
    assert day_list("12-24").has(date(2030, 12, 24))


def test_countries_by_code_or_name():
    assert not unknown_place("germany", "be")
    assert not unknown_place("DEU", "")
    assert unknown_place("DE", "Wien").startswith("'Wien' is not a region of DE")


RULES = """
version: 1
calendars:
  shop: {days: mon-sat, open: "08:00-20:00", holidays: location}
  late: {open: "18:00-23:00"}
rules:
  - id: any
    messages: {requester: {opened: "We write again {{ next_update.text }}.", update_due: Still at it.}}
    cadence: {requester: {every: 2h, calendar: shop}}
  - {id: evening, when: {within: late}, rank: 1, messages: {requester: {opened: It is late.}}}
locations:
  - {id: ber, name: Berlin Mitte, timezone: Europe/Berlin, country: DE, region: BE}
  - {id: ham, name: Hamburg, timezone: Europe/Berlin, country: Germany, region: HH}
  - {id: ktm, name: Kathmandu, timezone: Asia/Kathmandu}
"""


@pytest.fixture
def book(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    return load([tmp_path], packs=False)


def test_a_promise_skips_the_holidays_of_the_tickets_place(book):
    saturday = datetime(2027, 3, 6, 18, 30, tzinfo=UTC)  # 19:30 in Berlin
    cadence = next(rule for rule in book.rules if rule.id == "any").cadences["requester"]
    due = {
        place: next_due(book, cadence, incident(location=place), made_at=saturday, first=False, zone="Europe/Berlin")
        for place in ("ber", "ham", "nowhere")
    }
    assert due == {
        "ber": datetime(2027, 3, 9, 8, 30, tzinfo=UTC),
        "ham": datetime(2027, 3, 8, 8, 30, tzinfo=UTC),
        "nowhere": datetime(2027, 3, 8, 8, 30, tzinfo=UTC),
    }


def test_within_a_calendar_is_the_places_time_else_the_sites(book):
    now = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)  # 21:00 in Berlin, 01:45 in Kathmandu, 15:00 in New York

    def evening(place, zone):
        decision = decide(book, book.catalogue, incident(location=place), moment("opened"), now, zone=zone)
        return decision.messages["requester"].rule == "evening"

    assert evening("ber", "America/New_York")
    assert not evening("ktm", "Europe/Berlin")
    assert evening("nowhere", "Europe/Berlin")
    assert not evening("nowhere", "America/New_York")


def test_a_place_without_a_country_is_told_where_a_calendar_asks_for_it(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    told = [p for p in check([tmp_path], packs=False) if "country" in p.message]
    assert [(p.line, p.severity) for p in told] == [(14, Severity.WARNING)]
    assert told[0].message.startswith("location ktm has no country, so calendar shop knows no holidays there.")


def test_rules_without_holidays_do_not_load_them():
    """The package costs a tenth of a second and 14 MB of modules: only calendars that ask for it pay."""
    code = "import sys, rules; rules.load([], packs=False); print('holidays' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
