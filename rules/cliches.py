"""Turns of phrase that say nothing, promise too much, or put it on somebody: what each is, and what to say instead."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Flaw(StrEnum):
    """What a remark of the wording check is about."""

    GRADE = "grade"
    LONG = "long"
    JARGON = "jargon"
    RARE = "rare"
    ABBREVIATIONS = "abbreviations"
    BLAME = "blame"
    VAGUE = "vague"
    EMPTY = "empty"
    PASSIVE = "passive"
    LOUD = "loud"
    MISSING = "missing"


@dataclass(frozen=True)
class Cliche:
    flaw: Flaw
    pattern: "re.Pattern[str]"
    instead: str


@dataclass(frozen=True)
class Found:
    cliche: Cliche
    text: str
    start: int
    end: int


def cliches(text: str) -> Iterator[Found]:
    """In order, the first and longer one where two overlap; who is blamed weighs more than who is hidden."""
    found = [Found(one, match.group(), *match.span()) for one in ALL for match in one.pattern.finditer(text)]
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: (f.cliche.flaw is Flaw.PASSIVE, f.start, -f.end)):
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    yield from sorted(kept, key=lambda f: f.start)


def _say(flaw: Flaw, instead: str, *patterns: str, case: bool = False) -> Cliche:
    joined = "|".join(f"(?:{pattern})" for pattern in patterns).replace(" ", r"\s+")
    return Cliche(flaw, re.compile(joined, 0 if case else re.IGNORECASE), instead)


PARTICIPLE = (
    r"(?:\w{2,}ed|done|made|sent|given|taken|found|seen|held|kept|lost|paid|put|read|run|set|shown|shut|told|written"
    r"|broken|chosen|brought|built|caught|begun)"
)
VENDOR = r"(?:vendor|supplier|provider|third[- ]party|manufacturer|contractor)"
FAILED = r"(?:fail|caus|broke|forgot|delay|fault|error|mistake|outage|problem|issue|did not|didn't|has not|is down)\w*"
THANKS = r"(?:thank(?:s| you)|appreciate|grateful)"

BACK = r"(?:fixed|solved|resolved|restored|back|available|working|up|running)"

ALL = (
    # Promises that no ticket supports
    _say(
        Flaw.VAGUE,
        "Give the time: {{ next_update.text }}.",
        r"\b(?:(?:very|quite|pretty) )?(?:soon|shortly|momentarily)\b(?! after)",
        r"\bas (?:soon|quickly|fast) as (?:possible|we can)\b",
        r"\bASAP\b",
        r"\b(?:in due course|in a timely (?:manner|fashion)|in the near future|before long)\b",
        r"\b(?:at (?:our|the) earliest(?: \w+)?|without delay|promptly|any (?:minute|moment) now)\b",
        r"\bin a (?:few|couple of) (?:minutes|moments|hours|days)\b|\bwithin minutes\b",
        r"\b(?:in Kürze|demnächst|baldmöglichst|schnellstmöglich|so (?:bald|schnell) wie möglich)\b",
        r"\b(?:zeitnah|umgehend|alsbald)\b",
    ),
    _say(
        Flaw.VAGUE,
        "It is a guess. Say what is known, and when you write again.",
        r"\b(?:should|ought to) (?:(?:soon|shortly|now) )?be (?:fixed|solved|resolved|restored|back|available|working"
        r"|over|up|able)\b",
        r"\b(?:should|ought to) (?:(?:soon|shortly|now) )?(?:work(?: again)?\b(?! for you)|return\b)",
        r"\bwe (?:expect|hope|believe|think|anticipate|aim) (?:it|this|that|to|the)\b",
        rf"\bwe expect [^.!?]{{1,60}}? to (?:be {BACK}|work|return)\b",
        rf"\bwill be {BACK}(?: again)? (?:within|in) (?:the|an?|one|two|\d+)\b",
        r"\b(?:sollte|sollten|müsste|müssten) [^.!?]{0,60}?wieder (?:gehen|funktionieren|laufen|da sein)\b",
        r"\b(?:hopefully|with any luck|voraussichtlich|hoffentlich)\b",
    ),
    _say(
        Flaw.VAGUE,
        "Promise only the next word.",
        r"\bwe (?:guarantee|promise)\b(?! to write)",
        r"\bwill (?:definitely|certainly)\b",
    ),
    # Phrases that say nothing
    _say(
        Flaw.EMPTY,
        "Say what people cannot do and what they can, or be sorry for one thing that happened.",
        r"\b(?:we )?apologi[sz]e(?:s|d)? for (?:any|the|this) (?:inconvenience|disruption|trouble)"
        r"(?: (?:that )?\w* ?caused)?",
        r"\b(?:any|for the) inconvenience(?: caused)?\b|\binconveniences? caused\b",
        r"\bUnannehmlichkeiten\b",
    ),
    _say(
        Flaw.EMPTY,
        "Leave it out, or say what people can do.",
        rf"\b{THANKS}(?: you)? for your (?:patience|understanding|cooperation)\b",
        r"\bwe appreciate your (?:patience|understanding|cooperation)\b",
        r"\bbear with us\b",
        r"\bVielen Dank für (?:Ihr|Ihre|dein|deine) (?:Verständnis|Geduld)\b|\bbitten um (?:Ihr )?Verständnis\b",
        r"\b(?:kindly|valued (?:customer|client|user)s?|rest assured|do not hesitate|don't hesitate)\b",
    ),
    _say(
        Flaw.EMPTY,
        "Begin with what it is.",
        r"\bplease (?:be (?:advised|informed|aware)|note) that\b",
        r"\bwe would like to (?:inform|notify) you(?: that)?\b",
        r"\bbitte beachten Sie, dass\b",
    ),
    _say(
        Flaw.EMPTY,
        "Say what the team does.",
        r"\bworking (?:hard|diligently|tirelessly|around the clock|feverishly)\b|\bauf Hochtouren\b",
    ),
    _say(
        Flaw.EMPTY,
        "It is no news. Say what has changed.",
        r"\bhas been updated\b|\bwurde aktualisiert\b",
        r"\bstatus(?: is|:) (?:in progress|new|on hold|pending|open)\b",
    ),
    _say(
        Flaw.EMPTY,
        "Say what you do about it.",
        r"\bwe take (?:this|these|such) (?:\w+ ){0,2}(?:very )?seriously\b",
    ),
    # Blame
    _say(
        Flaw.BLAME,
        "Own the problem, and name nobody.",
        rf"\b(?:the|our|a|an) (?:\w+ )?{VENDOR}(?:'s|s')? (?:\w+ ){{0,4}}?{FAILED}",
        rf"\b(?:caused by|fault of|because of|due to|blame) (?:the|our|a|an) (?:\w+ )?{VENDOR}\b",
        rf"\b{VENDOR}(?:'s|s') \w+",
        r"\b(?:is|are|was|were) (?:to blame|at fault)\b|\b(?:ist|sind|war|waren) schuld\b",
        r"\b(?:Fehler|Problem|Ursache) (?:lag|liegt) (?:bei(?:m| Ihnen| unserem| dem)) ?\w*",
        r"\b(?:user|human|operator) (?:error|mistake|failure)s?\b",
        r"\b(?:Bedienfehler|Anwenderfehler|Benutzerfehler)\b",
        r"\b(?:unser|der) (?:Dienstleister|Lieferant|Anbieter) (?:hat|ist schuld)\b",
    ),
    _say(
        Flaw.BLAME,
        "Say what to do next, not what was done wrong.",
        r"\byour (?:own )?(?:fault|mistake|error)\b|\bIhr Fehler\b",
        r"\byou (?:failed|forgot|neglected|refused) to\b",
        r"\byou (?:should|could|ought to) (?:not )?have\b",
        r"\bas (?:we|I) (?:already |have )+(?:told|said|explained)\b",
        r"\b(?:you did not|you didn't|since you have not|because you)\b(?! (?:need|have to))",
    ),
    _say(
        Flaw.BLAME,
        "Leave it out: to the reader it was not.",
        r"\bobviously\b|\bclearly,|\bsimply (?:follow|read|do)\b",
    ),
    # Nobody does it
    _say(
        Flaw.PASSIVE,
        "Say who does it: we, our team, you.",
        rf"\b(?:being|been) (?:\w+ly )?{PARTICIPLE}\b",
        rf"\b(?:is|are|was|were|be) (?:\w+ly )?{PARTICIPLE} by (?:the|our|a|an|one of|us|them)\b",
    ),
    # Noise
    _say(Flaw.LOUD, "One sign is enough.", r"!!+|\?!+|!\?+"),
    _say(Flaw.LOUD, "Small letters are easier to read.", r"\b[A-Z]{4,}(?: [A-Z]{2,})+\b", case=True),
)
