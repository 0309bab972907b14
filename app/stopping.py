"""Stopping in order: the first signal asks for it, a second one ends the process at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ASKING = frozenset({signal.SIGTERM, signal.SIGINT})
LOOK_SECONDS = 0.2


@contextmanager
def signals_held() -> Iterator[None]:
    """Signals wait from here on; enter before the first thread starts, because threads inherit it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ASKING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def until_asked(run: Callable[[], None]) -> threading.Thread:
    """Run it in a thread until a signal comes, or it ends; returns the thread. From then on a signal kills."""
    failed: list[BaseException] = []

    def running() -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001 - raised below, in the main thread
            failed.append(error)

    thread = threading.Thread(target=running, name="engine", daemon=True)
    thread.start()
    # not sigtimedwait: after a SIGSTOP and SIGCONT that outlast its time-out, CPython's answers with a made-up signal
    while thread.is_alive() and not signal.sigpending() & ASKING:
        thread.join(LOOK_SECONDS)
    if signal.sigpending() & ASKING:
        signal.sigwait(ASKING)
    for one in ASKING:
        signal.signal(one, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKING)
    if failed:
        raise failed[0]
    return thread
