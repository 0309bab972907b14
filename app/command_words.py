"""What Liaison answers agents. Short sentences; a line never begins with a command, so that no answer is one."""

import re
from collections.abc import Iterable, Mapping

from app.commands import MOST, Verb
from app.history import History, Unsaid
from app.whens import EXAMPLES
from core.decisions import Reason
from core.moments import MomentKind
from rules.suggestion import did_you_mean
from ui.words import MOMENTS, REASONS

HELP = {
    "next 16:00": f"the next word to the requester comes by then ({EXAMPLES})",
    "say …": "your own words to the requester, now; the text of this one line",
    "fact PHRASE": "tells the requester where the work stands, in an approved phrase",
    "mute": "no word to the requester in this ticket; mute 2h for two hours",
    "unmute": "Liaison speaks again",
    "why": "why the requester was told what they were told, or nothing",
    "help": "this list",
}
FOLDERS = re.compile(r"(?<![\w.:-])(?:[A-Za-z]:)?(?:[/\\][^/\\\s:()]+)*[/\\](?=[^/\\\s:()]+\.ya?ml\b)")
LONGEST = 2000
"""Letters of an agent's own words."""
TOO_OLD = "This comment reached me too late, so I did not do what it says. If you still want it, write it again."
EDITED = "I read commands only when a comment is first written. Please write it as a new comment."
TOO_MANY = f"I did the first {MOST} commands. Write the others in a comment of their own."
BENEATH = (
    "The lines beneath it were not sent. To send one of them, begin it with /liaison say in another internal comment."
)
ENDED = "This ticket has ended, so nothing more is promised. A reply or a reopened ticket starts it again."


def from_panel(who: str) -> str:
    """Begins the answer to what no comment in the ticket asked for."""
    return f"Ordered by {who} in the panel:"


def unsayable(text: str, leak: str) -> str:
    """Why an agent's own words are not sent, `""` where they may go. `leak`: what the guard found in them."""
    if not text:
        return "Say what? Write the words behind the command, on the same line."
    if len(text) > LONGEST:
        return f"Not sent: it has {len(text):,} letters, and {LONGEST:,} are the most. Say it in fewer."
    if "[~" in text:
        return "Not sent: it mentions an account of Jira. Write the name instead."
    return f"Not sent: it would show a customer {leak}. Say it in other words." if leak else ""


def help_text(_rest: str = "") -> str:
    lines = (f"• /liaison {usage}: {meaning}" for usage, meaning in HELP.items())
    return "\n".join(["In an internal comment, at the beginning of a line:", *lines])


def unknown(typed: str) -> str:
    hint = did_you_mean(typed, tuple(Verb))
    said = f"I do not know “{typed[:40]}”."
    return f"{said} {hint} Nothing was done." if hint else f"{said} Nothing was done.\n{help_text()}"


def phrase_list(wanted: str, phrases: Mapping[str, str]) -> str:
    asked = f"There is no phrase “{wanted[:60]}”. {did_you_mean(wanted, tuple(phrases))}".strip()
    head = asked if wanted else "Which phrase?"
    lines = (f"• {name}: {text}" for name, text in sorted(phrases.items()))
    return "\n".join([f"{head} Nothing was sent. There are:", *lines])


def quoted(text: str) -> str:
    return f"“{text}”"


def sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def told(history: History, at: str) -> str:
    last = history.told
    if last is None:
        return "The requester has not heard from me in this ticket."
    if last.moment == MomentKind.AGENT_SAYS:
        return f"The requester last heard from me at {at}: {last.rule}."
    why = MOMENTS.get(MomentKind(last.moment), last.moment)
    return f"The requester last heard from me at {at}: {why} (moment {last.moment}, rule {last.rule})."


def unsaid(silence: Unsaid, at: str) -> str:
    """One line on a moment that stayed silent."""
    about = f"{silence.moment}, " if silence.moment else ""
    because = silence.detail or REASONS[silence.reason]
    rule = f", {silence.rule}" if silence.rule else ""
    end = "" if because.endswith((".", "!", "?")) else "."
    return f"• {at}, {about}nothing said: {because[:1].upper()}{because[1:]}{end} ({silence.reason}{rule})"


def obstacle(reason: Reason, detail: str) -> str:
    """Why a command was not done."""
    because = detail or REASONS[reason]
    return f"Not done: {because[:1].lower()}{because[1:]}".rstrip(".") + "."


def named_shortly(text: str) -> str:
    """Files of rules by their names alone: where they lie on our machine is nothing for a ticket."""
    return FOLDERS.sub("", text)


def lines(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)
