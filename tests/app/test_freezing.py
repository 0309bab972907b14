"""A frozen process goes on where it was."""

import signal
import subprocess
import sys
import time

PROGRAM = """
import sys, threading
from app.stopping import signals_held, until_asked
done = threading.Event()
with signals_held():
    print("up", flush=True)
    until_asked(lambda: done.wait(60))
print("asked", flush=True)
"""


def test_a_server_that_was_stopped_and_continued_serves_on_and_still_ends_when_asked():
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"up\n"
            time.sleep(0.5)  # until it waits
            process.send_signal(signal.SIGSTOP)
            time.sleep(1.5)
            process.send_signal(signal.SIGCONT)
            time.sleep(0.5)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.stdout.readline() == b"asked\n"
            assert process.wait(5) == 0
        finally:
            process.kill()
