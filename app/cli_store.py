"""The store of an installation, for commands that look into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.cli_common import without_secrets
from app.store import Store
from core.errors import LiaisonError


@contextmanager
def opened(config: Path) -> Iterator[Store]:
    """The installation's store. Raises LiaisonError where there is none yet."""
    settings = without_secrets(config)
    path = Path(settings.store.removeprefix("sqlite:///"))
    if not path.exists():
        raise LiaisonError("there is no store yet.", where=settings.store, hint="Start `liaison serve` first.")
    store = Store(settings.store)
    store.upgrade()
    store.start()
    try:
        yield store
    finally:
        store.close()
