"""Who looks, and what they may do. A route names what it needs; what names nothing answers nobody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from core.errors import LiaisonError


class Role(StrEnum):
    """`VIEWER` reads, `AGENT` speaks in tickets, `EDITOR` drafts rules, `PUBLISHER` puts them into force."""

    VIEWER = "viewer"
    AGENT = "agent"
    EDITOR = "editor"
    PUBLISHER = "publisher"


class Open(StrEnum):
    """Needs no role. `ANYONE`: tells nothing about any ticket, so it answers whoever reaches the server. `LINK`: the
    address itself holds the secret (or asks for it), so it answers wherever pages answer, without a session.
    """

    ANYONE = "anyone"
    LINK = "link"


Needs = Role | Open
INCLUDES = {
    Role.VIEWER: frozenset({Role.VIEWER}),
    Role.AGENT: frozenset({Role.AGENT, Role.VIEWER}),
    Role.EDITOR: frozenset({Role.EDITOR, Role.VIEWER}),
    Role.PUBLISHER: frozenset({Role.PUBLISHER, Role.EDITOR, Role.VIEWER}),
}


def with_included(roles: Iterable[Role]) -> frozenset[Role]:
    return frozenset().union(*(INCLUDES[role] for role in roles))


@dataclass(frozen=True)
class Person:
    """Who is looking. `id` stands in the audit with all that they do, `name` is how they are called.

    `roles` are with all that they include. Without a session nobody acts, whatever the roles.
    """

    id: str = ""
    name: str = ""
    roles: frozenset[Role] = field(default_factory=frozenset)

    @property
    def signed_in(self) -> bool:
        return bool(self.id)

    def may(self, role: Role) -> bool:
        return role in self.roles


NOBODY = Person()
AT_THE_MACHINE = Person(roles=frozenset({Role.VIEWER}))
"""Looks from the machine itself, without a session."""
LOCAL_ADMIN = Person("local admin", "the local admin", frozenset(Role))


class Door(Protocol):
    """One-time links."""

    def let_in(self, token: str) -> Person | None:
        """Whom the link lets in; it works once. None where it is unknown, used or too old. Raises StoreError."""
        ...


class NotSignedIn(LiaisonError):
    """Signing in came to nothing; the words are for who tried. `who`: they are known, but have no role."""

    def __init__(self, what: str, *, hint: str = "", who: str = "") -> None:
        super().__init__(what, hint=hint)
        self.who = who


@dataclass(frozen=True)
class Begun:
    """A signing in under way. `address`: where the browser goes. The rest stays with us until it comes back."""

    address: str
    state: str
    nonce: str
    verifier: str


class Provider(Protocol):
    """Who vouches for people (OpenID Connect). Both methods raise NotSignedIn."""

    name: str
    """As people know it: the host."""

    def begin(self) -> Begun: ...

    def finish(self, begun: Begun, answer: Mapping[str, str]) -> Person:
        """`answer`: what the browser brought back."""
        ...
