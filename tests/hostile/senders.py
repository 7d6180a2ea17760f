"""Mail in a user's name, by others and by the user: from every kind of author field, signature and envelope.

The zone is what DNS holds: the company's keys, good and bad, and those of a stranger who may publish what he likes in
his own domain. The company's mail server stands in its SPF record, as mail servers do.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from fakes.copies import FORWARD, JOURNAL, attached, journalled
from fakes.deliveries import BCC, KEYED, RELAY
from fakes.lookups import FakeLookups
from fakes.memory_store import MemoryStore
from fakes.signing import NOW, Signer
from fakes.world import load_world

from gateway.authenticate import Authenticator
from gateway.core import addressing
from gateway.core.cases import Setting, cases
from gateway.core.claims import with_evidence
from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.facts import AccountSettings
from gateway.core.limits import DkimLimits, ReadingLimits
from gateway.core.message import read_parts
from gateway.core.model import Envelope, Peer, Recipient, Source

US = load_world().with_settings(rule="log_all_and_create")
STORE = MemoryStore(KEYED, US)
SETTING = Setting(US.domain, US.host, KEYED, ReadingLimits())
ANA, MALLORY, BOB = "ana@us.example", "m@evil.example", "bob@client.example"
PROVIDER, SERVER, ELSEWHERE = "127.0.0.4", "127.0.0.2", "127.0.0.3"
"""The users' mail provider, the company's mail server (a source that doesn't vouch), and anybody."""

OURS, EVIL, LIST = Signer("us.example"), Signer("evil.example", key="rsa-1024"), Signer("lists.example")
SUB = Signer("mail.us.example")
ED = Signer("us.example", "ed", "ed25519")
WEAK, SMALL = Signer("us.example", "weak", "rsa-512"), Signer("us.example", "small", "rsa-1024")
TESTING, REVOKED, OTHER = Signer("us.example", "test"), Signer("us.example", "gone"), Signer("us.example", "other")
LOOKALIKES = [Signer(d) for d in ("us.example.evil.example", "s.example", "example", "xn--us-xyz.example")]
NAMED = frozenset({"lists.example"})
"""Forwarders whose seals the account believes."""


def zone() -> dict[str, tuple[str, ...] | None]:
    """All of DNS."""
    records: dict[str, tuple[str, ...] | None] = {
        "us.example TXT": (f"v=spf1 ip4:{PROVIDER} ip4:{SERVER} -all",),
        "evil.example TXT": ("v=spf1 +all",),
        "_dmarc.us.example TXT": ("v=DMARC1; p=reject",),
        "_dmarc.example TXT": ("v=DMARC1; p=none; psd=n",),
    }
    for signer in (OURS, EVIL, LIST, SUB, ED, WEAK, SMALL, *LOOKALIKES):
        records |= signer.zone()
    return records | TESTING.zone(t="y") | REVOKED.zone(p="") | OTHER.zone(s="other")


ZONE = zone()


@dataclass(frozen=True)
class Sent:
    """One message on its way to a capture address."""

    name: str
    make: Callable[[], bytes]
    """Its bytes, once they are wanted: signing takes time."""
    to: str
    mail_from: str
    ip: str
    sources: tuple[Source, ...] = ()


def mail(author: str, *before: str, to: str = BOB, subject: str = "Offer", message_id: str = "one") -> bytes:
    """A message of now; `before` are lines above its own header."""
    lines = [*before, f"From: {author}", f"To: {to}", f"Subject: {subject}", "Date: Fri, 15 Jan 2027 08:00:00 +0000"]
    lines += [
        f"Message-ID: <{message_id}@us.example>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain",
        "",
        "Hello.",
        "",
    ]
    return "\r\n".join(lines).encode()


# --- in a user's name, by somebody else ---

CLAIMS = {
    "plain": ANA,
    "named": f"Ana Ruiz <{ANA}>",
    "upper": "Ana@US.EXAMPLE.",
    "quoted": '"ana"@us.example',
    "comment": "ana(x)@us.example",
    "route": f"<@a.example,@b.example:{ANA}>",
    "folded": f"Ana\r\n <{ANA}>",
    "tag": "ana+deals@us.example",
    "alias": "ana.s@us.example",
    "shared": "sales@us.example",
}
"""Author fields that name a user, or a mailbox of the company."""

TRICKS = {
    "two, ours first": f"{ANA}, {MALLORY}",
    "two, ours last": f"{MALLORY}, {ANA}",
    "group": f"team: {ANA}, {MALLORY};",
    "our address as local part": '"ana@us.example"@evil.example',
    "theirs as local part": '"m@evil.example"@us.example',
    "our address as name": f'"{ANA}" <{MALLORY}>',
    "our address unquoted": f"{ANA} <{MALLORY}>",
    "bracket": f"{ANA}]<{MALLORY}>",
    "angle first": f"<{ANA}>{MALLORY}",
    "two at signs": f"{ANA}@evil.example",
    "escaped at": "ana\\@evil.example@us.example",
    "encoded name": f"=?utf-8?q?ana=40us.example?= <{MALLORY}>",
    "encoded local part": "=?utf-8?q?ana?=@us.example",
    "encoded bracket": f"=?utf-8?q?ana=40us.example=3E?= <{MALLORY}>",
    "look-alike": "ana@u\u0455.example",
    "look-alike, ASCII": "ana@xn--u-8tb.example",
    "subdomain": "ana@mail.us.example",
    "above": "ana@example",
    "suffixed": "ana@us.example.evil.example",
    "fullwidth": "\uff41\uff4e\uff41@us.example",
    "blank in it": "ana @ us . example",
    "nobody": "undisclosed-recipients:;",
    "empty": "",
}
"""Author fields that may pass for a user's with some reader."""

Sign = Callable[[bytes], bytes]


def _replaced(old: bytes, new: bytes) -> Sign:
    return lambda raw: OURS.sign(raw).replace(old, new, 1)


FALSE_SIGNATURES: dict[str, Sign] = {
    "none": lambda raw: raw,
    "the stranger's own": EVIL.sign,
    "the stranger's and a broken one of ours": lambda raw: EVIL.sign(OURS.sign(raw).replace(b"Hello.", b"Hullo.")),
    "another key under our name": replace(OURS, key="rsa-4096").sign,
    "a selector that isn't there": replace(OURS, selector="none").sign,
    **{f"of {s.domain}": s.sign for s in LOOKALIKES},
    "for the stranger in our name": lambda raw: OURS.sign(raw, i="@evil.example"),
    "from the stranger for us": lambda raw: EVIL.sign(raw, d="us.example"),
    "body changed": _replaced(b"Hello.", b"Pay me."),
    "subject changed": _replaced(b"Subject: Offer", b"Subject: Urgent"),
    "recipient changed": _replaced(b"To: bob@", b"To: kim@"),
    "author not signed": lambda raw: OURS.sign(raw, h=("to", "subject", "date", "message-id")),
    "body length": lambda raw: OURS.sign(raw, length=6) + b"Pay me.\r\n",
    "body length of nothing": lambda raw: OURS.sign(raw, length=0),
    "three weeks old": lambda raw: OURS.sign(raw, t=str(NOW - 21 * 86400)),
    "of tomorrow": lambda raw: OURS.sign(raw, t=str(NOW + 86400)),
    "expired": lambda raw: OURS.sign(raw, x=str(NOW - 60)),
    "SHA-1": lambda raw: OURS.sign(raw, hash_name="sha1"),
    "512 bits": WEAK.sign,
    "key that is tried out": TESTING.sign,
    "revoked key": REVOKED.sign,
    "key of another service": OTHER.sign,
    "no version": lambda raw: OURS.sign(raw, v=None),
    "cut off": lambda raw: OURS.sign(raw).replace(b"b=", b"x=", 1),
    "second subject": lambda raw: b"Subject: Urgent\r\n" + OURS.sign(raw),
    "second recipient": lambda raw: b"To: kim@client.example\r\n" + OURS.sign(raw),
    "second id": lambda raw: b"Message-ID: <two@us.example>\r\n" + OURS.sign(raw),
    "second type": lambda raw: b"Content-Type: text/html\r\n" + OURS.sign(raw),
    "blank before the colon": lambda raw: b"Subject : Urgent\r\n" + OURS.sign(raw),
    "line that is no field": lambda raw: b"Hello\r\n" + OURS.sign(raw),
    "a stranger's seal": lambda raw: EVIL.seal(raw, "evil.example; dkim=pass header.d=us.example"),
    "a named forwarder's seal, forged": lambda raw: replace(EVIL, domain="lists.example").seal(
        raw, "lists.example; dkim=pass header.d=us.example"
    ),
    "a named forwarder's seal of another's mail": lambda raw: LIST.seal(
        raw, "lists.example; dkim=pass header.d=evil.example"
    ),
    "a named forwarder's seal, changed": lambda raw: LIST.seal(
        raw, "lists.example; dkim=fail header.d=us.example"
    ).replace(b"dkim=fail", b"dkim=pass", 1),
}

TRUST_FIELDS = {
    "none": (),
    "results": (
        "Authentication-Results: mx.us.example; dkim=pass header.d=us.example; dmarc=pass header.from=us.example",
    ),
    "sender": (f"Sender: {ANA}", f"Reply-To: {ANA}", f"Return-Path: <{ANA}>"),
    "own": ("X-Gateway-User: ana", "X-MS-Exchange-Organization-AuthAs: Internal", "Received-SPF: pass"),
}
ENVELOPES = {"own": MALLORY, "ours": ANA, "null": ""}


OUTSIDE = (
    b"Received: from evil.example (evil.example [192.0.2.66]) by mx.us.example; Fri, 15 Jan 2027 08:00:00 +0000\r\n"
)


def forged() -> Iterator[Sent]:
    """All that a stranger sends in a user's name, to every channel that he can reach, himself or by way of a server."""
    for author, (how, sign), (env, mail_from) in itertools.product(CLAIMS, FALSE_SIGNATURES.items(), ENVELOPES.items()):
        for fields, lines in TRUST_FIELDS.items():
            make = partial(_signed, sign, CLAIMS[author], *lines)
            yield from _everywhere(f"{author}/{how}/{env}/{fields}", make, mail_from, author)
    for trick, (how, sign), (env, mail_from) in itertools.product(
        TRICKS, list(FALSE_SIGNATURES.items())[:4], ENVELOPES.items()
    ):
        make = partial(_signed, sign, TRICKS[trick])
        yield from _everywhere(f"{trick}/{how}/{env}", make, mail_from, trick)


def _signed(sign: Sign, author: str, *before: str, to: str = BOB) -> bytes:
    return sign(mail(author, *before, to=to))


def _everywhere(name: str, make: Callable[[], bytes], mail_from: str, author: str) -> Iterator[Sent]:
    server, vouching = (US.source("hosted"),), (US.source("office"),)
    yield Sent(f"bcc: {name}", make, BCC, mail_from, ELSEWHERE)
    yield Sent(f"forward: {name}", make, FORWARD, mail_from, ELSEWHERE)
    yield Sent(f"relay: {name}", make, RELAY, mail_from, SERVER, server)
    if author in CLAIMS:
        outer = partial(_forward, CLAIMS[author])
        yield Sent(f"forward of a message: {name}", outer, FORWARD, mail_from, ELSEWHERE)
    yield Sent(f"journal: {name}", partial(_report, make, mail_from or MALLORY), JOURNAL, "", SERVER, server)
    report = partial(_report, make, mail_from or MALLORY, OUTSIDE)
    yield Sent(f"journal of an outside mail: {name}", report, JOURNAL, "", SERVER, vouching)


def _forward(author: str, sign: Sign = lambda raw: raw) -> bytes:
    outer = attached(mail(BOB, to=ANA, message_id="inner"), author).raw
    return sign(outer.replace(b"Tue, 4 Mar 2025 12:00:00", b"Fri, 15 Jan 2027 08:00:00"))


def _report(make: Callable[[], bytes], sender: str, hop: bytes = b"") -> bytes:
    return journalled(hop + make(), sender, (f"To: {BOB}",)).raw


# --- in a user's name, by the user ---

TRUE_SIGNATURES: dict[str, Sign] = {
    "relaxed": OURS.sign,
    "simple": lambda raw: OURS.sign(raw, c="simple/simple"),
    "mixed": lambda raw: OURS.sign(raw, c="relaxed/simple"),
    "ed25519": ED.sign,
    "1024 bits": SMALL.sign,
    "of a subdomain": SUB.sign,
    "two of ours": lambda raw: ED.sign(OURS.sign(raw)),
    "and a list's": lambda raw: LIST.sign(OURS.sign(raw)),
    "beside a broken one": lambda raw: replace(OURS, key="rsa-4096").sign(OURS.sign(raw)),
    "beside one of SHA-1": lambda raw: OURS.sign(OURS.sign(raw), hash_name="sha1"),
    "beside six strangers'": lambda raw: EVIL.sign(
        EVIL.sign(EVIL.sign(LIST.sign(LIST.sign(LIST.sign(OURS.sign(raw))))))
    ),
    "few fields": lambda raw: OURS.sign(raw, h=("from", "date", "subject", "message-id")),
    "oversigned": lambda raw: OURS.sign(
        raw, h=("from", "from", "to", "to", "subject", "subject", "date", "message-id")
    ),
    "no time": lambda raw: OURS.sign(raw, t=None),
    "six days old": lambda raw: OURS.sign(raw, t=str(NOW - 6 * 86400)),
    "valid for a week": lambda raw: OURS.sign(raw, x=str(NOW + 7 * 86400)),
    "a clock that is ahead": lambda raw: OURS.sign(raw, t=str(NOW + 1800)),
    "in an agent's name": lambda raw: OURS.sign(raw, i="ana@us.example"),
    "a named forwarder's seal and footer": lambda raw: LIST.seal(
        raw.replace(b"Hello.", b"Hello.\r\n--\r\nfooter"), "lists.example; dkim=pass header.d=us.example"
    ),
    "two seals": lambda raw: LIST.seal(
        EVIL.seal(raw, "evil.example; dkim=pass header.d=us.example"),
        "lists.example; dkim=pass header.d=us.example; arc=pass",
    ),
}
GOOD_AUTHORS = {name: text for name, text in CLAIMS.items() if name not in ("shared", "comment", "route")}
GOOD_AUTHORS |= {"name in UTF-8": f"Ána Ruíz <{ANA}>", "encoded name": f"=?utf-8?q?=C3=81na?= <{ANA}>"}
RECIPIENTS = {
    "one": BOB,
    "several": f"Bob <{BOB}>, kim@client.example,\r\n new@lead.example",
    "name": f'"Bob, B." <{BOB}>',
}


def honest() -> Iterator[Sent]:
    """What users send, as providers sign it and servers pass it on."""
    for author, (how, sign), (named, to) in itertools.product(
        GOOD_AUTHORS, TRUE_SIGNATURES.items(), RECIPIENTS.items()
    ):
        make = partial(_signed, sign, GOOD_AUTHORS[author], to=to)
        name = f"{author}/{how}/{named}"
        server = (US.source("hosted"),)
        yield Sent(f"bcc: {name}", make, BCC, ANA, PROVIDER)
        yield Sent(f"bcc, forwarded by a mailbox: {name}", make, BCC, "srs=x@lists.example", ELSEWHERE)
        yield Sent(f"relay: {name}", make, RELAY, ANA, SERVER, server)
        yield Sent(f"journal: {name}", partial(_report, make, ANA), JOURNAL, "", SERVER, server)
        if "footer" not in how:
            yield Sent(f"forward: {name}", partial(_forward, GOOD_AUTHORS[author], sign), FORWARD, ANA, PROVIDER)


async def _us(account_id: str) -> AccountSettings:
    return {US.account: AccountSettings(arc_sealers=NAMED)}[account_id]


async def decided(sent: Sent) -> Decision:
    """What becomes of it, with everything that DNS tells."""
    capture = addressing.take_apart(sent.to, US.domain)
    assert capture is not None
    key_hash = KEYED("capture", capture.key)
    recipient = Recipient(sent.to, key_hash, capture.tag, capture.channel, US.account)
    peer = Peer(sent.ip, sent.sources)
    envelope = Envelope("trace", peer, sent.mail_from, (recipient,), NOW * 1000)
    [case, *_] = cases(envelope, read_parts(sent.make(), SETTING.limits), SETTING)
    [evidence] = await Authenticator(lambda: FakeLookups(ZONE), DkimLimits()).evidence([case], _us)
    proven = with_evidence(case, evidence)
    return decide(proven, STORE.facts(proven))
