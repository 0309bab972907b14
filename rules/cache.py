"""Rule sets as they were read, kept by what they were read from: ten thousand rules need seconds to read.

A kept rule set is believed only where nobody else can have written it, and nothing but values of this language is ever
made of it.
"""

import hashlib
import io
import logging
import os
import pickle
import platform
import stat
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from rules.language import RuleSet

log = logging.getLogger("liaison.rules")
SUFFIX = ".rules"
MOST_KEPT = 4
OURS = ("core.", "rules.")
PLAIN = {
    "datetime": frozenset({"date", "datetime", "time", "timedelta", "timezone"}),
    "builtins": frozenset({"frozenset", "set"}),
}
SEAL = 32  # bytes
FAILURES = (OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, LookupError, TypeError, ValueError)
"""How an unpickler takes leave of what another version wrote."""
CODE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Cache:
    """`folder` is made where it is missing, for us alone. Whatever is wrong with it, the rules are read afresh."""

    folder: Path

    def get(self, key: str) -> RuleSet | None:
        try:
            content = self._content(key)
            found = Reader(io.BytesIO(content)).load() if content else None
        except FAILURES as error:
            log.warning("The kept rules in %s cannot be used and are read afresh: %s", self.folder, error)
            return None
        return found if isinstance(found, RuleSet) else None

    def put(self, key: str, rules: RuleSet) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _private(self.folder.lstat(), stat.S_ISDIR):
                return
            self._write(key, pickle.dumps(replace(rules), protocol=5))  # without what was compiled since
            self._forget()
        except (OSError, pickle.PicklingError, AttributeError, TypeError) as error:
            log.warning("The rules cannot be kept in %s: %s", self.folder, error)

    def _content(self, key: str) -> bytes:
        """Empty where there is none that can be trusted."""
        path = self.folder / f"{key}{SUFFIX}"
        if not path.exists() or not _private(self.folder.lstat(), stat.S_ISDIR):
            return b""
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
            content = stream.read() if _private(os.fstat(stream.fileno()), stat.S_ISREG) else b""
        if content[:SEAL] != _seal(content[SEAL:]):
            raise pickle.UnpicklingError(f"{path.name} is damaged")
        return content[SEAL:]

    def _write(self, key: str, content: bytes) -> None:
        """Whole or not at all."""
        half = self.folder / f"{key}.{os.getpid()}.half"
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(_seal(content) + content)
        half.replace(self.folder / f"{key}{SUFFIX}")

    def _forget(self) -> None:
        kept = sorted(self.folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)
        for path in kept[:-MOST_KEPT]:
            path.unlink(missing_ok=True)


def _seal(content: bytes) -> bytes:
    """Against half a file and a tired disk, not against people: those are kept out by the rights of the folder."""
    return hashlib.sha256(content).digest()


def _private(found: os.stat_result, is_kind: Any) -> bool:
    """Whether it is ours, and nobody else can write it."""
    ours = hasattr(os, "geteuid") and found.st_uid == os.geteuid()
    return bool(is_kind(found.st_mode)) and ours and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


class Reader(pickle.Unpickler):
    """Makes dataclasses and enumerations of this language, times and sets; of anything else it makes nothing."""

    def find_class(self, module: str, name: str) -> Any:
        if name in PLAIN.get(module, ()):
            return super().find_class(module, name)
        if f"{module}.".startswith(OURS) and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and (hasattr(found, "__dataclass_fields__") or hasattr(found, "__members__")):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a rule set")


def key_of(sources: Iterable[tuple[str, bytes, bool]]) -> str:
    """Of everything that a rule set is made from: names and contents of the files, and the code that reads them."""
    digest = hashlib.sha256(_code().encode())
    for path, content, pack in sources:
        for part in (path.encode(errors="surrogateescape"), content, bytes([pack])):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


@cache
def _code() -> str:
    digest = hashlib.sha256(platform.python_version().encode())
    for file in sorted([*CODE.glob("core/*.py"), *CODE.glob("rules/*.py")]):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()
