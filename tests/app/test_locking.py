"""One server for one store."""

import subprocess
import sys

import pytest

from app.locking import only_one
from core.errors import StoreError

HOLD = """
import sys, time
from app.locking import only_one
with only_one(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_server_is_refused_in_words(tmp_path):
    store = f"sqlite:///{tmp_path}/liaison.db"
    with (
        only_one(store),
        pytest.raises(StoreError, match="another Liaison serves this store") as caught,
        only_one(store),
    ):
        pass
    assert store in str(caught.value)


def test_another_store_is_free(tmp_path):
    with only_one(f"sqlite:///{tmp_path}/a.db"), only_one(f"sqlite:///{tmp_path}/b.db"):
        pass


def test_a_stopped_server_leaves_the_store_to_the_next(tmp_path):
    store = f"sqlite:///{tmp_path}/liaison.db"
    for _ in range(2):
        with only_one(store):
            pass


def test_a_killed_server_holds_nothing(tmp_path, request):
    store = f"sqlite:///{tmp_path}/liaison.db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, store], stdout=subprocess.PIPE, text=True, cwd=request.config.rootpath
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StoreError), only_one(store):
            pass
        other.kill()
        other.wait(10)
        with only_one(store):
            pass


def test_the_folder_is_made(tmp_path):
    with only_one(f"sqlite:///{tmp_path}/new/liaison.db"):
        assert (tmp_path / "new").is_dir()


@pytest.mark.parametrize("place", ["file/liaison.db", "folder.db"])
def test_an_unusable_place_is_said_in_words(tmp_path, place):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.db.lock").mkdir()
    with pytest.raises(StoreError, match="cannot be used"), only_one(f"sqlite:///{tmp_path}/{place}"):
        pass
