"""The error tree. Every error a person can see says what, where, which value, and what to do next.

    LiaisonError
    ├── SettingsError        liaison.yaml or manifest.yaml cannot be used
    ├── RulesError           rules or catalogue cannot be used; carries every problem found
    ├── WordsError           a message cannot be made from its template and the facts at hand
    ├── PayloadError         a delivery, or a platform's answer, that is not the shape it claims to be
    ├── StoreError           the store cannot take or give what was asked
    │   └── Fenced           another runner has claimed the ticket since; nothing of ours was committed
    └── PlatformError        Jira or ServiceNow answered, or did not
        ├── Refused          it said no (4xx): shown with its own words, retried by hand
        ├── NotThere         it has no such ticket, or hides it from us
        ├── Unavailable      certainly nothing was done; try again
        ├── Paused           429: try again, not before `until`, within `scope`
        └── InDoubt          the request left and no trustworthy answer came: it may have been done

`permanent` decides retrying: a permanent error is not tried again by itself.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LiaisonError(Exception):
    """An error whose text people read. `where` is a file:line:col, a setting, or site and ticket."""

    permanent = True

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.hint = what, where, hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} {self.hint}" if self.hint else text


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a rules file. Lines and columns count from 1; 0 means the file as a whole."""

    path: str
    line: int
    column: int
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class SettingsError(LiaisonError):
    """`problems`, where the file could be read: everything wrong with it, at once."""

    def __init__(self, what: str, *, where: str = "", hint: str = "", problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(what, where=where, hint=hint)
        self.problems = problems


class RulesError(LiaisonError):
    """Everything wrong with a set of rules, at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        count = len(problems)
        super().__init__(
            f"{count} {'problem' if count == 1 else 'problems'} in the rules:\n" + "\n".join(str(p) for p in problems)
        )
        self.problems = problems


class WordsError(LiaisonError): ...


class PayloadError(LiaisonError): ...


class StoreError(LiaisonError):
    permanent = False


class Fenced(StoreError): ...


class PlatformError(LiaisonError):
    """`status` is the HTTP status where there was one, else 0."""

    permanent = False

    def __init__(self, what: str, *, where: str = "", hint: str = "", status: int = 0) -> None:
        super().__init__(what, where=where, hint=hint)
        self.status = status


class Refused(PlatformError):
    permanent = True


class NotThere(PlatformError):
    permanent = True


class Unavailable(PlatformError): ...


class Scope(StrEnum):
    """What a 429 pauses."""

    ISSUE = "issue"
    ENDPOINT = "endpoint"
    SITE = "site"


class Paused(PlatformError):
    def __init__(self, what: str, *, until: datetime, scope: Scope, where: str = "", status: int = 429) -> None:
        super().__init__(what, where=where, status=status)
        self.until, self.scope = until, scope


class InDoubt(PlatformError): ...
