"""`liaison report promises`: figures that are right, a page that stands alone, and nothing of confidential tickets."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import orjson
import pytest
from click.testing import CliRunner

from app import cli
from app.reporting import By, report
from core.errors import Unavailable
from core.tickets import Person
from tests.support.scripted import RULES, START, bench, incident
from ui.reports import Comments, Line, Report, Silence, duration, page, percent

GATED = (
    RULES
    + """
gates:
  - {id: confidential, when: {category: security}, silence: all, sticky: true, because: The ticket is confidential.}
"""
)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(tmp_path):
    with bench(tmp_path) as found:
        yield found


def told(desk, *, by=By.PRIORITY, since=START):
    return report(desk.store, since, desk.clock.now(), by)


def lived(desk):
    """Two P1 and one P3: the platform was away from 09:25 to 09:40, then all is well until 10:45."""
    for number, priority in enumerate(("P1", "P1", "P3")):
        desk.happen(incident(str(number), priority=priority, group="Till <support>", requester=Person("eva")))
    desk.platform.deaf = Unavailable("down")
    desk.pass_(minutes=40)
    desk.platform.deaf = None
    desk.pass_(minutes=65)


def test_shares_and_lateness(desk):
    lived(desk)
    found = told(desk)
    p1, p3 = found.lines
    assert (p1.name, p1.kept, p1.kept_late, p1.missed, p1.open) == ("P1", 4, 2, 0, 2)
    assert (p3.name, p3.kept, p3.kept_late, p3.share) == ("P3", 2, 1, 2 / 3)
    assert (found.total.owed, found.total.overdue) == (9, 0)
    assert p1.late_median == pytest.approx(600, abs=31)
    assert found.causes == {"platform_down": {"kept_late": 3, "missed": 0}}


def test_what_is_overdue_is_told_before_it_ends(desk):
    desk.happen(incident())
    desk.platform.faults = ["refused"]
    desk.pass_(minutes=50)
    total = told(desk).total
    assert (total.open, total.overdue, total.share) == (1, 1, None)


def test_withdrawn_promises_are_no_part_of_the_share(desk):
    ticket = incident()
    desk.happen(ticket)
    desk.happen(ticket.evolve(state="resolved", resolution="duplicate", revision="2", resolved_at=desk.clock.now()))
    total = told(desk).total
    assert (total.withdrawn, total.owed, total.share) == (1, 0, None)


@pytest.mark.parametrize(("by", "name"), [(By.GROUP, "Till <support>"), (By.SERVICE, "not in the catalogue")])
def test_by_group_and_service(desk, by, name):
    lived(desk)
    assert [line.name for line in told(desk, by=by).lines] == [name]


def test_the_longest_silence_of_each_priority(desk):
    """From one word to the next; one that still lasts counts as far as it got."""
    lived(desk)
    p1, p3 = told(desk).silences
    assert (p1.priority, p3.priority) == ("P1", "P3")
    assert p1.longest == pytest.approx(2400, abs=31)
    desk.platform.deaf = Unavailable("down")
    desk.pass_(hours=3)
    assert told(desk).silences[0].longest > 3 * 3600


def test_how_much_people_had_to_read(desk):
    lived(desk)
    desk.happen(incident("7"))
    read = told(desk).comments
    assert (read.tickets, read.people, read.person_weeks, read.of_nobody) == (4, 1, 1, 1)
    assert read.comments == 3 * 4 + 1
    assert (read.most_for_a_ticket, read.most_for_a_person, read.per_person_week) == (4, 12, 12)
    assert read.per_ticket == 13 / 4


def test_only_what_ended_since_then(desk):
    lived(desk)
    later = told(desk, since=START + timedelta(minutes=60))
    assert (later.total.kept_late, later.total.kept) == (0, 6)


def test_a_confidential_ticket_is_in_none_of_the_figures(tmp_path):
    with bench(tmp_path, rules=GATED) as desk:
        ticket = incident(group="Board")
        desk.happen(ticket)
        desk.pass_(minutes=31)
        desk.happen(ticket.evolve(category="security", revision="0002"))
        assert desk.promises(None)
        found = told(desk, by=By.GROUP)
        assert (found.total, found.lines, found.silences) == (Line("all"), (), ())
        assert found.comments == Comments()
        assert "Board" not in page(found)


def test_words_that_look_like_a_held_ticket_hide_nothing(tmp_path):
    """What stands in the texts of a ticket's memory is escaped there."""
    plain = '"We look into it. We will write again {{ next_update.text }}."'
    like_it = """'We look "gates":["x"] into it. We will write again {{ next_update.text }}.'"""
    with bench(tmp_path, rules=RULES.replace(plain, like_it)) as desk:
        desk.happen(incident())
        assert '"gates":["x"]' in desk.note("requester", "opened").text
        assert told(desk).total.open == 1


# --- the page ----------------------------------------------------------------------------------------------------------

FULL = Report(
    since=START,
    until=START + timedelta(days=30),
    by="group",
    total=Line("all", 997, 2, 1, 40, 12, 1, 95.0, 600.0),
    lines=(Line("Tills & <b>cash</b>", 990, 1, 0, 40, 10), Line("Network", 7, 1, 1, 0, 2, 1, 95.0, 600.0)),
    causes={"paused": {"kept_late": 2, "missed": 0}, "guard": {"kept_late": 0, "missed": 1}},
    silences=(Silence("P1", 1800, 1900, 4000),),
    comments=Comments(1200, 300, 9, 80, 200, 11, 3),
)


class Checked(HTMLParser):
    """Every tag that is opened is closed, and nothing is asked of anybody else."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.links = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):  # noqa: ARG002 - its signature
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_stands_alone():
    text = page(FULL)
    found = Checked(text)
    assert found.links == []
    assert "script" not in found.seen
    assert "http" not in re.sub(r"http-equiv", "", text)
    assert "prefers-color-scheme: dark" in text


def test_the_chart_says_what_the_table_says():
    chart = ET.fromstring(re.search(r'<svg class="chart".*?</svg>', page(FULL), re.DOTALL)[0])  # noqa: S314 - our own
    widths = {}
    for rect in chart.iter("rect"):
        widths.setdefault(rect.find("title").text.split(":")[0], []).append(float(rect.get("width")))
    assert list(widths) == ["Tills & <b>cash</b>", "Network", "all"]
    assert [sum(parts) for parts in widths.values()] == pytest.approx([500, 500, 500], abs=0.3)
    assert chart.get("aria-label").startswith("Share of promises kept")


def test_names_are_escaped():
    assert "<b>cash" not in page(FULL)


def test_a_report_of_nothing_is_a_page_too():
    text = page(Report(START, START, "priority", Line("all")))
    Checked(text)
    assert "None was." in text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "-"), (0, "0 s"), (45, "45 s"), (60, "1 min"), (3600, "1 h"), (12_000, "3 h 20 min"), (187_200, "2 d 4 h")],
)
def test_durations_as_people_say_them(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("share", "said"), [(None, "-"), (1, "100.0 %"), (0.9999, "99.9 %"), (0.57, "57.0 %"), (0, "0.0 %")]
)
def test_a_share_is_never_rounded_up(share, said):
    assert percent(share) == said


# --- the command -------------------------------------------------------------------------------------------------------

CONFIG = """
store: sqlite:///{folder}/liaison.db
sites: [{{name: acme, platform: jira, url: "https://x.atlassian.net", auth: {{user: bot, token: env:T}}, webhook: {{secrets: [env:T]}}}}]
"""


@pytest.fixture
def run(desk, monkeypatch):
    lived(desk)
    monkeypatch.setattr("app.cli_report.SystemClock", lambda: desk.clock)
    (desk.folder / "liaison.yaml").write_text(CONFIG.format(folder=desk.folder))

    def command(*words):
        config = ("--config", str(desk.folder / "liaison.yaml"))
        return CliRunner().invoke(cli.main, ["report", "promises", *words, *config])

    return command


def test_the_table_in_the_terminal(run):
    shown = run()
    assert shown.exit_code == 0
    assert "66.6 %" in shown.output
    assert "The platform did not answer." in shown.output
    assert "12 comments in 3 tickets" in shown.output


def test_json_and_a_page_at_once(run, desk):
    shown = run("--json", "--by", "group", "--html", str(desk.folder / "page.html"))
    found = orjson.loads(shown.output)
    assert found["lines"][0]["name"] == "Till <support>"
    assert found["total"]["share"] == 6 / 9
    assert found["comments"]["per_ticket"] == 4
    Checked((desk.folder / "page.html").read_text(encoding="utf-8"))


def test_a_senseless_span_is_told(run):
    shown = run("--since", "soon")
    assert shown.exit_code == 2
    assert "write it like 30d" in shown.output


def test_old_promises_are_not_read(desk):
    """The figures of a month do not walk through years."""
    lived(desk)
    with desk.store.read() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT state FROM promises WHERE promises.state != 'open' AND ended_at >= '2026'"
        ).fetchall()
    assert "promises_ended" in str(plan)
