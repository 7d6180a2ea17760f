"""What one stage of the decision hands to the next."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.core.facts import Contact, Entry, KnownMessage, KnownThread, User
from gateway.core.model import Finding, Outcome, Role


class Direction(StrEnum):
    """Who wrote the original: a user (outgoing), or somebody else to a user or shared mailbox (incoming)."""

    OUT = "outgoing"
    IN = "incoming"
    NONE = "neither"


@dataclass(frozen=True, slots=True)
class Stop:
    """A stage's word that ends the journey here (a hold still waits for the never-log list)."""

    outcome: Outcome
    reason: str
    entry_id: str | None = None


class Kind(StrEnum):
    """What an address is to the account."""

    USER = "user"
    SHARED = "shared"
    INTERNAL = "internal"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Person:
    """A participant with what the account knows of the address."""

    role: Role
    name: str
    address: str
    canonical: str
    kind: Kind
    user: User | None = None
    contact: Contact | None = None
    entries: tuple[Entry, ...] = ()
    """Never-log entries that its tokens hit; () for a user's own address."""
    tokens: tuple[str, ...] = ()
    """The tokens that hit them."""
    proven: bool = False
    """A journal report tells the role; of a header field only its writer does."""


RECIPIENT_ROLES = (Role.TO, Role.CC, Role.BCC)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in the message, those in other fields than those of the roles only if listed."""

    persons: tuple[Person, ...]
    author: Person | None
    sender: Person | None
    exposed: bool
    """A capture address stands in a visible field."""
    finding: Finding
    stop: Stop | None = None
    beside: tuple[Entry, ...] = ()
    """Never-log entries that something else in the copy hits: a hold would keep that, too."""

    def without(self, positions: Collection[int]) -> People:
        """The same people but for those at these positions."""
        return replace(self, persons=tuple(p for i, p in enumerate(self.persons) if i not in positions))

    def joined(self, others: Sequence[Person], private: Collection[int]) -> People:
        """These people at their positions, and those whom only another copy tells; at `private` this one doesn't."""
        mine = {(p.canonical, p.role) for i, p in enumerate(self.persons) if i not in private}
        return replace(self, persons=(*self.persons, *(p for p in others if (p.canonical, p.role) not in mine)))

    def outside(self) -> list[Person]:
        """Author and recipients who belong to nobody's company but their own."""
        return [p for p in (self.author, *self.recipients()) if p and p.canonical and p.kind is Kind.EXTERNAL]

    def recipients(self) -> list[Person]:
        """To, Cc and Bcc, one entry a person, in that order."""
        seen: dict[str, Person] = {}
        for role in RECIPIENT_ROLES:
            for person in self.persons:
                if person.role is role:
                    seen.setdefault(person.user.id if person.user else person.canonical, person)
        return list(seen.values())

    def addressed(self) -> list[Person]:
        """To, Cc and those hidden ones whom a report names: the Bcc field of somebody else's mail proves nothing."""
        return [p for p in self.recipients() if p.role is not Role.BCC or p.proven]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the author stands. `writer` is the user whose mail it is, if it is one's."""

    direction: Direction
    finding: Finding
    explicit: bool
    """Decided as a copy that a person asked for."""
    proven: bool = False
    approved: bool = False
    """An admin lets through what this contact sends."""
    writer: User | None = None
    forwarder: User | None = None
    """The user who forwarded the original."""
    flags: tuple[str, ...] = ()
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the never-log list leaves of the message."""

    finding: Finding
    passed_over: Mapping[int, Entry]
    """By position in People.persons."""
    without: frozenset[str] = frozenset()
    """Users whose own entries keep their copy out: no candidates for attribution."""
    stop: Stop | None = None
    whole: tuple[str, ...] = ()
    """Ids of entries for all users that keep every copy of the message out, by the word of somebody who is believed."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """What is known of other copies. `same` is the earlier copy of this very mail."""

    finding: Finding
    same: KnownMessage | None = None
    reused_id: bool = False
    """Another message used its id before."""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the message stands among threads, before any policy."""

    finding: Finding
    thread: KnownThread | None = None
    counts: bool = True
    """False where the message stands in the thread by its ids alone: then the thread says nothing for it."""
    follows: bool = True
    """It answers a message of the thread; otherwise others answer it."""
    names: tuple[str, ...] = ()
    """By which later messages find it."""
    merge: tuple[str, ...] = ()
    subject_differs: bool = False
    """From the message that it answers."""
    forward_of: str | None = None
    apart: bool = False
    """It passes a thread on to outsiders: the ids it names don't lead to it."""
    flags: tuple[str, ...] = ()

    @property
    def logged(self) -> bool:
        """It counts as a reply in a logged thread."""
        return self.counts and self.follows and self.thread is not None and self.thread.logged

    @property
    def contacts(self) -> tuple[Contact, ...]:
        return tuple(c for c in self.thread.contacts if not c.listed) if self.thread and self.counts else ()
