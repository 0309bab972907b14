"""Doing what agents order with `/liaison` in internal comments, and answering them. Pure: writes into a plan."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import command_words as words
from app.commands import MOST, Command, Verb, commands
from app.desk import Desk
from app.hush import Hush, muted_by
from app.journal import Entry, What, silent
from app.obeyed import commanding, obeyed, remember
from app.ordered import from_panel
from app.plans import NewNote, NewPromise, NotePlan, Pledge
from app.rhythm import Case, Rhythm
from app.whens import read_when
from core.decisions import Decision, Message, Reason, Silence
from core.moments import MomentKind
from core.notes import Audience, NoteState, note_id
from core.promises import Promise
from core.sightings import Comment
from core.times import iso

R = Audience.REQUESTER
TOO_OLD = timedelta(hours=6)
FARTHEST = timedelta(days=10)
AT_ONCE = timedelta(minutes=1)
"""A command seen this soon is counted from now; one seen later from when it was written."""
RULE = "/liaison"
ORDERED = f"{RULE} next by "

Ask = Callable[[MomentKind], Decision]


@dataclass
class Going:
    """Words to the requester that one comment asked for."""

    moment: MomentKind
    message: Message
    decision: Decision
    literal: str = ""


class Steered:
    """The orders of one look."""

    def __init__(self, case: Case, rhythm: Rhythm, hush: Hush) -> None:
        self._case, self._rhythm, self._hush = case, rhythm, hush
        self._plan = rhythm.plan
        self._memory = self._plan.memory
        self.heard: list[Comment] = []

    def hear(self, comment: Comment) -> bool:
        """Whether it holds orders; they are done by `obey`."""
        if self._case.desk is None or not commanding(comment):
            return False
        if not obeyed(self._memory, comment):
            self.heard.append(comment)
        return True

    def ignore(self, silence: Silence) -> None:
        """A gate forbids all words, answers too."""
        for comment in self.heard:
            remember(self._memory, comment)
            line = silent(Reason.GATED, silence.detail, moment=MomentKind.ANSWERED, rule=silence.by)
            self._plan.entries.append(line)
        self.heard = []

    def obey(self, now_due: Decision, ask: Ask) -> None:
        """`ask`: what the rules say at a moment of this ticket, now."""
        desk, newest = self._case.desk, self._case.newest
        if desk is None or newest is None:
            return
        for comment in self.heard:
            # a long conversation that Liaison sees for the first time holds orders to somebody else's Liaison
            stale = self._case.attended is None and self._case.now - comment.at > TOO_OLD
            if not obeyed(self._memory, comment):
                remember(self._memory, comment)
                if not stale:
                    _Obeying(self._case, self._rhythm, self._hush, ask, now_due, comment, desk).obey()
        self.heard = []

    def lapse(self, now_due: Decision) -> None:
        """What was muted for a time that has passed speaks again."""
        if self._hush.over:
            self._plan.entries.append(Entry(What.DECIDED, audience=R, detail="The time it was muted for is over."))
            resume(self._case, self._rhythm, self._hush, now_due)

    def stand_by(self, promised: datetime, now_due: Decision) -> None:
        """An end that they never heard of was taken back: they still wait for the word that they were promised."""
        promise_again(self._case, self._rhythm, now_due, promised, "the return of what had ended unheard")

    @property
    def chosen(self) -> datetime | None:
        """The time that an agent chose in this look for the next word, where no words say it yet."""
        moved, by = self._plan.moved.get(R, (None, ""))
        if by.startswith(ORDERED):
            return moved
        made = (p.due for p in self._plan.promises if p.audience is R and p.made_by.startswith(ORDERED))
        return next(made, None)

    @property
    def speaks(self) -> bool:
        """Whether the requester is written to because somebody asked for it; asked before the rules plan anything."""
        return any(n.plan.message.audience is R for n in self._plan.notes)


def resume(case: Case, rhythm: Rhythm, hush: Hush, now_due: Decision) -> datetime | None:
    """Speak again, and keep what had been promised: at once where its time has passed. Returns that time."""
    promised = hush.unmute()
    return promise_again(case, rhythm, now_due, promised, f"{RULE} unmute") if promised else None


def promise_again(case: Case, rhythm: Rhythm, now_due: Decision, promised: datetime, by: str) -> datetime | None:
    """What had been promised, at once where its time has passed. Returns that time; None where nothing is promised."""
    cadence = now_due.cadences.get(R)
    standing = [*(p.audience for p in case.promises), *(p.audience for p in rhythm.plan.promises)]
    taken = R in standing and R not in rhythm.plan.withdrawn
    if taken or cadence is None or rhythm.rests(cadence):
        return None
    due = max(promised, case.now)
    rhythm.plan.promises.append(NewPromise(R, due, case.now, by, cadence.rule))
    return due


def _words_first(found: Sequence[Command]) -> list[tuple[int, Command]]:
    """A time goes into the words that the same comment asks for, wherever its line stands."""
    return sorted(enumerate(found), key=lambda pair: (pair[1].verb is Verb.NEXT, pair[0]))


class _Obeying:
    """One comment's commands, in order, and one answer to all of them."""

    def __init__(
        self,
        case: Case,
        rhythm: Rhythm,
        hush: Hush,
        ask: Ask,
        now_due: Decision,
        comment: Comment,
        desk: Desk,
    ) -> None:
        assert case.newest is not None
        self._case, self._rhythm, self._hush, self._ask = case, rhythm, hush, ask
        self._now_due, self._comment, self._desk = now_due, comment, desk
        self._plan, self._memory, self._newest = rhythm.plan, rhythm.plan.memory, case.newest
        self._ticket, self._now = case.newest.ticket, case.now
        self._who = comment.author_name or comment.author_id or "an agent"
        self._going: list[Going] = []

    def obey(self) -> None:
        if self._comment.edited:
            self._answer([words.EDITED])
        elif self._now - self._comment.at > TOO_OLD:
            self._answer([words.TOO_OLD])
        else:
            found = commands(self._comment.text)
            done = {place: self._do(command) for place, command in _words_first(found[:MOST])}
            self._send()
            self._answer([*(done[place] for place in sorted(done)), *([words.TOO_MANY] if len(found) > MOST else [])])

    def _do(self, command: Command) -> str:
        todo: dict[Verb | None, Callable[[str], str]] = {
            Verb.NEXT: self._next,
            Verb.MUTE: self._mute,
            Verb.UNMUTE: self._unmute,
            Verb.SAY: self._say,
            Verb.FACT: self._fact,
            Verb.WHY: self._why,
            Verb.HELP: words.help_text,
        }
        if command.verb is None:
            return words.unknown(command.typed)
        beneath = words.BENEATH if command.beneath and command.verb is Verb.SAY and command.rest else ""
        return words.sentences(todo[command.verb](command.rest), beneath)

    # --- next ------------------------------------------------------------------------------------------------------

    def _next(self, rest: str) -> str:
        if because := self._unpromised():
            return because
        try:
            due = read_when(rest, self._since, self._desk.zone(self._ticket))
        except ValueError as error:
            return f"{error} Nothing was changed."
        if due <= self._now:
            return f"{self._at(due)} has passed. Nothing was changed."
        if due > self._now + FARTHEST:
            return "That is more than ten days away. Nobody waits so long for a word. Nothing was changed."
        quiet = self._desk.quiet(R, self._ticket, due)
        moved = f"{self._at(due)} is in the quiet hours of the requester. " if quiet else ""
        return moved + self._promise(quiet.until if quiet else due)

    def _unpromised(self) -> str:
        if self._ticket.ended:
            return words.ENDED
        if self._hush.muted(R):
            return f"{self._muted()} Until then nothing is promised."
        return self._unreachable() or self._following()

    def _following(self) -> str:
        silence = self._now_due.silences.get(R)
        if silence and silence.reason in (Reason.FOLLOWS_PARENT, Reason.GATED):
            return words.obstacle(silence.reason, silence.detail)
        return ""

    def _promise(self, due: datetime) -> str:
        """The next word comes by then: nobody is left waiting for a time that was moved behind their back."""
        standing, spoken_to = self._standing, bool(self._going) or R in self._case.speaking
        if standing and due == standing.due and not spoken_to:
            return f"The requester hears from us {self._by(due)} already. Nothing was changed."
        self._log(f"The next word is to come {self._by(due)}", "next", iso(due))
        if spoken_to:
            self._memory.next_at = due
            return f"The requester hears from us {self._by(due)}. The words on their way to them say so."
        if standing is None:
            rule = cadence.rule if (cadence := self._now_due.cadences.get(R)) else RULE
            self._plan.promises = [p for p in self._plan.promises if p.audience is not R]
            self._plan.promises.append(NewPromise(R, due, self._now, f"{ORDERED}{self._who}", rule))
            return f"The requester hears from us {self._by(due)}. They had not been promised a time."
        if due > standing.due and standing.told:
            return self._later(standing, due)
        self._plan.moved[R] = due, f"{ORDERED}{self._who}"
        return f"The requester hears from us {self._by(due)}, and not {self._by(standing.due)}."

    def _later(self, standing: Promise, due: datetime) -> str:
        said = self._update()
        if isinstance(said, str):
            return f"{said} The requester still waits for a word {self._by(standing.due)}."
        self._memory.next_at = due
        return (
            f"The next word comes {self._by(due)}. The requester was promised one {self._by(standing.due)}, "
            "so they are told the new time now."
        )

    @property
    def _standing(self) -> Promise | None:
        mine = (p for p in self._case.promises if p.audience is R)
        return next((p for p in mine if not self._rhythm.kept(R) and R not in self._plan.withdrawn), None)

    # --- words to the requester ------------------------------------------------------------------------------------

    def _say(self, text: str) -> str:
        if because := (text and self._unreachable()) or words.unsayable(text, self._desk.leak(text, self._ticket)):
            return because
        last = self._going[-1] if self._going else None
        if last and last.moment is MomentKind.AGENT_SAYS:
            last.literal += f"\n\n{text}"
        else:
            message = Message(R, MomentKind.AGENT_SAYS, f"{RULE} say by {self._who}", "", "")
            self._going.append(Going(MomentKind.AGENT_SAYS, message, self._pace, text))
        self._log("Own words to the requester", "say", f"{len(text)} letters")
        advice = " ".join(self._desk.advice(text, self._ticket))
        return words.sentences(f"{self._sent} {words.quoted(text)}", f"For the next time: {advice}" if advice else "")

    def _fact(self, wanted: str) -> str:
        phrases = self._desk.phrases(self._ticket)
        name = next((name for name in phrases if name.casefold() == wanted.casefold()), "")
        if not name:
            return words.phrase_list(wanted, phrases)
        if self._ticket.ended:
            return "This ticket has ended, so there is no progress to report. Nothing was sent."
        self._memory.fact = name
        self._log(f"Progress: {name}", "fact", name)
        said = self._muted() if self._hush.muted(R) else self._unreachable() or self._following() or self._update()
        if isinstance(said, str):
            return f"{said} The phrase is kept for the next word: {words.quoted(phrases[name])}"
        return f"{self._sent} {words.quoted(phrases[name])}"

    def _update(self) -> Going | str:
        """An update in the rules' words, now; or why there can be none."""
        last = next((g for g in self._going if g.moment is MomentKind.PROGRESSED), None)
        if last:
            return last
        decision = self._pace
        message = decision.messages.get(R) or self._now_due.messages.get(R)
        if message is None:
            silence = decision.silences.get(R) or Silence(Reason.NO_RULE)
            return words.obstacle(silence.reason, silence.detail)
        going = Going(MomentKind.PROGRESSED, message, decision)
        self._going.append(going)
        return going

    def _send(self) -> None:
        """Plan the words that were asked for; the last of them promises what comes next."""
        for place, going in enumerate(self._going):
            occurrence = self._occurrence if not place else f"{self._occurrence}:{place}"
            # an update on a change that runs late is paced; a change that nobody waits for is not
            paced = going.decision.cadences.get(R) or (self._now_due.cadences.get(R) if self._standing else None)
            pledge = Pledge.NEW if self._memory.next_at else self._rhythm.pledge(R, going.moment, paced)
            message = going.message
            plan = NotePlan(message, pledge, self._now, tuple(going.decision.impacts), paced, literal=going.literal)
            identity = note_id(self._case.ref, going.moment, R, occurrence)
            rule_set = going.decision.rule_set
            self._plan.notes.append(NewNote(identity, going.moment, occurrence, NoteState.PLANNED, plan, rule_set))

    @property
    def _pace(self) -> Decision:
        return self._ask(MomentKind.PROGRESSED)

    @property
    def _sent(self) -> str:
        quiet = self._hush.quiet(R, self._ticket)
        if quiet:
            return f"It is quiet hours for the requester. They read this at {self._at(quiet.until)}:"
        return "The requester now reads:"

    def _unreachable(self) -> str:
        if R not in self._case.site.speaks:
            return "Not done: Liaison does not speak to requesters on this site."
        if R not in self._newest.sinks:
            return "Not done: in this ticket everybody would read what is meant for the requester."
        return ""

    # --- mute ------------------------------------------------------------------------------------------------------

    def _mute(self, rest: str) -> str:
        until = None
        if rest:
            try:
                until = read_when(rest, self._since, self._desk.zone(self._ticket))
            except ValueError as error:
                return f"{error} Nothing was changed."
            if until <= self._now:
                return f"{self._at(until)} has passed. Nothing was changed."
        standing = self._standing
        self._hush.mute(self._who, until, standing.due if standing else None)
        self._memory.next_at = None
        self._plan.drop_notes.add(R)
        if standing:
            self._plan.withdrawn[R] = f"{self._who} muted the ticket"
        self._log("Muted", "mute", iso(until) if until else "until unmute")
        ends = f"until {self._at(until)}" if until else "until somebody writes unmute"
        broken = standing if standing and (until is None or standing.due <= until) else None
        owed = f"They were promised a word {self._by(broken.due)}: write to them yourself." if broken else ""
        return words.sentences(
            f"Muted {ends}. Until then the requester hears nothing from me, not even that it is solved.", owed
        )

    def _unmute(self, _rest: str) -> str:
        if self._hush.muted(R) is None:
            return "This ticket is not muted."
        self._log("Unmuted", "unmute", "")
        due = resume(self._case, self._rhythm, self._hush, self._now_due)
        if self._memory.owed.get(R):
            return "I speak again. The requester is told now what has become of it."
        if due is None:
            return "I speak again. Nothing is promised for now."
        comes = "now" if due <= self._now else self._by(due)
        return f"I speak again. What was promised before comes {comes}."

    # --- why -------------------------------------------------------------------------------------------------------

    def _why(self, _rest: str) -> str:
        history = self._desk.history()
        told = words.told(history, self._at(history.told.at) if history.told else "")
        silences = [words.unsaid(one, self._at(one.at)) for one in history.unsaid]
        return words.named_shortly(words.lines([told, *silences, self._what_comes()]))

    def _what_comes(self) -> str:
        if self._hush.muted(R):
            return f"{self._muted()} Nothing more is said until then."
        standing, quiet = self._standing, self._hush.quiet(R, self._ticket)
        comes = f"The next word comes {self._by(standing.due)} (rule {standing.rule})." if standing else ""
        hours = f"Quiet hours last until {self._at(quiet.until)} ({quiet.by})." if quiet else ""
        return words.sentences(comes or "Nothing is promised for now.", hours)

    # --- answering -------------------------------------------------------------------------------------------------

    def _answer(self, replies: list[str]) -> None:
        """An internal note of its own, so that who asked sees it."""
        if Audience.AGENTS not in self._newest.sinks:
            why = "This ticket has no place that only agents would read."
            self._plan.entries.append(silent(Reason.NO_SINK, why, moment=MomentKind.ANSWERED, audience=Audience.AGENTS))
            return
        moment, occurrence = MomentKind.ANSWERED, self._occurrence
        message = Message(Audience.AGENTS, moment, RULE, "", "")
        asked = [words.from_panel(self._who)] if from_panel(self._comment.id) else []
        said = "\n\n".join(reply for reply in [*asked, *replies] if reply)
        plan = NotePlan(message, Pledge.NONE, self._now, literal=said)
        identity = note_id(self._case.ref, moment, Audience.AGENTS, occurrence)
        rule_set = self._now_due.rule_set
        self._plan.notes.append(NewNote(identity, moment, occurrence, NoteState.PLANNED, plan, rule_set))

    @property
    def _occurrence(self) -> str:
        return f"edit:{self._comment.id}" if self._comment.edited else self._comment.id

    @property
    def _since(self) -> datetime:
        """What "2h" is counted from."""
        written = self._comment.at
        return self._now if self._now - written < AT_ONCE else written

    def _log(self, what: str, verb: str, detail: str) -> None:
        self._plan.entries.append(Entry(What.DECIDED, audience=R, detail=f"{what}, by {self._who}.", rule=RULE))
        self._plan.audited.append((self._who, f"{RULE} {verb}", f"{self._case.ref} {detail}".strip()))

    def _by(self, moment: datetime) -> str:
        return self._desk.by(moment, self._now, self._ticket)

    def _muted(self) -> str:
        return muted_by(self._memory, self._at)

    def _at(self, moment: datetime) -> str:
        return self._desk.at(moment, self._now, self._ticket)
