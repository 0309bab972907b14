"""Negative controls: a Liaison that breaks a promise on purpose must be caught; an honest one in the same scene not.

Each check returns what is wrong, "" where all is as it must be.
"""

import signal
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from tests.faults.checker import Verdict, judge, quiet
from tests.faults.nemesis import Nemesis
from tests.faults.players import Players
from tests.faults.stage import Stage, end

QUIET_SECONDS = 40
TRIES = 3
AT_ONCE = 3


def _scene(broken: str, play, **stage_options) -> Verdict:
    stage = Stage(7, broken=broken, chaos=False, **stage_options)
    try:
        stage.up()
        players = Players(stage, 7)
        play(stage, players, Nemesis(stage, 7))
        calm = quiet(stage, QUIET_SECONDS)
        verdict = judge(stage, players.tickets)
        if not calm:
            verdict.other.append(f"not quiet\n{stage.log_tail()}")
        return verdict
    finally:
        stage.close()


def killed_before_the_commit(stage, players, nemesis):
    """Deliveries arrive while the database is locked, and Liaison is killed."""
    holder = nemesis._locked(20)
    for site in ("jira", "servicenow") * 3:
        players.create(site)
    time.sleep(1)
    stage.kill()
    end(holder)
    stage.launch()
    stage.up()


def replies_lost(stage, players, _nemesis):
    """Every write is done, and its answer lost, once per ticket."""
    stage.fault("jira", kind="lost_reply", method="POST", path="comment", times=2)
    stage.fault("servicenow", kind="lost_reply", method="PATCH", times=2)
    for site in ("jira", "servicenow") * 2:
        players.create(site)
    time.sleep(1)


def frozen_past_the_claim(stage, players, _nemesis):
    """Frozen between deciding and sending; another runner takes over; the first one thaws while that one sends."""
    for site in stage.sites:
        stage.fault(site, kind="delay", method="POST" if site == "jira" else "PATCH", seconds=1, times=6)
        players.create(site)
        players.create(site)
    _until(lambda: _notes(stage, "planned"))
    time.sleep(0.1)
    stage.signal(signal.SIGSTOP)
    rival = stage.rival()
    try:
        stage.up(rival)
        _until(lambda: _notes(stage, "sending"))
        stage.signal(signal.SIGCONT)
        time.sleep(2)
    finally:
        end(rival)


def frozen_inside_the_request(stage, players, _nemesis):
    """Frozen between the intent and the socket for longer than the settle time: no fence can stop that one."""
    players.create("jira")
    _until(lambda: _notes(stage, "sending"))
    stage.signal(signal.SIGSTOP)
    rival = stage.rival()
    try:
        stage.up(rival)
        _until(lambda: _notes(stage, "written"))
    finally:
        end(rival)
    stage.signal(signal.SIGCONT)
    time.sleep(5)


def swept() -> str:
    for _ in range(TRIES):
        verdict = _scene("", frozen_inside_the_request, slow_write=1.5)
        if verdict.transient or not verdict.good:
            return "" if verdict.good else str(verdict)
    return f"a writer that thaws inside its request doubles nothing? {verdict}"


def time_jumps_in_doubt(stage, players, _nemesis):
    """A reset, a commit that comes later all the same, and in between the clock jumps over the settle time."""
    stage.fault("jira", kind="late_commit", method="POST", path="comment", seconds=2.5)
    players.create("jira")
    _until(lambda: _notes(stage, "in_doubt"))
    stage.clock.jump(10)
    time.sleep(3)


def news_meanwhile(stage, players, _nemesis):
    """Something happens to each ticket while Liaison considers what happened before, and no echo comes after it."""
    tickets = [players.create(site) for site in ("jira", "servicenow") * 2]
    _until(lambda: _notes(stage, "written") >= 2 * len(tickets))
    for pause in (2, 0.5):
        time.sleep(pause)
        for ticket in tickets:
            players.do(ticket, "ask")
    time.sleep(1)


def overtaken_in_doubt(stage, players, _nemesis):
    """A request is lost on its way; before that is known, there is something newer to say."""
    stage.fault("jira", kind="reset", method="POST", path="comment", times=2)
    stage.fault("servicenow", kind="reset", method="PATCH", times=2)
    tickets = [players.create(site) for site in ("jira", "servicenow")]
    _until(lambda: _notes(stage, "in_doubt"))
    for ticket in tickets:
        players.do(ticket, "raise")
    time.sleep(1)


def _until(there, seconds=15.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until and not there():
        time.sleep(0.02)


def _notes(stage, state) -> int:
    with stage.rows() as ask:
        return ask("SELECT count(*) FROM notes WHERE state = ?", state)[0][0]


def _caught(broken: str, play, kind: str, **options) -> str:
    """ "" if the lie was found. On a busy machine a scene may miss its window: then it is played again."""
    for _ in range(TRIES):
        verdict = _scene(broken, play, **options)
        if getattr(verdict, kind):
            return ""
    return f"{broken or 'a frozen writer'} shows no {kind} in {TRIES} tries: {verdict}"


def early() -> str:
    return _caught("early", killed_before_the_commit, "lost")


def blind() -> str:
    return _caught("blind", replies_lost, "doubled")


def unfenced() -> str:
    return _caught("unfenced", frozen_past_the_claim, "doubled", slow_compose=1.5)


def asleep() -> str:
    return _caught("asleep", news_meanwhile, "other", slow_consider=1.0)


def unpledged() -> str:
    return _caught("unpledged", replies_lost, "lost")


def stale() -> str:
    return _caught("stale", overtaken_in_doubt, "other")


def honest(play, **options) -> str:
    verdict = _scene("", play, **options)
    return "" if verdict.good else str(verdict)


LIES = {
    "acknowledged before the commit": early,
    "blind retry": blind,
    "without fencing": unfenced,
    "what arrives meanwhile wakes nobody": asleep,
    "a promise is not written down": unpledged,
    "stale words are said": stale,
}
HONEST = {
    "honest, news meanwhile": lambda: honest(news_meanwhile, slow_consider=1.0),
    "honest, overtaken in doubt": lambda: honest(overtaken_in_doubt),
    "honest, killed before the commit": lambda: honest(killed_before_the_commit),
    "honest, replies lost": lambda: honest(replies_lost),
    "honest, the time jumps in doubt": lambda: honest(time_jumps_in_doubt),
    "honest, a twin is swept away": swept,
    "honest, frozen past the claim": lambda: honest(frozen_past_the_claim, slow_compose=1.5),
}
CHECKS = {**LIES, **HONEST}


def together(checks: Mapping[str, Callable[[], str]]) -> dict[str, str]:
    """What is wrong, by name. Most of a scene is waiting, so they play beside each other."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(checks, pool.map(lambda check: check(), checks.values()), strict=True))
