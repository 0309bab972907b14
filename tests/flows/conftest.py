import pytest

from tests.support.world import world as open_world


@pytest.fixture
def world(tmp_path):
    """A whole Liaison with small rules between two real stand-ins."""
    with open_world(tmp_path) as one:
        yield one
