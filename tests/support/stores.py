"""A store with all its tables: the real upgrade makes it once, and what it made is copied for each test."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from app.store import Store


def ready(file: Path) -> None:
    """A new one, unless it is there already."""
    if not file.exists():
        file.write_bytes(_made())


@cache
def _made() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "liaison.db"
        store = Store(f"sqlite:///{file}")
        store.upgrade()
        store.close()
        assert [other.name for other in Path(folder).iterdir()] == [file.name], "all of it is in the one file"
        return file.read_bytes()
