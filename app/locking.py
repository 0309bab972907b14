"""One server for one SQLite store: a second one would attend to the same tickets."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.bookmark import Bookmark
from core.errors import StoreError


@contextmanager
def only_one(store: str) -> Iterator[Bookmark]:
    """Hold the store for this process. Raises StoreError where another server holds it; a killed one holds nothing."""
    path = Path(store.removeprefix("sqlite:///") + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not path.exists()
        opened = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b", buffering=0)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be used: {error.strerror}.", where=store, hint="Check the path and its rights."
        ) from error
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(
                "another Liaison serves this store.", where=store, hint="Stop it, or give this one its own store."
            ) from error
        yield Bookmark(file.fileno(), new=new)
