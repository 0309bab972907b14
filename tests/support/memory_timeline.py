"""The requester's page's port in memory, for tests."""

from dataclasses import dataclass, field

from ui.timeline_views import Taken, Timeline, Verdict


@dataclass
class MemoryTimeline:
    """Links by token; `said` is what came by them."""

    links: dict[str, Timeline] = field(default_factory=dict)
    said: list[tuple[Verdict, str, str]] = field(default_factory=list)
    answer: Taken | None = Taken.YES
    breaks: Exception | None = None

    def timeline(self, token: str) -> Timeline | None:
        if self.breaks:
            raise self.breaks
        return self.links.get(token)

    def say(self, token: str, verdict: Verdict, words: str, about: str) -> Taken | None:
        if token not in self.links:
            return None
        self.said.append((verdict, words, about))
        return self.answer
