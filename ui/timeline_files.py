"""What calendars (RFC 5545) and feed readers (Atom, RFC 4287) fetch of a requester's page."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from markupsafe import escape

from ui.timeline_views import Planned, Timeline
from ui.timeline_words import Words

LINE = 74
"""Bytes after which a line is folded: 75 with the blank that continues it."""
QUARTER = timedelta(minutes=15)
HEADLINE = 100
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")
UNIVERSAL = (
    *("BEGIN:VTIMEZONE", "TZID:UTC", "BEGIN:STANDARD", "DTSTART:19700101T000000"),
    *("TZOFFSETFROM:+0000", "TZOFFSETTO:+0000", "END:STANDARD", "END:VTIMEZONE"),
)
"""A calendar must hold something, also when nothing is planned."""


def titled(seen: Timeline, speaks: Words) -> str:
    return f"{speaks.change if seen.change else speaks.report} {seen.key}".strip()


def calendar(seen: Timeline, speaks: Words, now: datetime) -> str:
    """The next update and the window of a change, as events. Calendars that subscribe ask again each quarter hour."""
    name = titled(seen, speaks)
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Liaison//Liaison//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH")
    often = ("REFRESH-INTERVAL;VALUE=DURATION:PT15M", "X-PUBLISHED-TTL:PT15M", f"X-WR-CALNAME:{_text(name)}")
    lines = [*head, *often, *UNIVERSAL]
    if seen.window:
        lines += _event(f"window-{seen.name}", f"{name}: {seen.affected}", seen.window, now)
    if seen.next_update:
        lines += _event(f"next-{seen.name}", f"{speaks.next}: {name}", seen.next_update, now)
    return "".join(f"{part}\r\n" for line in (*lines, "END:VCALENDAR") for part in _folded(line))


def _event(name: str, summary: str, planned: Planned, now: datetime) -> Iterator[str]:
    yield from ("BEGIN:VEVENT", f"UID:{name}", f"DTSTAMP:{_time(now)}", f"DTSTART:{_time(planned.at)}")
    yield from (f"DTEND:{_time(planned.end or planned.at + QUARTER)}", f"SUMMARY:{_text(summary)}")
    yield from (f"DESCRIPTION:{_text(planned.text)}", "TRANSP:TRANSPARENT", "CLASS:PRIVATE", "END:VEVENT")


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """Text as a value: what would end it or begin another one is escaped or gone."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "".join(c for c in escaped.replace("\r", "").replace("\n", "\\n") if c.isprintable())


def _folded(line: str) -> Iterator[str]:
    """In pieces of at most 75 bytes, never within a letter; each but the first begins with a blank."""
    piece = ""
    for letter in line:
        if len((piece + letter).encode()) > LINE:
            yield piece
            piece = " "
        piece += letter
    yield piece


def feed(seen: Timeline, speaks: Words, now: datetime, address: str) -> str:
    """`address`: of the page, `""` where it is not known how people reach it."""
    title = titled(seen, speaks)
    updated = seen.updates[0].at if seen.updates else now
    link = f'<link rel="alternate" type="text/html" href="{_xml(address)}"/>' if address else ""
    entries = "".join(
        f"<entry><id>urn:uuid:{escape(update.id)}</id><title>{_xml(_headline(update.text))}</title>"
        f"<updated>{update.at.isoformat()}</updated><content type='text'>{_xml(update.text)}</content>{link}</entry>"
        for update in seen.updates
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{speaks.code}">'
        f"<id>urn:uuid:{escape(seen.name)}</id><title>{_xml(title)}</title><updated>{updated.isoformat()}</updated>"
        f"<author><name>Liaison</name></author>{link}{entries}</feed>\n"
    )


def _headline(text: str) -> str:
    """Its first sentence: "14:05 today" would be wrong tomorrow, and readers keep what they have."""
    first = SENTENCE.split(text.strip(), maxsplit=1)[0]
    return first if len(first) <= HEADLINE else f"{first[: HEADLINE - 1]}…"


def _xml(text: str) -> str:
    """Escaped, and without what XML cannot hold."""
    return str(escape("".join(c for c in text if c in "\n\t" or c.isprintable())))
