"""Options of the whole suite."""

import flask
import jinja2
import pytest
from hypothesis import settings

# how long an example takes says more about the machine than about the code
settings.register_profile("unhurried", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("unhurried")


class Compiled(jinja2.BytecodeCache):
    """Pages are compiled once: each test makes an application of its own, and compiling takes longer than most tests."""

    def __init__(self):
        self.known = {}

    def load_bytecode(self, bucket):
        if bucket.key in self.known:
            bucket.bytecode_from_string(self.known[bucket.key])

    def dump_bytecode(self, bucket):
        self.known[bucket.key] = bucket.bytecode_to_string()


flask.Flask.jinja_options = {**flask.Flask.jinja_options, "bytecode_cache": Compiled()}


def pytest_addoption(parser):
    parser.addoption(
        "--accept", action="store_true", help="Write golden files anew: read them aloud before committing."
    )


@pytest.fixture(autouse=True, scope="session")
def no_draft_is_cut_off():
    """How long a draft may take depends on what else the machine does; tests of the limit set their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.surfaces.editor.SECONDS", 60.0)
        patch.setattr("app.surfaces.desk.SECONDS", 60.0)
        yield
