"""Stage 5, authenticity: whether the author is who he names, and what that makes the message.

Nobody logs in another's name: a user's name counts only when something proves it. A passive copy is never refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.core import delivery, hops
from gateway.core.facts import Facts, User
from gateway.core.model import Channel, Message, Outcome, Proof
from gateway.core.questions import Case
from gateway.core.reasons import finding
from gateway.core.results import Direction, Kind, People, Person, Standing, Stop

_METHODS = {
    "smtp_auth": "by SMTP AUTH",
    "dkim": "by DKIM",
    "arc": "by a trusted ARC seal",
    "results": "by the word of the source's Authentication-Results",
    "source": "by a source that vouches",
    "spf": "by SPF alone",
    "person": "by the word of whoever approved it",
}


def judge(case: Case, facts: Facts, people: People, *, wrapped: bool) -> Standing:
    """Direction and proof of the original; of a journal report that is still `wrapped` neither can be told."""
    author, channel = people.author, case.recipient.channel
    if author is None or (wrapped and not channel.explicit):
        return Standing(Direction.NONE, finding("authenticity", "sender.unknown"), explicit=True)
    if channel is Channel.FORWARD or (channel is Channel.BCC and case.original):
        return _forwarded(case, facts, people, author)
    writer = _writer(people)
    proofs = _proofs(case, facts, case.message, author.canonical, writer)
    if writer and not author.user:
        covering = [proof for proof in proofs if _covers_sender(proof, case, people)]
        if proofs and not covering:  # the company's own mail, but whose? A person may know
            case = replace(case, may_refuse=False)
        proofs = covering
    if writer:
        return _users_mail(case, facts, author.canonical, writer, proofs)
    proof = next(iter(proofs), None)
    if not channel.explicit:
        return _incoming(case, people, proof)
    if proof and author.contact and author.contact.approved:
        seen = finding("authenticity", "sender.approved", _by(proof))
        return replace(_incoming(case, people, proof), finding=seen, approved=True)
    if proof and people.exposed and author.contact:
        incoming = _incoming(case, people, proof)
        return replace(incoming, finding=finding("authenticity", "sender.answers_all", _by(proof)))
    return _strangers(proof)


def _forwarded(case: Case, facts: Facts, people: People, author: Person) -> Standing:
    """The forwarder must be proven; the author of the original is who the forwarder says it is."""
    redirected = case.unwrapped.sent_on_by if case.unwrapped else None
    mailbox = redirected or next(iter(case.outer.from_), None)
    canonical = mailbox.canonical if mailbox else ""
    forwarder = facts.users.get(canonical)
    proofs = _proofs(case, facts, case.outer, canonical, forwarder)
    proof = next(iter(proofs), None)
    if forwarder:
        standing = _users_mail(case, facts, canonical, forwarder, proofs)
        direction = Direction.OUT if author.user else Direction.IN
        evidence = f"{forwarder.address}, {_by(proof)}" if proof else ""
        seen = finding("authenticity", "sender.forwarder", evidence) if proof else standing.finding
        return replace(standing, direction=direction, finding=seen, writer=None, forwarder=forwarder)
    if proof and case.unwrapped and "unwrap.automatic" in case.unwrapped.findings:
        return _incoming(case, people, proof)
    return _strangers(proof)


def _strangers(proof: Proof | None) -> Standing:
    """Nobody's user asked for this copy."""
    stop = Stop(Outcome.HELD if proof else Outcome.SKIPPED, "sender.unknown")
    seen = finding("authenticity", "sender.unknown", _by(proof))
    return Standing(Direction.IN, seen, explicit=True, proven=proof is not None, stop=stop)


def _writer(people: People) -> User | None:
    """From's user; for mail from another own address (a shared mailbox, a colleague) Sender's user."""
    author, sender = people.author, people.sender
    if author and author.user:
        return author.user
    if author and author.kind is not Kind.EXTERNAL and sender:
        return sender.user
    return None


def _covers_sender(proof: Proof, case: Case, people: People) -> bool:
    """Whether what speaks for From speaks for Sender, too: anybody may have written that field, or made the line of a
    report, beside what somebody else signed.
    """
    if proof.method in ("dkim", "arc"):
        signed = "sender" not in case.evidence.unsigned
        named = people.sender.canonical if people.sender else ""
        return signed and any(m.canonical == named for m in case.message.sender)
    return proof.method != "results"


def _proofs(case: Case, facts: Facts, message: Message, canonical: str, writer: User | None) -> list[Proof]:
    """What speaks for this address as the author of `message`, the copy or what was in it."""
    if len(message.from_) != 1 or not canonical or "author.ambiguous" in message.findings:
        return []
    return [proof for proof in case.evidence.proofs if _speaks(proof, case, facts, canonical, writer)]


def _speaks(proof: Proof, case: Case, facts: Facts, canonical: str, writer: User | None) -> bool:
    reported = case.unwrapped is not None and case.unwrapped.journal is not None
    match proof.method:
        case "source":
            return not reported or _journalled_inside(case, facts)
        case "smtp_auth":
            login = facts.users.get(proof.name)
            return not reported and login is not None and writer is not None and login.id == writer.id
        case "person":
            return proof.name == canonical
        case "results" if reported and _may_be_sent_in(case, facts):
            return False
        case "spf" if facts.account.settings.sender_proof != "spf_is_enough":
            return False
        case _:
            return proof.name == canonical.rpartition("@")[2]


def _by(proof: Proof | None) -> str:
    return _METHODS[proof.method] if proof else ""


def _journalled_inside(case: Case, facts: Facts) -> bool:
    """Whether a report's own word proves the author: mail servers journal spoofed mail from outside as internal.

    A report that came from outside itself, by way of the alternate mailbox, is no report of the account's servers.
    """
    if case.unwrapped and "sender.unverified" in case.unwrapped.findings:
        return False
    sources = delivery.sources(case.envelope, case.recipient)
    return not hops.from_outside((case.outer, case.message), facts.account.domains, sources)


def _may_be_sent_in(case: Case, facts: Facts) -> bool:
    """Whether somebody may have written the whole report to the alternate mailbox, fields of its message and all."""
    sources = delivery.sources(case.envelope, case.recipient)
    alternate = any(source.alternate for source in sources)
    return alternate and hops.from_outside((case.outer,), facts.account.domains, sources)


def _users_mail(case: Case, facts: Facts, canonical: str, writer: User, proofs: Sequence[Proof]) -> Standing:
    explicit, settings, proof = case.recipient.channel.explicit, facts.account.settings, next(iter(proofs), None)
    believed = proof is not None or settings.sender_proof == "off"
    slug = "sender.proven" if proof else "sender.believed" if believed else _unproven(case)
    stop = None
    if not believed and not explicit:
        stop = Stop(Outcome.SKIPPED, "sender.unverified")
    elif not believed and _sent_by_spf(case, canonical):
        slug, stop = "sender.spf_only", Stop(Outcome.HELD, "sender.spf_only")
    elif not believed:
        refuses = settings.unproven_user == "refuse" and case.may_refuse
        stop = Stop(Outcome.REFUSED if refuses else Outcome.HELD, "sender.unverified")
    elif not writer.may_log:
        stop = Stop(Outcome.SKIPPED, "sender.not_permitted")
    seen = finding("authenticity", slug, ", ".join(filter(None, (writer.address, _by(proof)))))
    # Signed, but nothing says that he sent it here: whoever has got the mail could do that.
    elsewhere = {p.method for p in proofs} == {"dkim"} and not _sent_by_spf(case, canonical)
    flags = ("sender.elsewhere",) if explicit and elsewhere else ()
    return Standing(Direction.OUT, seen, explicit=explicit, proven=believed, writer=writer, flags=flags, stop=stop)


def _sent_by_spf(case: Case, canonical: str) -> bool:
    return Proof("spf", canonical.rpartition("@")[2]) in case.evidence.proofs


def _incoming(case: Case, people: People, proof: Proof | None) -> Standing:
    """Somebody else's mail: a user or a shared mailbox must be among its recipients.

    What the author's domain disowns is skipped: it would put words into the customer's record.
    """
    recipients = people.addressed()
    users = [p.user for p in recipients if p.user]
    shared = any(p.kind is Kind.SHARED for p in recipients)
    proven = proof is not None
    seen = finding("authenticity", "sender.proven" if proven else _unproven(case), _by(proof))
    flags = () if proven else ("sender.unverified",)
    if not users and not shared:
        nobody = Stop(Outcome.SKIPPED, "participants.no_user")
        return Standing(Direction.NONE, seen, explicit=False, proven=proven, stop=nobody)
    stop = None
    if not shared and not any(user.may_log for user in users):
        stop = Stop(Outcome.SKIPPED, "sender.not_permitted")
    elif not proven and case.evidence.contradicted:
        stop = Stop(Outcome.SKIPPED, "sender.unverified")
    return Standing(Direction.IN, seen, explicit=False, proven=proven, flags=flags, stop=stop)


def _unproven(case: Case) -> str:
    return "sender.contradicted" if case.evidence.contradicted else "sender.unverified"
