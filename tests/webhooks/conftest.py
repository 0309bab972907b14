import pytest

from tests.webhooks.sending import Door


@pytest.fixture
def door() -> Door:
    return Door()
