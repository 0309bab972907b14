"""Plain words for the rule desk."""

from urllib.parse import quote

from core.moments import MomentKind
from core.tickets import Resolution
from ui import words
from ui.desk_views import Change, Does

DOES = {
    Does.MESSAGE: "says something",
    Does.IMPACT: "states the impact",
    Does.CADENCE: "sets the pace",
    Does.TIMES: "speaks at times of its own",
    Does.GATE: "keeps silent",
}
CHANGES = {
    Change.PUBLISHED: "Published",
    Change.TAKEN_BACK: "Taken back",
    Change.ON_DISK: "Changed on disk",
    Change.FIRST_SEEN: "First seen",
}
HOLES = {
    "service.name": "name of the service",
    "service.people_can": "what people do with it",
    "service.workaround": "what people can do meanwhile",
    "location.name": "name of the place",
    "next_update.text": "when the next word comes",
    "next_update": "the next word",
    "progress": "how far we are",
    "ticket.key": "number of the ticket",
    "window.text": "from when to when",
    "window.start": "start",
    "window.end": "end",
}
LANGUAGES = {"en": "English", "de": "German"}


def hole(name: str) -> str:
    """What is filled in, in words; a name that has none stands as it is."""
    if not name.startswith("% "):
        return HOLES.get(name, name)
    word, _, rest = name[2:].partition(" ")
    match word:
        case "if":
            return f"if there is: {HOLES.get(rest, rest)}"
        case "else":
            return "otherwise"
        case "elif":
            return f"otherwise, if there is: {HOLES.get(rest, rest)}"
        case "endif":
            return "in any case"
        case _:
            return name[2:]


def moment(name: str) -> str:
    """As a line in a list: "when it is resolved" would lie about most of them, so the moment's own words."""
    return words.MOMENTS.get(MomentKind(name), name)


def end(when: str) -> str:
    """For which end, where words differ by it."""
    return words.RESOLUTIONS.get(Resolution(when), when) if when in set(Resolution) else when


def language(code: str) -> str:
    return LANGUAGES.get(code, code)


def editor(file: str, rule: str = "", line: int = 0) -> str:
    """The address of the editor, at a rule."""
    asked = f"?rule={quote(rule, safe='')}" if rule else ""
    return f"/rules/files/{quote(file)}{asked}{f'#line-{line}' if line else ''}"
