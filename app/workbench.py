"""A process beside the service, in which drafts of rules are looked at: whatever somebody types, it takes none of the
service's time, disturbs none of its rules, and is ended when it takes too long.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from app import processors
from core.errors import LiaisonError

log = logging.getLogger("liaison.desk")
START_SECONDS = 30.0
PATIENCE, MORE_PATIENCE = 5.0, 30.0
"""Seconds that somebody waits for what was asked before: as they type, and after a click."""
MOST_AT_ONCE, MOST_CLICKS = 4, 2
"""Who asks and who waits: the other threads of the web server are there for webhooks. What was asked as somebody typed
takes no seat from who clicked.
"""
SLACK = 120.0
"""So many seconds more somebody waits where the processor is needed elsewhere."""
IDLE_SECONDS = 300.0
"""Without a question for so long the process ends by itself."""
MODEST = 5
"""By so much it steps back where the service needs the processor."""
# With the service's own path; `multiprocessing` would run the main module anew, whatever that is.
BEGIN = (
    "import sys; sys.path[:] = sys.argv[4:]; from app.workbench import serve;"
    " serve(int(sys.argv[1]), sys.argv[2], sys.argv[3])"
)
READY, DONE, TOLD, REFUSED, BROKEN = "ready", "done", "told", "refused", "broken"


class Unanswered(LiaisonError):
    """There is no answer: it took too long, or others come first."""


class Busy(Unanswered):
    """So much is asked, or so much else is done, that an answer would take too long now."""

    def __init__(self, what: str = "what was asked before is still being answered.") -> None:
        super().__init__(what, hint="Wait a moment, then try again.")


class Stale(LiaisonError):
    """Something newer was asked in the same line, so nobody waits for this."""


class Workbench:
    """`room`: the module whose functions are asked. The first argument of each is a dict that the process keeps; a
    last one, `tell`, takes what is to be told on the way.
    """

    def __init__(self, room: str) -> None:
        self._room, self._lock = room, threading.Lock()
        self._seats = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._clicks = threading.BoundedSemaphore(MOST_CLICKS)
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._end: Callable[[], object] = lambda: None
        self._ready = False
        self._newest: dict[str, object] = {}

    def warm(self) -> None:
        """Start it before it is asked, unless somebody is at it already."""
        if self._lock.acquire(blocking=False):
            try:
                self._start()
            finally:
                self._lock.release()

    def ask(
        self,
        what: str,
        *arguments: object,
        within: float,
        line: str = "",
        clicked: bool = False,
        told: Callable[[Any], None] = lambda _: None,
    ) -> Any:
        """What the function answers, `within` so many seconds of the processor, from one `tell` to the next. Of several
        questions that wait in the same `line` only the newest is asked. `clicked`: somebody waits for this very answer.
        Raises Unanswered, Busy, Stale, as LiaisonError what the function raises of these, and what `told` raises.
        """
        seats, patience = (self._clicks, MORE_PATIENCE) if clicked else (self._seats, PATIENCE)
        if not seats.acquire(blocking=False):
            raise Busy
        try:
            with self._turn(line, patience):
                return self._asked(self._start(), what, arguments, within, told)
        finally:
            seats.release()

    @contextlib.contextmanager
    def _turn(self, line: str, patience: float) -> Iterator[None]:
        mine = self._newest[line] = object()
        if not self._lock.acquire(timeout=patience):
            raise Busy
        try:
            if line and self._newest[line] is not mine:
                raise Stale("something newer was asked.")
            yield
        finally:
            self._lock.release()

    def stop(self) -> None:
        """End the process, whatever it does; who waits for it gets Unanswered."""
        process = self._process
        if process:
            process.kill()
            process.wait()  # until then it looks alive, and the next question would go to it

    def _start(self) -> Connection:
        if self._pipe is not None and self._process is not None and self._process.poll() is None:
            return self._pipe
        self._forget()
        mine, its = socket.socketpair()
        with its:
            where = ",".join(map(str, processors.started_on()))
            command = [sys.executable, "-c", BEGIN, str(its.fileno()), self._room, where, *sys.path]
            self._process = subprocess.Popen(command, pass_fds=(its.fileno(),))  # noqa: S603 - our own code
        self._pipe = Connection(mine.detach())
        self._end = weakref.finalize(self, _ended, self._process, self._pipe)
        return self._pipe

    def _forget(self) -> None:
        self._end()
        self._process, self._pipe, self._ready = None, None, False

    def _asked(
        self, pipe: Connection, what: str, arguments: tuple[object, ...], within: float, told: Callable[[Any], None]
    ) -> Any:
        try:
            if not self._ready and pipe.poll(START_SECONDS):
                self._ready = pipe.recv() == (READY, None)
            pipe.send((what, arguments, within))
            while self._ready and pipe.poll(within + SLACK):
                kind, answer = pipe.recv()
                if kind != TOLD:
                    return _taken(kind, answer)
                self._tell(told, answer)
        except (EOFError, OSError) as error:
            raise self._broken_off(within) from error
        self._forget()
        raise Busy("the machine has too much else to do to look at the draft.")

    def _tell(self, told: Callable[[Any], None], answer: Any) -> None:
        try:
            told(answer)
        except BaseException:
            self._forget()  # nobody wants the rest: what comes yet is no answer to the next question
            raise

    def _broken_off(self, within: float) -> Unanswered:
        process = self._process
        self._forget()
        if process and process.returncode == -signal.SIGPROF:
            return Unanswered(
                f"looking at the draft took more than {round(within, 1):g} seconds.", hint="Split the file."
            )
        return Unanswered("looking at the draft was broken off.", hint="Try again.")


def _ended(process: subprocess.Popen[bytes], pipe: Connection) -> None:
    process.kill()
    process.wait()
    pipe.close()


def _taken(kind: str, answer: Any) -> Any:
    if kind == DONE:
        return answer
    if kind == BROKEN:
        log.error("Looking at a draft failed: %s", answer)
        raise Unanswered("looking at the draft failed.", hint="The reason stands in Liaison's log.")
    what, where, hint = answer
    raise LiaisonError(what, where=where, hint=hint)


def serve(descriptor: int, room: str, where: str) -> None:
    """In the process: answer until nobody asks any more. `where`: the processors that the service was started on."""
    pipe = Connection(descriptor)
    processors.spread(frozenset(int(cpu) for cpu in where.split(",") if cpu))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service's to hear
    os.nice(MODEST)
    asked, kept = import_module(room), dict[str, Any]()
    with contextlib.suppress(EOFError, OSError):
        pipe.send((READY, None))
        while pipe.poll(IDLE_SECONDS):
            what, arguments, within = pipe.recv()
            answer = _answered(getattr(asked, what), kept, arguments, _teller(pipe, within))
            signal.setitimer(signal.ITIMER_PROF, 0)
            pipe.send(answer)


def _teller(pipe: Connection, within: float) -> Callable[[Any], None]:
    """The signal ends the process. It goes by what the process works, not by what others keep it from working."""
    signal.setitimer(signal.ITIMER_PROF, within)

    def tell(what: Any) -> None:
        pipe.send((TOLD, what))
        signal.setitimer(signal.ITIMER_PROF, within)

    return tell


def _answered(
    function: Callable[..., Any], kept: dict[str, Any], arguments: tuple[object, ...], tell: Callable[[Any], None]
) -> tuple[str, Any]:
    try:
        return DONE, function(kept, *arguments, tell=tell)
    except LiaisonError as error:
        return REFUSED, (error.what, error.where, error.hint)
    except Exception as error:  # noqa: BLE001 - the process lives on; the service logs it and says so
        return BROKEN, repr(error)
