"""The requester's page in the requester's language: every fixed sentence, once for each language."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Words:
    """`units`: day, hour and minute, one and many, as they stand after "in" and before or after "ago"."""

    code: str
    skip: str
    report: str
    change: str
    affected: str
    place: str
    do: str
    do_answer: str
    do_nothing: str
    do_ended: str
    doing: str
    next: str
    no_next: str
    ended_next: str
    window: str
    story: str
    no_story: str
    helped: str
    not_helped: str
    missing: str
    hurts: str
    hurts_how: str
    letters: str
    send: str
    said_helped: str
    said_not_helped: str
    thanks: str
    too_many: str
    too_long: str
    follow: str
    calendar: str
    feed: str
    private: str
    gone: str
    gone_why: str
    gone_do: str
    trouble: str
    trouble_do: str
    too_old: str
    too_old_do: str
    units: tuple[tuple[str, str], tuple[str, str], tuple[str, str]]
    ahead: str
    ago: str
    now: str


ENGLISH = Words(
    code="en",
    skip="Skip to the content",
    report="Your report",
    change="Planned change",
    affected="What is affected",
    place="Where",
    do="What you can do",
    do_answer="Please answer our question in the ticket. Then we can go on.",
    do_nothing="You need not do anything now.",
    do_ended="Nothing more. If it is not right yet, answer in the ticket.",
    doing="Where we are",
    next="Next update",
    no_next="There is no set time for the next update.",
    ended_next="The work is over, so there is no next update.",
    window="When",
    story="The story so far",
    no_story="We have not written to you yet.",
    helped="This helped",
    not_helped="This did not help, because…",
    missing="What is missing?",
    hurts="This hurts us more than you think",
    hurts_how="What does it keep you from doing?",
    letters="At most 1,000 letters. Our team reads it in the ticket.",
    send="Send",
    said_helped="You told us that this helped.",
    said_not_helped="You told us that this did not help.",
    thanks="Thank you. Our team will read it in the ticket.",
    too_many="You have sent us a lot within an hour, and we have it all. Please send the rest later.",
    too_long="This is longer than 1,000 letters. Please say it in fewer. It was not sent.",
    follow="Stay up to date",
    calendar="Add it to your calendar",
    feed="Follow it as a feed",
    private="Whoever has these addresses can read this page. Keep them to yourself.",
    gone="There is nothing to show here",
    gone_why="The link may be too old or no longer in use, or there is nothing to tell.",
    gone_do="Ask your service desk. They can tell you how things stand.",
    trouble="We cannot show this page just now",
    trouble_do="Your report is not affected. Please try again in a few minutes, or ask your service desk.",
    too_old="This page was open for too long",
    too_old_do="So what you wrote was not sent. Please go back, load the page again, and send it once more.",
    units=(("day", "days"), ("hour", "hours"), ("minute", "minutes")),
    ahead="in {}",
    ago="{} ago",
    now="now",
)
GERMAN = Words(
    code="de",
    skip="Zum Inhalt springen",
    report="Ihre Meldung",
    change="Geplante Änderung",
    affected="Was betroffen ist",
    place="Wo",
    do="Was Sie tun können",
    do_answer="Bitte beantworten Sie unsere Frage im Ticket. Dann können wir weitermachen.",
    do_nothing="Sie müssen im Moment nichts tun.",
    do_ended="Nichts mehr. Wenn etwas noch nicht stimmt, antworten Sie im Ticket.",
    doing="Wo wir stehen",
    next="Nächste Nachricht",
    no_next="Für die nächste Nachricht steht keine Zeit fest.",
    ended_next="Die Arbeit ist vorbei, darum kommt keine weitere Nachricht.",
    window="Wann",
    story="Was bisher geschah",
    no_story="Wir haben Ihnen noch nicht geschrieben.",
    helped="Das hat geholfen",
    not_helped="Das hat nicht geholfen, weil …",
    missing="Was fehlt?",
    hurts="Das trifft uns härter, als Sie denken",
    hurts_how="Was können Sie deshalb nicht tun?",
    letters="Höchstens 1.000 Zeichen. Unser Team liest es im Ticket.",
    send="Senden",
    said_helped="Sie haben uns gesagt: Das hat geholfen.",
    said_not_helped="Sie haben uns gesagt: Das hat nicht geholfen.",
    thanks="Danke. Unser Team liest es im Ticket.",
    too_many="Sie haben uns in einer Stunde viel geschickt, und alles ist da. Bitte schicken Sie den Rest später.",
    too_long="Das sind mehr als 1.000 Zeichen. Bitte sagen Sie es kürzer. Es wurde nicht gesendet.",
    follow="Auf dem Laufenden bleiben",
    calendar="In den Kalender eintragen",
    feed="Als Feed verfolgen",
    private="Wer diese Adressen hat, kann diese Seite lesen. Geben Sie sie nicht weiter.",
    gone="Hier gibt es nichts zu zeigen",
    gone_why="Der Link ist vielleicht zu alt oder nicht mehr in Gebrauch, oder es gibt nichts zu sagen.",
    gone_do="Fragen Sie Ihren Service Desk. Dort weiß man, wie es steht.",
    trouble="Wir können diese Seite gerade nicht zeigen",
    trouble_do="Ihre Meldung ist davon nicht betroffen. Bitte versuchen Sie es in einigen Minuten noch einmal, oder "
    "fragen Sie Ihren Service Desk.",
    too_old="Diese Seite war zu lange offen",
    too_old_do="Darum wurde nicht gesendet, was Sie geschrieben haben. Bitte gehen Sie zurück, laden Sie die Seite "
    "neu und senden Sie es noch einmal.",
    units=(("Tag", "Tagen"), ("Stunde", "Stunden"), ("Minute", "Minuten")),
    ahead="in {}",
    ago="vor {}",
    now="jetzt",
)
ALL = {words.code: words for words in (ENGLISH, GERMAN)}
LENGTHS = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))


def spoken_to(language: str) -> Words:
    """In a reader's language, whatever its country; English where there are no words in it."""
    return ALL.get(language.partition("-")[0], ENGLISH)


def preferred(languages: Iterable[str]) -> Words:
    """For a reader of whom only their browser's languages are known, best first."""
    known = (ALL.get(language.lower().partition("-")[0]) for language in languages)
    return next((words for words in known if words), ENGLISH)


def distance(words: Words, time: datetime, now: datetime) -> str:
    """`in 12 minutes`, `vor 3 Stunden`: whole units, never rounded up."""
    gap = abs(time - now)
    for (one, many), length in zip(words.units, LENGTHS, strict=True):
        if number := gap // length:
            text = f"{number} {one if number == 1 else many}"
            return (words.ahead if time > now else words.ago).format(text)
    return words.now
