"""What would be decided now about a message that is kept, had it only just come."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from gateway.console.access import Caller
from gateway.console.api.explain import WouldBe, would_be
from gateway.console.office import Office
from gateway.core.cases import opened
from gateway.core.claims import claim
from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.facts import Facts
from gateway.core.message import author
from gateway.core.model import Channel, Envelope, Peer, Proof, Recipient
from gateway.core.questions import Case
from gateway.held import Resolving
from storage import activities, held
from storage.administration import addresses
from storage.content import Content
from storage.plan import Plan
from storage.reads import RecordedDecision
from storage.settle import Considered, consider

_AS = {"journal": Channel.RELAY}
"""A channel whose wrapping isn't kept, and the one that is decided in the same way."""
_MESSAGE_ID = re.compile(rb"(?im)^message-id:.*\r\n(?:[ \t].*\r\n)*")


async def decided_now(at: Office, caller: Caller, decision: RecordedDecision) -> WouldBe | None:
    """None where nothing was kept. Its sender is taken to be proven, as it was then; nothing is written."""
    if decision.outcome == "held" and decision.superseded_by is None:
        return await at.store.read(_held(at, caller, decision))
    channel = _AS.get(decision.channel, Channel(decision.channel))
    content = await at.store.read(activities.content(caller.account_id, decision.activity_id or ""))
    key_hash = await at.store.read(addresses.key_of(caller.account_id, channel))
    if content is None or key_hash is None:
        return None
    recipient = Recipient("", key_hash, "", channel, caller.account_id)
    case = await asyncio.to_thread(_case, at, content, recipient, decision)
    return would_be((await at.store.read(consider(case, _as_new, at.keyed))).decision)


def _case(at: Office, content: Content, recipient: Recipient, decision: RecordedDecision) -> Case:
    attached = ("unwrap", "unwrap.attached_forward") in decision.stages
    raw = _fresh(at.sealing.mail.raw_bytes(content), decision.user or "", attached=attached)
    envelope = Envelope(at.new_id(), Peer("127.0.0.1"), author(raw), (recipient,), at.now())
    return _believed(opened(raw, envelope, at.setting)[0])


def _held(at: Office, caller: Caller, decision: RecordedDecision) -> Plan[WouldBe]:
    resolving = Resolving(at.act(caller), at.setting, at.sealing)
    mail = yield from held.find(decision.id, caller.account_id)
    considered: Considered = yield from resolving.considered(mail)
    return would_be(considered.decision)


def _as_new(case: Case, facts: Facts) -> Decision:
    """It is no copy of itself."""
    return decide(case, replace(facts, first=None, same_id=(), linked=()))


def _believed(case: Case) -> Case:
    claimed = claim(case)
    proofs = (Proof("person", claimed.mailbox.canonical),) if claimed else ()
    return replace(case, evidence=replace(case.evidence, proofs=proofs), may_refuse=False)


def _fresh(raw: bytes, user: str, *, attached: bool) -> bytes:
    """The stored message as one that nobody has seen before; what was `attached` as the user would attach it."""
    header, blank, body = raw.partition(b"\r\n\r\n")
    raw = _MESSAGE_ID.sub(b"", header + b"\r\n") + blank[2:] + body
    if not attached:
        return raw
    fields = f"From: {user}\r\nSubject: Fwd:\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n"
    return fields.encode() + raw
