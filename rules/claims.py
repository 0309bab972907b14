"""Words that claim the trouble is over. They may stand only where it surely is."""

import re

AFTER_IF = re.compile(r"\b(if|whether|when|until|unless|once|in case|should|falls|wenn|ob|sobald|bis)\b", re.IGNORECASE)
SENTENCE = re.compile(r"(?<=[.!?])\s+")
NOT_USING = r"(?!(?:re)?open|reply|write|ask|tell|contact|report|try|call|create|raise)"
OVER = re.compile(
    r"\b(works?|working|runs?|running|available|possible|online|up) again\b"
    r"|\b(is|are|has been|have been) (now )?(back|fixed|solved|restored|repaired|resolved)\b"
    r"|\bback to normal\b|\bback (up|online)\b"
    rf"|\byou can {NOT_USING}\w+( \S+){{0,6}} again\b"
    r"|\b(funktionier(t|en)|läuft|laufen|geht|gehen) wieder\b|\bwieder (möglich|verfügbar|da)\b|\b(ist|sind) behoben\b",
    re.IGNORECASE,
)


def claims_it_is_over(text: str) -> str:
    """The words that say so, `""` where none do. "If it works again …" claims nothing."""
    for sentence in SENTENCE.split(" ".join(text.split())):
        found = OVER.search(sentence)
        if found and not AFTER_IF.search(sentence[: found.start()]):
            return found.group()
    return ""
