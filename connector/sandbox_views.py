"""What a stand-in tells about itself: conversations as people see them, and a ledger of everything said."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core.times import iso


@dataclass(frozen=True)
class Entry:
    """One line of a ticket's conversation as people see it. `marker` is our note id where there is one."""

    at: datetime
    author: str
    text: str
    internal: bool
    marker: str = ""
    html: str = ""


@dataclass(frozen=True)
class Conversation:
    """A ticket as the stand-in's own pages show it."""

    key: str
    id: str
    title: str
    state: str
    requester: str
    entries: tuple[Entry, ...]

    def to_dict(self) -> dict[str, Any]:
        entries = [
            {"at": iso(e.at), "author": e.author, "text": e.text, "internal": e.internal, "marker": e.marker}
            for e in self.entries
        ]
        return {
            "key": self.key,
            "id": self.id,
            "title": self.title,
            "state": self.state,
            "requester": self.requester,
            "entries": entries,
        }


@dataclass(frozen=True)
class Line:
    """One committed comment, edit or removal. `seq` counts lines, `save` counts requests (ServiceNow writes work note
    and comment in one); both only grow, also over a restart from the ledger file.

    `ticket` is the id as in TicketRef, `what` is `written`, `edited` or `deleted`. `note_id` is Liaison's, `""` for
    what others wrote, and the short reference where a ServiceNow site has no column for it.
    """

    seq: int
    save: int
    at: datetime
    ticket: str
    what: str
    comment: str
    note_id: str
    internal: bool
    author: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "at": iso(self.at)}


def doubled(lines: Iterable[Line], *, ever: bool = False) -> dict[str, list[Line]]:
    """Note ids that were written by more than one request: those that stand in the end, or with `ever` also those of
    which one was taken away since.
    """
    written: dict[str, dict[int, list[Line]]] = defaultdict(lambda: defaultdict(list))
    lines = list(lines)
    gone = {(line.ticket, line.comment) for line in lines if line.what == "deleted" and line.comment}
    for line in lines:
        if line.what == "written" and line.note_id and (ever or (line.ticket, line.comment) not in gone):
            written[line.note_id][line.save].append(line)
    return {note: [line for one in saves.values() for line in one] for note, saves in written.items() if len(saves) > 1}


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Stand-in</title>
<style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1d2733;background:#fff}
a{color:#0b5cad}table{border-collapse:collapse}td,th{padding:.3rem 1rem .3rem 0;text-align:left}
.two{display:grid;grid-template-columns:1fr 1fr;gap:2rem}@media(max-width:50rem){.two{grid-template-columns:1fr}}
.c{border-left:4px solid #2b7a4b;background:#f3f8f5;padding:.5rem .8rem;margin:.7rem 0;white-space:pre-line}
.c.i{border-color:#b07d10;background:#fbf6ea}.m{color:#5a6775;font-size:.85rem}</style>
<h1>{% if one %}{{ one.key }}: {{ one.title }}{% else %}Tickets{% endif %}</h1>
{% if one %}<p><a href="/">All tickets</a> · {{ one.state }} · asked by {{ one.requester or "nobody" }}</p>
<div class="two">{% for view in ("agent", "customer") %}<section><h2>As the {{ view }} sees it</h2>
{% for e in one.entries if view == "agent" or not e.internal %}<div class="c{{ " i" if e.internal }}">
<div class="m">{{ e.at.strftime("%d %b %H:%M") }} · {{ e.author }}{{ " · internal" if e.internal }}</div>
{%- if e.html %}{{ e.html|safe }}{% else %}{{ e.text }}{% endif %}</div>
{% else %}<p class="m">Nothing yet.</p>{% endfor %}</section>{% endfor %}</div>
{% else %}<table><tr><th>Key<th>Title<th>State<th>Comments</tr>{% for t in tickets %}
<tr><td><a href="/ticket/{{ t.key }}">{{ t.key }}</a><td>{{ t.title }}<td>{{ t.state }}<td>{{ t.entries|length }}</tr>
{% else %}<tr><td colspan="4">No tickets yet: POST one to /sandbox/tickets.</tr>{% endfor %}</table>{% endif %}
</html>"""
