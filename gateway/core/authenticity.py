"""Stage 5, authenticity: whether the author is who he names, and what that makes the message.

Nobody logs in another's name: a user's name counts only when something proves it. A passive copy is never refused.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.core.facts import Facts, User
from gateway.core.model import Channel, Outcome, Proof
from gateway.core.questions import Case
from gateway.core.reasons import finding
from gateway.core.results import Direction, Kind, People, Person, Standing, Stop


def judge(case: Case, facts: Facts, people: People, *, wrapped: bool) -> Standing:
    """Direction and proof of the original; of a journal report that is still `wrapped` neither can be told."""
    author = people.author
    if author is None or (wrapped and case.recipient.channel is Channel.JOURNAL):
        return Standing(Direction.NONE, finding("authenticity", "sender.unknown"), explicit=True)
    writer = _writer(people)
    proven = _proven(case, facts, author, writer)
    if writer:
        return _users_mail(case, facts, author, writer, proven=proven)
    if not case.recipient.channel.explicit:
        return _incoming(people, proven=proven)
    if proven and people.exposed and author.contact:
        incoming = _incoming(people, proven=True)
        return replace(incoming, finding=finding("authenticity", "sender.answers_all"))
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


def _proven(case: Case, facts: Facts, author: Person, writer: User | None) -> bool:
    if len(case.message.from_) != 1 or not author.canonical or "author.ambiguous" in case.message.findings:
        return False
    domain = author.canonical.rpartition("@")[2]
    for proof in case.evidence.proofs:
        if proof.method == "source" or (proof.method in ("dkim", "arc") and proof.name == domain):
            return True
        if proof.method == "spf" and proof.name == domain and facts.account.settings.sender_proof == "spf_is_enough":
            return True
        login = facts.users.get(proof.name) if proof.method == "smtp_auth" else None
        if login and writer and login.id == writer.id:
            return True
    return False


def _users_mail(case: Case, facts: Facts, author: Person, writer: User, *, proven: bool) -> Standing:
    explicit, settings = case.recipient.channel.explicit, facts.account.settings
    believed = proven or settings.sender_proof == "off"
    slug = "sender.proven" if proven else "sender.believed" if believed else "sender.unverified"
    stop = None
    if not believed and not explicit:
        stop = Stop(Outcome.SKIPPED, "sender.unverified")
    elif not believed and Proof("spf", author.canonical.rpartition("@")[2]) in case.evidence.proofs:
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
