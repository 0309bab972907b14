"""The folder of the rules files, and what somebody would write into one of them."""

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile

from core.errors import LiaisonError, Problem
from rules.documents import MAX_BYTES
from rules.language import RuleSet
from rules.load import SUFFIXES, examine

BOM = b"\xef\xbb\xbf"
NEW_FILES = 0o644
MOST_PARTS = 8
LONGEST = 200


class DraftError(LiaisonError):
    """A draft that can be no file: its name, its size."""


@dataclass(frozen=True)
class Draft:
    """`file`: where, from the rules folder. `base`: the hash of the bytes that it began with, `""` for a new file.
    `text`: the whole file with plain line ends; None takes the file away.
    """

    file: str
    base: str
    text: str | None

    def content(self, before: bytes | None) -> bytes | None:
        """As bytes, with the line ends and the mark at the start that the file has now."""
        if self.text is None:
            return None
        text = self.text.replace("\r\n", "\n").replace("\r", "\n")
        if before and b"\r\n" in before and before.count(b"\r\n") * 2 > before.count(b"\n"):
            text = text.replace("\n", "\r\n")
        return (BOM if before and before.startswith(BOM) else b"") + text.encode()


class Folder:
    """What `rules:` of the settings names: a folder, one file, or nothing at all. Then nobody can draft."""

    def __init__(self, rules: Path | None) -> None:
        self.rules = rules
        self.single = rules is not None and rules.is_file()
        self.root = rules.parent if rules is not None and self.single else rules

    @property
    def paths(self) -> list[Path]:
        return [self.rules] if self.rules else []

    def names(self) -> tuple[str, ...]:
        """Every rules file, from the folder, in order."""
        if self.root is None or self.rules is None:
            return ()
        found = [self.rules] if self.single else self.root.rglob("*")
        files = (file for file in found if file.suffix in SUFFIXES and file.is_file())
        return tuple(sorted(file.relative_to(self.root).as_posix() for file in files))

    def contents(self) -> Mapping[str, bytes]:
        """Of every file that can be read."""
        found: dict[str, bytes] = {}
        for name in self.names():
            with suppress(DraftError):
                content = self.read(name)
                found |= {} if content is None else {name: content}
        return found

    def path(self, name: str) -> Path:
        """Raises DraftError where no rules file can have that name: nothing outside the folder is read or written."""
        parts = PurePosixPath(name).parts
        whole = "/".join(parts) == name and name.isprintable() and not set(name) & set('\\:*?"<>|')
        if not name or not whole or {".", "..", "/"} & set(parts) or len(name) > LONGEST or len(parts) > MOST_PARTS:
            raise DraftError(f"{name[:LONGEST]!r} can be no rules file.", hint="Name it like payments.yaml.")
        if PurePosixPath(name).suffix not in SUFFIXES:
            raise DraftError(f"{name!r} is not read: rules files end in .yaml or .yml.", hint="Add .yaml to its name.")
        if self.root is None:
            raise DraftError("there is no folder for rules.", hint="Name one in liaison.yaml: `rules: ./rules.d`.")
        path = self.root / name
        if self.single and path != self.rules:
            raise DraftError(f"only {self.rules.name if self.rules else ''} is read.", hint="Let `rules:` be a folder.")
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise DraftError(f"{name!r} leads out of the rules folder.", hint="Put the file itself into the folder.")
        return path

    def read(self, name: str) -> bytes | None:
        """None where there is none. Raises DraftError."""
        try:
            with self.path(name).open("rb") as stream:
                return stream.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DraftError(f"{name} cannot be read: {error.strerror}.", hint="Check its rights.") from error

    def write(self, name: str, content: bytes | None, base: str) -> bool:
        """Whole or not at all, and only over the content whose hash is `base`; False where it is another by now.
        Raises DraftError where the disk refuses.
        """
        path = self.path(name)
        try:
            if content is None:
                return self._taken_away(path, name, base)
            path.parent.mkdir(parents=True, exist_ok=True)
            return self._replaced(path, name, content, base)
        except OSError as error:
            hint = "Check the rights of the folder and the space on the disk. Nothing was changed."
            raise DraftError(f"{name} cannot be written: {error.strerror}.", hint=hint) from error

    def _replaced(self, path: Path, name: str, content: bytes, base: str) -> bool:
        target = path.resolve()  # a link stays a link
        # a name that nobody reads: neither the loader nor the watcher look at it
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", suffix=".new", delete=False) as new:
            temporary = Path(new.name)
            try:
                new.write(content)
                new.flush()
                os.fchmod(new.fileno(), target.stat().st_mode & 0o777 if target.exists() else NEW_FILES)
                os.fsync(new.fileno())
                if hash_of(self.read(name)) != base:
                    return False
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)
        _settled(target.parent)
        return True

    def _taken_away(self, path: Path, name: str, base: str) -> bool:
        if hash_of(self.read(name)) != base:
            return False
        path.unlink(missing_ok=True)
        _settled(path.parent)
        return True

    def examined(self, draft: Draft, *, wording: bool = False) -> tuple[RuleSet, tuple[Problem, ...]]:
        """The whole set as it would be with the draft in it, and all problems. Raises DraftError."""
        path = self.path(draft.file)
        content = draft.content(self.read(draft.file))
        return examine(self.paths, wording=wording, instead={path: content})

    def shown(self, path: str) -> str:
        """A path as errors tell it, from the rules folder."""
        inside = self.root is not None and Path(path).is_relative_to(self.root)
        return Path(path).relative_to(self.root).as_posix() if inside and self.root else path


def hash_of(content: bytes | None) -> str:
    """`""` for a file that is not there."""
    return "" if content is None else hashlib.sha256(content).hexdigest()


def text_of(content: bytes | None) -> str:
    """With plain line ends; raises DraftError where it is no text."""
    try:
        return (content or b"").decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise DraftError("the file is not UTF-8.", hint="Save it as UTF-8 with an editor of your own.") from error


def _settled(folder: Path) -> None:
    """The folder's own entry is on disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
