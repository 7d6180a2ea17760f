"""What was decided about one case: everything that is recorded, shown or answered comes from here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.core.facts import StoredParticipant
from gateway.core.model import Attachment, Channel, Finding, Outcome
from gateway.core.results import Direction


@dataclass(frozen=True, slots=True)
class Target:
    """A record that the activity is written on. No contact id yet: the contact is created."""

    canonical: str
    address: str
    name: str
    contact_id: str | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """In whose name the activity counts, by which rule, and what the choice was made from."""

    slug: str
    user_id: str | None = None
    candidates: tuple[str, ...] = ()
    """User ids."""
    owner_id: str | None = None


@dataclass(frozen=True, slots=True)
class ThreadPlan:
    """Where the message stands among others. All ids and members are keyed hashes."""

    join: str | None
    """Thread id; None starts a new one."""
    counts: bool = True
    """False: it is among the thread's messages, but takes no part in it."""
    merge: tuple[str, ...] = ()
    """Other threads that become the joined one."""
    names: tuple[str, ...] = ()
    """By which later messages find it."""
    parents: tuple[str, ...] = ()
    """Names of the messages that it refers to; unknown ones are remembered as phantoms."""
    hint: str = ""
    """The conversation that Thread-Index names."""
    members: tuple[str, ...] = ()
    """Who takes part in the thread by this message, if it is logged."""
    forward_of: str | None = None
    """Activity that the message passes on to outsiders."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What threads and duplicates need of a message, logged or not: keyed hashes only."""

    ids: tuple[tuple[str, str], ...]
    """By which it is known, each with how: "" its own, "alias" one that it had before, "link" the one that a forward
    within a text answers, perhaps the original's.
    """
    anchor_hash: str
    author_hash: str
    text_hash: str
    subject_hash: str
    thread: ThreadPlan
    first: bool = True
    """No copy of it came before."""
    reachable: bool = True
    """False for a later message that reuses an id: replies naming that id mean the first."""

    def conflict(self, way: str) -> str:
        """Tells it from another message of the same author and date under this id; "" for the first one's own id."""
        if way:
            return self.ids[0][1]
        return "" if self.reachable else self.text_hash


@dataclass(frozen=True, slots=True)
class Activity:
    """A logged message as it is to be stored, or as it becomes when another copy merges into it."""

    direction: Direction
    explicit: bool
    message_id: str | None
    subject: str | None
    sent_at: int
    """Epoch ms; the arrival where the message has no possible date."""
    text: str
    reference: str
    """The capture address's +tag."""
    participants: tuple[StoredParticipant, ...]
    targets: tuple[Target, ...]
    attribution: Attribution
    attachments: tuple[Attachment, ...]
    richness: str
    into: str | None = None
    """The activity it merges into; None for a new one."""
    replaces_content: bool = True
    """Whether this copy's text and raw message become the activity's."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Outcome and reason for one recipient of one message, with all that follows from it."""

    trace_id: str
    account_id: str
    account_name: str
    channel: Channel
    at: int
    outcome: Outcome
    reason: str
    size: int
    retry_hash: str
    number: int
    """Which of the copy's originals."""
    id_hash: str | None
    flags: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    entry_id: str | None = None
    first: str | None = None
    """Id of the decision that this one repeats."""
    activity: Activity | None = None
    remembered: Remembered | None = None
    calls: tuple[Decision, ...] = ()
    """Later decisions about replies that waited for this message."""
    redact: tuple[str, ...] = ()
    """Tokens of passed-over participants: they are taken out of whatever is stored."""
    passed_over: tuple[StoredParticipant, ...] = ()
    """The placeholders that stand for them."""
    waits_until: int | None = None
    """Epoch ms: a reply that came before its parent is kept that long, sealed."""
    keeps_out: tuple[str, ...] = ()
    """Ids of never-log entries that keep other copies of the message out as well, whomever they show."""
    withdraws: str | None = None
    """Id of an activity that the never-log list takes back."""
    failed: tuple[tuple[str, str], ...] = ()
    """(activity id, canonical address) of deliveries that a bounce reports as failed."""

    def deferred(self, reason: str) -> Decision:
        """No decision yet: the sending server comes again."""
        return replace(
            self,
            outcome=Outcome.DEFERRED,
            reason=reason,
            flags=(),
            entry_id=None,
            activity=None,
            remembered=None,
            redact=(),
            waits_until=None,
            keeps_out=(),
            withdraws=None,
            failed=(),
        )

    @property
    def tombstone(self) -> bool:
        """Nothing of the message may be kept: never-log said no, or it is nobody's business here."""
        return self.outcome is Outcome.SKIPPED and (
            self.reason.startswith("never_log.") or self.reason in ("participants.no_user", "participants.unparsable")
        )
