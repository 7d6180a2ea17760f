"""What the store knows that bears on one case: read in the transaction in which the decision is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.core.model import Channel, Outcome, Role


class Rule(StrEnum):
    """The account's logging rule for passive copies."""

    REPLIES_ONLY = "replies_only"
    LOG_ALL = "log_all"
    LOG_ALL_AND_CREATE = "log_all_and_create"


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """What an account's admins may choose. Defaults are those of a new account."""

    rule: Rule = Rule.REPLIES_ONLY
    sender_proof: str = "required"
    """required, spf_is_enough, or off (From is taken at its word)."""
    arc_sealers: frozenset[str] = frozenset()
    """Domains of forwarders whose ARC seals are believed (RFC 8617)."""
    unproven_user: str = "refuse"
    """What an explicit copy in a user's unproven name gets: refuse (550 5.7.26) or hold. Also a copy without From."""
    strict_subject: bool = False
    """A reply joins its thread only under the same base subject."""
    late_parent_hours: int = 0
    """How long a reply that came before its parent waits for it, kept encrypted; 0: nothing is kept."""
    subaddressing: bool = True
    """name+tag@ in the own domains is name@."""
    automated_allow: frozenset[str] = frozenset()
    """Classes of automated mail that may log."""
    held_days: int = 30
    """How long held mail waits for a person."""
    activity_days: int = 0
    """How long what was logged is kept, from its arrival; 0, as for the next: for ever."""
    message_days: int = 0
    """How long an activity keeps the bytes of its message."""
    skipped_days: int = 0
    """How long the decisions about skipped mail stay on record."""
    audit_days: int = 0
    """How long the record of changes goes back."""


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant."""

    id: str
    name: str
    domains: frozenset[str]
    """A-labels of its own domains."""
    settings: AccountSettings = AccountSettings()
    has_entries: bool = False
    """Whether its never-log list holds anything."""


@dataclass(frozen=True, slots=True)
class User:
    """A colleague. `may_log`: active and permitted to log personal mail."""

    id: str
    address: str
    may_log: bool = True


@dataclass(frozen=True, slots=True)
class Contact:
    """An outside person on record."""

    id: str
    address: str
    owner_id: str | None = None
    listed: bool = False
    """Whether the account's never-log list names one of its addresses; known for contacts of a thread only."""
    approved: bool = False
    """Whether an admin lets through what it sends to a Bcc address from this one; known for a message's own people."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A never-log entry that one of the message's addresses hit."""

    id: str
    kind: str
    """address, domain or subdomain."""
    effect: str
    """participant or message."""
    user_id: str | None = None
    """The user whose copies it covers; None for all users."""


@dataclass(frozen=True, slots=True)
class StoredParticipant:
    """A participant as an activity keeps it; a placeholder has an entry and no address."""

    role: Role
    name: str
    address: str
    canonical: str
    user_id: str | None = None
    contact_id: str | None = None
    entry_id: str | None = None
    hidden: bool = False
    """A Bcc recipient: shown to author, himself and admins only."""


@dataclass(frozen=True, slots=True)
class KnownActivity:
    """An activity that a copy may merge into."""

    id: str
    explicit: bool
    """One of its copies was asked for by a person."""
    opened_at: int
    participants: tuple[StoredParticipant, ...]
    contacts: tuple[Contact, ...]
    user_id: str | None
    attribution: str
    richness: str
    """Sorts copies of one message: the greatest supplies text and raw message."""
    subject: str | None = None
    attachments: int = 0
    thread_id: str | None = None
    candidates: tuple[str, ...] = ()
    owner_id: str | None = None


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """An earlier message of this account with the same Message-ID."""

    anchor_hash: str
    author_hash: str
    text_hash: str
    subject_hash: str
    outcome: Outcome
    activity: KnownActivity | None = None
    thread_id: str | None = None
    renamed: bool = False
    """One of the two has the other's id as one that it had before."""
    reachable: bool = True
    """The first one of its id, whom others mean by it."""
    erased: bool = False
    """What was kept of it was erased, by age or on somebody's demand: no copy of it brings that back."""


@dataclass(frozen=True, slots=True)
class KnownThread:
    """The thread that a name (the hash of a Message-ID, or of one with a base subject) leads to."""

    id: str
    seen: bool
    """A message of that name came; otherwise only others named it (a phantom)."""
    seen_at: int
    """When that message came, or the name was first heard of; epoch ms."""
    subject_hash: str
    """Of the thread's first message."""
    messages: int
    started_at: int
    logged: bool = False
    """One activity stands in it."""
    members: frozenset[str] = frozenset()
    """Those who take part in its activities: `user:` and the id, or the hash of an outside address."""
    contacts: tuple[Contact, ...] = ()
    """Those on whose record its activities are, oldest first."""
    activity_id: str | None = None
    """The activity of the message of that name."""


@dataclass(frozen=True, slots=True)
class FirstDecision:
    """The decision that a repeat of the same bytes and envelope meets."""

    id: str
    trace_id: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known about one case. Maps are keyed by canonical address unless they say otherwise."""

    account: Account
    channel: Channel
    capture_user_id: str | None = None
    first: FirstDecision | None = None
    barred: Entry | None = None
    """The entry that kept another copy out, and this one with it."""
    users: Mapping[str, User] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    """Shared mailboxes and lists of the account, among the message's addresses."""
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    listed: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    """By address-like token, as the message wrote it."""
    same_id: tuple[KnownMessage, ...] = ()
    linked: tuple[KnownMessage, ...] = ()
    """Messages whose id this forward names, and forwards that named this message's id."""
    threads: Mapping[str, KnownThread] = field(default_factory=dict)
    """By name, as the questions give them."""
    owners: Mapping[str, User] = field(default_factory=dict)
    """Contacts' owners, by user id."""
    latest: Mapping[str, User] = field(default_factory=dict)
    """User of the latest activity, by contact id."""
    reported: Mapping[str, KnownActivity] = field(default_factory=dict)
    """Activities that a bounce names, by Message-ID hash."""
