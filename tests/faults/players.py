"""People at work on both platforms, the same ones for the same seed."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.faults.stage import INSIDE, Stage

ACTS = ("raise", "work", "hold", "resolve", "reopen", "comment", "note", "ask")


@dataclass
class Ticket:
    site: str
    key: str
    priority: int = 4
    done: bool = False
    happened: Counter = field(default_factory=Counter)


class Players:
    def __init__(self, stage: Stage, seed: int):
        self.stage, self.chance = stage, random.Random(seed)
        self.tickets: list[Ticket] = []
        self.acts = Counter()
        self._said = defaultdict(int)

    def act(self):
        """One thing somebody does."""
        chance = self.chance
        if not self.tickets or chance.random() < 0.2:
            self.create(chance.choice(("jira", "servicenow")))
            return
        # mostly the newest tickets: bursts on one ticket are the hard case
        ticket = self.tickets[-min(len(self.tickets), 1 + int(chance.expovariate(0.25)))]
        self.do(ticket, chance.choice(ACTS))

    def create(self, site: str) -> Ticket:
        number = len(self.tickets)
        if site == "jira":
            body = {"as": "carla", "fields": {"summary": f"{INSIDE} mail {number}", "description": f"{INSIDE} x"}}
        else:
            body = {"as": "eva", "fields": {"short_description": f"{INSIDE} mail {number}", "caller_id": "eva"}}
            body["fields"]["priority"] = "4"
        ticket = Ticket(site, self.stage.change(site, "", body))
        self.tickets.append(ticket)
        self.acts["create"] += 1
        return ticket

    def do(self, ticket: Ticket, act: str):
        make = getattr(self, f"_{act}")
        body = make(ticket)
        if body:
            self.stage.change(ticket.site, ticket.key, body)
            self.acts[act] += 1

    def _save(self, ticket, *, jira, snow, who=("anna", "agent.smith")):
        body = {"as": who[0], **jira} if ticket.site == "jira" else {"as": who[1], "fields": snow}
        ticket.happened["saves"] += 1
        return body

    def _raise(self, ticket):
        if ticket.done or ticket.priority == 1:
            return None
        ticket.priority -= 1
        ticket.happened["raised"] += 1
        name = {3: "Medium", 2: "High", 1: "Highest"}[ticket.priority]
        return self._save(ticket, jira={"fields": {"priority": name}}, snow={"priority": str(ticket.priority)})

    def _work(self, ticket):
        return None if ticket.done else self._save(ticket, jira={"status": "In Progress"}, snow={"state": "2"})

    def _hold(self, ticket):
        if ticket.done:
            return None
        return self._save(ticket, jira={"status": "Pending"}, snow={"state": "3", "hold_reason": "1"})

    def _resolve(self, ticket):
        if ticket.done:
            return None
        ticket.done = True
        ticket.happened["resolved"] += 1
        return self._save(ticket, jira={"status": "Done"}, snow={"state": "6", "close_code": "Solved (Permanently)"})

    def _reopen(self, ticket):
        if not ticket.done:
            return None
        ticket.done = False
        ticket.happened["reopened"] += 1
        return self._save(ticket, jira={"status": "In Progress"}, snow={"state": "2"})

    def _comment(self, ticket):
        text = f"We found something, {self.chance.random():.4f}."
        return self._save(ticket, jira={"comment": {"text": text, "public": True}}, snow={"comments": text})

    def _note(self, ticket):
        text = f"{INSIDE} look at gw-{self.chance.randrange(99)}"
        return self._save(ticket, jira={"comment": {"text": text, "public": False}}, snow={"work_notes": text})

    def _ask(self, ticket):
        text = f"Any news? {self.chance.random():.4f}"
        said = {"comment": {"text": text, "public": True}}
        return self._save(ticket, jira=said, snow={"comments": text}, who=("carla", "eva"))
