"""Options of the whole suite."""


def pytest_addoption(parser):
    parser.addoption(
        "--accept", action="store_true", help="Write golden files anew: read them aloud before committing."
    )
