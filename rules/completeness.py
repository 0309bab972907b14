"""What a good update must say at each moment, and whether a text does."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from core.moments import MomentKind as M


@dataclass(frozen=True)
class Part:
    """`missing` completes "does not say …"; `add` is what to write. `names`: template names that say it."""

    missing: str
    add: str
    names: tuple[str, ...]
    said: "re.Pattern[str]"


def _part(missing: str, add: str, names: str, *said: str) -> Part:
    return Part(missing, add, tuple(names.split()), re.compile("|".join(said), re.IGNORECASE))


AFFECTED = _part(
    "what is affected",
    "Name it: {{ service.name }}, and where it helps {{ location.name }}.",
    "service.name service.people_can location.name ticket.key ticket.kind progress",
    r"\b(?:not|n't|no longer|cannot|stopp?\w*|down|slow\w*|late|fail\w*|broken|closed|missing|wrong|lost)\b",
    r"\b(?:problem|trouble|fault|outage|breakdown|update|change|work) (?:with|of|to|at|in|on)\b",
    r"\b(?:works?|working|back|open|run|runs|possible) (?:again|normally|as usual|now)\b",
    r"\byour (?:\w+ )?(?:report|request|question|order|account|ticket|case|message|problem|pay|access|device)\b",
    r"\b(?:nicht|kein\w*|gestört|langsam|Störung|Ausfall|ausgefallen|geschlossen|wieder|Problem|Änderung)\b",
    r"\b(?:Ihre|deine|eure)[mnrs]? (?:\w+ )?(?:Meldung|Anfrage|Frage|Bestellung)\b",
)
CAN_DO = _part(
    "what people can do meanwhile",
    "Add {{ service.workaround }}, or “You need do nothing.”",
    "service.workaround service.people_can",
    r"\b(?:please|you can|you may|you need|you do not need|you don't|still works?|still sell|work as usual|as usual)\b",
    r"\b(?:reply|tell us|call|write to us|ask us|try|use|take|pay|restart|switch|wait|check|go to|choose|need do)\b",
    r"\b(?:bitte|Sie können|du kannst|Sie müssen|müssen Sie|antworten|rufen Sie)\b",
    r"\b(?:geht|gehen|funktionier\w+) weiter\w*\b",
    r"\bwie gewohnt\b|\bnichts (?:zu )?tun\b",
    r"\bneed your (?:answer|reply)\b|\bIhre Antwort\b|(?-i:\b[A-ZÄÖÜ][a-zäöü]+en Sie\b)",
)
ASKING = frozenset({M.WAITING_FOR_REQUESTER, M.CHECK_IN})
ANSWER = replace(CAN_DO, missing="what people can do", add="Add “Just reply here.”")
WE_DO = _part(
    "what you do about it",
    "Add {{ progress }}.",
    "progress",
    r"\b(?:we|our (?:\w+ )?team|our (?:\w+ )?people|a colleague|colleagues|our|us)\b",
    r"\b(?:wir|unser\w*|ein Kollege|eine Kollegin|uns)\b",
)
NEXT = _part(
    "when the next word comes",
    "Add “We will write again {{ next_update.text }}.”",
    "next_update next_update.text next_update.time",
    r"\bwe(?: will|'ll) (?:write|tell you|be back|let you know|update you|ask)\b"
    r"[^.]*\b(?:at|by|on|when|before|after|every|tomorrow|today)\b",
    r"\bnext (?:update|word|message)\b[^.]*\b(?:at|by|on|tomorrow|today)\b|\bupdates? (?:pause|rest|stop)\b",
    r"\bwir (?:schreiben|melden uns)\b[^.]*\b(?:um|bis|am|wenn|sobald|heute|morgen)\b",
)
WHEN = _part(
    "when it is",
    "Add {% if window %}{{ window.text }}{% endif %}.",
    "window window.text planned_start planned_start.text planned_start.time",
    r"\d{1,2}[:.]\d\d|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b",
    r"\b(?:Mon|Diens|Donners|Frei|Sams|Sonn)tag\b|\bMittwoch\b",
)
NEEDED: dict[M, tuple[Part, ...]] = {
    M.OPENED: (AFFECTED, CAN_DO, WE_DO, NEXT),
    M.RAISED: (AFFECTED, NEXT),
    M.REOPENED: (AFFECTED, CAN_DO, NEXT),
    M.ACKNOWLEDGED: (WE_DO, NEXT),
    M.PHASE_CHANGED: (WE_DO, NEXT),
    M.UPDATE_DUE: (AFFECTED, WE_DO, NEXT),
    M.WAITING_FOR_REQUESTER: (CAN_DO,),
    M.RESOLVED: (AFFECTED, CAN_DO),
    M.ANNOUNCED: (AFFECTED, CAN_DO, WHEN),
    M.RESCHEDULED: (AFFECTED, WHEN),
    M.NOTICE: (AFFECTED, CAN_DO, WHEN),
    M.STARTED: (AFFECTED,),
    M.DELAYED: (AFFECTED, NEXT),
    M.FINISHED: (AFFECTED, CAN_DO),
    M.FAILED: (AFFECTED, CAN_DO),
    M.CHECK_IN: (CAN_DO,),
}


def missing(moment: str, text: str, used: Collection[str], *, paced: bool) -> Iterator[Part]:
    """`used`: the names the template reads; `text`: what stands in it; `paced`: the rule comes back by itself."""
    for part in NEEDED.get(M(moment), ()) if moment in set(M) else ():
        if part is NEXT and not paced:
            continue
        if not any(name in used for name in part.names) and not part.said.search(text):
            yield ANSWER if part is CAN_DO and moment in ASKING else part


def about(text: str, names: Collection[str]) -> bool:
    """Whether the text names one of these, whatever its letters' size."""
    folded = text.casefold()
    return any(name.casefold() in folded for name in names if name)
