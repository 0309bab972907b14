import pytest

from app.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    store.upgrade()
    store.start()
    yield store
    store.close()
