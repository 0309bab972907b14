"""Options of the whole suite."""

import pytest
from hypothesis import settings

# how long an example takes says more about the machine than about the code
settings.register_profile("unhurried", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("unhurried")


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
