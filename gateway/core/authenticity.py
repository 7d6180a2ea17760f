"""Stage 5, authenticity: whether the author is who he names, and what that makes the message.

Nobody logs in another's name: a user's name counts only when something proves it. A passive copy is never refused.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.core import delivery, hops
from gateway.core.facts import Facts, User
from gateway.core.model import Channel, Message, Outcome, Proof
from gateway.core.questions import Case
from gateway.core.reasons import finding
from gateway.core.results import Direction, Kind, People, Person, Standing, Stop


def judge(case: Case, facts: Facts, people: People, *, wrapped: bool) -> Standing:
    """Direction and proof of the original; of a journal report that is still `wrapped` neither can be told."""
    author, channel = people.author, case.recipient.channel
    if author is None or (wrapped and not channel.explicit):
        return Standing(Direction.NONE, finding("authenticity", "sender.unknown"), explicit=True)
    if channel is Channel.FORWARD or (channel is Channel.BCC and case.original):
        return _forwarded(case, facts, people, author)
    writer = _writer(people)
    proven = _proven(case, facts, case.message, author.canonical, writer)
    if writer:
        return _users_mail(case, facts, author.canonical, writer, proven=proven)
    if not channel.explicit:
        return _incoming(people, proven=proven)
    if proven and people.exposed and author.contact:
        incoming = _incoming(people, proven=True)
        return replace(incoming, finding=finding("authenticity", "sender.answers_all"))
    return _strangers(proven=proven)


def _forwarded(case: Case, facts: Facts, people: People, author: Person) -> Standing:
    """The forwarder must be proven; the author of the original is who the forwarder says it is."""
    redirected = case.unwrapped.sent_on_by if case.unwrapped else None
    mailbox = redirected or next(iter(case.outer.from_), None)
    canonical = mailbox.canonical if mailbox else ""
    forwarder = facts.users.get(canonical)
    proven = _proven(case, facts, case.outer, canonical, forwarder)
    if forwarder:
        standing = _users_mail(case, facts, canonical, forwarder, proven=proven)
        direction = Direction.OUT if author.user else Direction.IN
        seen = finding("authenticity", "sender.forwarder", forwarder.address) if proven else standing.finding
        return replace(standing, direction=direction, finding=seen, writer=None, forwarder=forwarder)
    if proven and case.unwrapped and "unwrap.automatic" in case.unwrapped.findings:
        return _incoming(people, proven=True)
    return _strangers(proven=proven)


def _strangers(*, proven: bool) -> Standing:
    """Nobody's user asked for this copy."""
    stop = Stop(Outcome.HELD if proven else Outcome.SKIPPED, "sender.unknown")
    seen = finding("authenticity", "sender.unknown")
    return Standing(Direction.IN, seen, explicit=True, proven=proven, stop=stop)


def _writer(people: People) -> User | None:
    """From's user; for mail from another own address (a shared mailbox, a colleague) Sender's user."""
    author, sender = people.author, people.sender
    if author and author.user:
        return author.user
    if author and author.kind is not Kind.EXTERNAL and sender:
        return sender.user
    return None


def _proven(case: Case, facts: Facts, message: Message, canonical: str, writer: User | None) -> bool:
    """Whether something speaks for this address as the author of `message`, the copy or what was in it."""
    if len(message.from_) != 1 or not canonical or "author.ambiguous" in message.findings:
        return False
    reported = case.unwrapped is not None and case.unwrapped.journal is not None
    if reported and not _journalled_inside(case, facts):
        return False
    domain = canonical.rpartition("@")[2]
    for proof in case.evidence.proofs:
        if proof.method == "source" or (proof.method in ("dkim", "arc") and proof.name == domain):
            return True
        if proof.method == "spf" and proof.name == domain and facts.account.settings.sender_proof == "spf_is_enough":
            return True
        login = facts.users.get(proof.name) if proof.method == "smtp_auth" else None
        if login and writer and login.id == writer.id:
            return True
    return False


def _journalled_inside(case: Case, facts: Facts) -> bool:
    """Whether a report's own word proves the author: mail servers journal spoofed mail from outside as internal.

    A report that came from outside itself, by way of the alternate mailbox, is no report of the account's servers.
    """
    if case.unwrapped and "sender.unverified" in case.unwrapped.findings:
        return False
    sources = delivery.sources(case.envelope, case.recipient)
    return not hops.from_outside((case.outer, case.message), facts.account.domains, sources)


def _users_mail(case: Case, facts: Facts, canonical: str, writer: User, *, proven: bool) -> Standing:
    explicit, settings = case.recipient.channel.explicit, facts.account.settings
    believed = proven or settings.sender_proof == "off"
    slug = "sender.proven" if proven else "sender.believed" if believed else "sender.unverified"
    stop = None
    if not believed and not explicit:
        stop = Stop(Outcome.SKIPPED, "sender.unverified")
    elif not believed and Proof("spf", canonical.rpartition("@")[2]) in case.evidence.proofs:
        slug, stop = "sender.spf_only", Stop(Outcome.HELD, "sender.spf_only")
    elif not believed:
        refuses = settings.unproven_user == "refuse" and case.may_refuse
        stop = Stop(Outcome.REFUSED if refuses else Outcome.HELD, "sender.unverified")
    elif not writer.may_log:
        stop = Stop(Outcome.SKIPPED, "sender.not_permitted")
    seen = finding("authenticity", slug, writer.address)
    return Standing(Direction.OUT, seen, explicit=explicit, proven=believed, writer=writer, stop=stop)


def _incoming(people: People, *, proven: bool) -> Standing:
    """Somebody else's mail: a user or a shared mailbox must be among its recipients."""
    recipients = people.addressed()
    users = [p.user for p in recipients if p.user]
    shared = any(p.kind is Kind.SHARED for p in recipients)
    seen = finding("authenticity", "sender.proven" if proven else "sender.unverified")
    flags = () if proven else ("sender.unverified",)
    if not users and not shared:
        nobody = Stop(Outcome.SKIPPED, "participants.no_user")
        return Standing(Direction.NONE, seen, explicit=False, proven=proven, stop=nobody)
    barred = not shared and not any(user.may_log for user in users)
    stop = Stop(Outcome.SKIPPED, "sender.not_permitted") if barred else None
    return Standing(Direction.IN, seen, explicit=False, proven=proven, flags=flags, stop=stop)
