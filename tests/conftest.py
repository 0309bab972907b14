"""Options of the whole suite."""

from hypothesis import settings

# how long an example takes says more about the machine than about the code
settings.register_profile("unhurried", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("unhurried")


def pytest_addoption(parser):
    parser.addoption(
        "--accept", action="store_true", help="Write golden files anew: read them aloud before committing."
    )
