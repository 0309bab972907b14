"""The requester's page: what it says, in which language, and what it never lets out."""

import re
from dataclasses import fields, replace
from datetime import timedelta
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StoreError
from tests.support.memory_timeline import MemoryTimeline
from tests.ui.pages import HERE, NOW, TOKEN, Browser, house
from tests.ui.test_pages import HOSTILE, Words
from ui import timeline_files, timeline_words
from ui.timeline_views import LONGEST, Planned, Taken, Timeline, Update, Verdict

LINK = "x" * 43
PAGE = f"/t/{LINK}"
FIRST = Update(
    "6f1c2b1e-0000-5000-8000-000000000001", NOW - timedelta(hours=1), "13:00 today", "Cards fail.\nUse cash."
)
LAST = Update("6f1c2b1e-0000-5000-8000-000000000002", NOW, "14:00 today", "Still on it.")
SEEN = Timeline(
    name="6f1c2b1e-0000-5000-8000-00000000000a", language="en", change=False, affected="Card payments",
    progress="We are looking for the cause.", key="INC60", place="Berlin stores", workaround="Use cash.",
    next_update=Planned(NOW + timedelta(minutes=30), "We will write again by 14:30 today."), updates=(LAST, FIRST),
)  # fmt: skip
CHANGE = replace(
    SEEN,
    change=True,
    next_update=None,
    window=Planned(NOW + timedelta(days=2), "Sunday 22 November, 14:00 to 16:00", NOW + timedelta(days=2, hours=2)),
)


def parsed(feed: str | bytes):
    return fromstring(feed)  # noqa: S314 - our own feed


class Visitor:
    def __init__(self, seen: Timeline | None = SEEN, **more) -> None:
        self.port = MemoryTimeline({LINK: seen} if seen else {}, **more)
        self.browser = Browser(house(timeline=self.port, public_url="https://liaison.acme.example"), headers=HERE)

    def words(self, path: str = PAGE) -> str:
        return " ".join(" ".join(Words(self.browser.get(path).text).pieces).split())

    def say(self, **form: str):
        token = TOKEN.search(self.browser.get(PAGE).text)[1]
        return self.browser.ask("POST", f"{PAGE}/say", data={"csrf_token": token, **form})


def plain() -> Visitor:
    """The pages of this machine, whose cookie travels without encryption."""
    visitor = Visitor()
    visitor.browser = Browser(house(timeline=visitor.port))
    return visitor


def test_it_says_what_is_affected_what_to_do_what_we_do_and_when_we_write_again():
    said = Visitor().words()
    assert "What is affected Card payments Where Berlin stores" in said
    assert "Where we are We are looking for the cause. What you can do Use cash." in said
    assert "Next update We will write again by 14:30 today. in 30 minutes" in said


def test_the_story_is_told_word_for_word_newest_first():
    page = Visitor().browser.get(PAGE).text
    quotes = re.findall(r"<blockquote>(.*?)</blockquote>", page, re.DOTALL)
    assert quotes == ["Still on it.", "Cards fail.\nUse cash."]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"asked": True}, "Please answer our question in the ticket."),
        ({"workaround": ""}, "You need not do anything now."),
        ({"ended": True, "workaround": "", "next_update": None}, "The work is over, so there is no next update."),
        ({"next_update": None}, "There is no set time for the next update."),
        ({"updates": ()}, "We have not written to you yet."),
        ({"next_update": Planned(NOW - timedelta(hours=2), "We are late.")}, "We are late. 2 hours ago"),
    ],
)
def test_it_says_honestly_how_things_stand(changes, said):
    assert said in Visitor(replace(SEEN, **changes)).words()


def test_a_german_reader_reads_german():
    page = Visitor(replace(SEEN, language="de-AT")).browser.get(PAGE).text
    said = " ".join(" ".join(Words(page).pieces).split())
    assert '<html lang="de">' in page
    assert "Was betroffen ist" in said
    assert "in 30 Minuten" in said
    english = {v for f in fields(timeline_words.Words) if isinstance(v := getattr(timeline_words.ENGLISH, f.name), str)}
    german = {v for f in fields(timeline_words.Words) if isinstance(v := getattr(timeline_words.GERMAN, f.name), str)}
    assert english & german == {"in {}"}
    assert not [words for words in english if len(words) > 4 and words in said]


def test_nothing_around_it_leads_inside():
    tags = Words(Visitor().browser.get(PAGE).text).tags
    addresses = {attrs.get("href") or attrs.get("action") for tag, attrs in tags if tag in {"a", "form"}}
    assert addresses == {"#main", f"{PAGE}/say", f"{PAGE}/calendar.ics", f"{PAGE}/feed.xml"}


@pytest.mark.parametrize("path", ["", "/calendar.ics", "/feed.xml"])
@pytest.mark.parametrize("seen", [SEEN, None])
def test_no_engine_indexes_it_and_no_page_learns_the_address(path, seen):
    answer = Visitor(seen).browser.get(PAGE + path)
    assert answer.status_code == (200 if seen else 404)
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_what_shows_nothing_is_one_page_whatever_was_asked():
    browser = Visitor(None).browser
    pages = {browser.get(f"/t/{token}{file}").text for token in ("a", LINK, "é") for file in ("", "/feed.xml")}
    assert len(pages) == 1
    assert "There is nothing to show here" in pages.pop()
    assert "Hier gibt es nichts zu zeigen" in browser.get(PAGE, {"Accept-Language": "fr, de-CH;q=0.9, en;q=0.5"}).text


def test_what_they_say_arrives_and_they_are_thanked():
    visitor = plain()
    answer = visitor.say(verdict="not_helped", about=LAST.id, words="We cannot sell.")
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert visitor.port.said == [(Verdict.NOT_HELPED, "We cannot sell.", LAST.id)]
    assert "Thank you. Our team will read it in the ticket." in visitor.words()


def test_who_says_very_much_is_told_to_wait():
    visitor = plain()
    visitor.port.answer = Taken.TOO_MANY
    visitor.say(verdict="hurts", words="Again!")
    assert "Please send the rest later." in visitor.words()


def test_too_long_is_not_sent_and_not_lost():
    visitor = plain()
    typed = "a<b " * LONGEST
    answer = visitor.say(verdict="hurts", words=typed)
    assert answer.status_code == 422
    assert visitor.port.said == []
    assert "It was not sent." in answer.text
    assert typed.replace("<", "&lt;") in answer.text


@pytest.mark.parametrize("form", [{}, {"verdict": "great"}])
def test_a_form_of_somebody_elses_making_says_nothing(form):
    visitor = plain()
    assert visitor.say(**form).status_code == 404
    assert visitor.port.said == []


def test_what_was_answered_is_not_asked_again():
    visitor = Visitor(replace(SEEN, updates=(replace(LAST, verdict=Verdict.HELPED),)))
    assert "You told us that this helped." in visitor.words()
    assert "This did not help" not in visitor.words()


def test_markup_in_words_is_words():
    visitor = Visitor(
        replace(SEEN, affected=HOSTILE, progress=HOSTILE, workaround=HOSTILE, updates=(replace(LAST, text=HOSTILE),))
    )
    page = visitor.browser.get(PAGE)
    tags = {tag for tag, _ in Words(page.text).tags}
    assert "img" not in tags
    assert "alert(1)</script>" not in page.text
    feed = parsed(visitor.browser.get(f"{PAGE}/feed.xml").data)
    assert feed.find("{*}entry/{*}content").text == HOSTILE


def test_the_calendar_holds_the_next_update_and_the_window():
    lines = Visitor().browser.get(f"{PAGE}/calendar.ics").text.split("\r\n")
    assert "DTSTART:20261120T133000Z" in lines
    assert "SUMMARY:Next update: Your report INC60" in lines
    lines = Visitor(CHANGE).browser.get(f"{PAGE}/calendar.ics").text.split("\r\n")
    assert {"DTSTART:20261122T130000Z", "DTEND:20261122T150000Z"} <= set(lines)


@given(st.text(max_size=300))
def test_no_words_break_out_of_a_calendar_or_a_feed(text):
    seen = replace(CHANGE, affected=text, updates=(replace(LAST, text=text),), key=text)
    body = timeline_files.calendar(seen, timeline_words.ENGLISH, NOW)
    lines = body.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    assert body.count("BEGIN:VEVENT") == 1 + text.count("BEGIN:VEVENT")
    assert not [line for line in lines if line and not re.match(r"[ A-Z]", line)]
    assert "\n" not in body.replace("\r\n", "")
    parsed(timeline_files.feed(seen, timeline_words.ENGLISH, NOW, f"https://x.example/?{text}"))


def test_the_feed_is_atom_with_the_words_and_a_way_back():
    feed = parsed(Visitor().browser.get(f"{PAGE}/feed.xml").data)
    assert [entry.find("{*}content").text for entry in feed.iter("{http://www.w3.org/2005/Atom}entry")] == [
        "Still on it.",
        "Cards fail.\nUse cash.",
    ]
    titles = [entry.find("{*}title").text for entry in feed.iter("{http://www.w3.org/2005/Atom}entry")]
    assert titles == ["Still on it.", "Cards fail."], "nothing that is wrong tomorrow"
    assert feed.find("{*}link").get("href") == f"https://liaison.acme.example{PAGE}"


@pytest.mark.parametrize(
    ("breaks", "code"), [(StoreError("database is locked"), 503), (RuntimeError("a mistake"), 500)]
)
@pytest.mark.parametrize(
    ("language", "said"), [("de-AT,en;q=0.5", "Ihre Meldung ist davon nicht"), ("fr", "Your report is not")]
)
def test_what_goes_wrong_inside_is_said_in_the_readers_words(breaks, code, language, said):
    """A requester has no log to look into, and learns nothing of what is inside."""
    visitor = Visitor(breaks=breaks)
    for path in ("", "/calendar.ics", "/feed.xml"):
        answer = visitor.browser.get(PAGE + path, {"Accept-Language": language})
        assert answer.status_code == code
        assert said in answer.text
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert not {"log", "database", "Webhooks", "front page"} & set(re.findall(r"[\w ]+", answer.text))
        addresses = {attrs.get("href") for tag, attrs in Words(answer.text).tags if tag == "a"}
        assert addresses == {"#main"}


def test_what_lies_behind_a_page_leads_back_to_it_or_says_nothing():
    visitor = Visitor()
    answer = visitor.browser.get(f"{PAGE}/say")
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    answer = visitor.browser.get(f"{PAGE}/nothing", {"Accept-Language": "de"})
    assert answer.status_code == 404
    assert "Hier gibt es nichts zu zeigen" in answer.text
    assert "front page" not in answer.text


def test_what_was_written_on_a_page_that_is_too_old_was_not_sent():
    visitor = Visitor()
    answer = visitor.browser.ask("POST", f"{PAGE}/say", {"Accept-Language": "de"}, data={"verdict": "helped"})
    assert answer.status_code == 400
    assert "nicht gesendet" in answer.text
    assert visitor.port.said == []
