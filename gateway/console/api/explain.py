"""What would be decided about a message now, and why."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field

from gateway.console.access import Caller, Forbidden
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.office import Office
from gateway.console.shapes import list_of
from gateway.core.decision import Decision
from gateway.core.message import author, read_header
from gateway.core.model import Envelope, Finding, Message, Outcome, Recipient
from gateway.core.reasons import sentence
from gateway.core.wire import repair
from gateway.parser import Unavailable
from storage.administration import users
from storage.errors import NotFound, Refused, StoreUnavailable

router = APIRouter(prefix="/explain", tags=["decisions"])
LARGEST = 1024 * 1024
"""Bytes of a message that is explained."""


class Sent(BaseModel):
    """How the message would come."""

    to: Annotated[str, Field(max_length=320, description="A capture address of the account.")]
    mail_from: Annotated[str, Field(max_length=320, description="Envelope sender; default: the address in From.")] = ""
    peer: Annotated[str, Field(max_length=64, description="IP address of the client that delivers it.")] = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class WouldBe:
    """A decision that isn't made."""

    outcome: Outcome
    reason: str
    sentence: str
    flags: Sequence[str]
    findings: Sequence[Finding]


@router.post("", response_model=list_of(WouldBe))
async def explain_message(
    at: TheOffice,
    caller: TheCaller,
    sent: Annotated[Sent, Query()],
    raw: Annotated[bytes, Body(media_type="message/rfc822", description="The message.")],
) -> Sequence[WouldBe]:
    """The decisions for a message, one for each original in it. Nothing is written.

    Whoever is no admin may ask about what they would send themselves: what others keep out for themselves is theirs.
    """
    caller.must("content")
    try:
        client = str(ipaddress.ip_address(sent.peer))
    except ValueError:
        raise Refused("{peer} is no IP address.", peer=sent.peer) from None
    raw = repair(raw)
    peer = await at.ingest.peer(client)
    recipient = await at.ingest.recipient(peer, sent.to)
    if recipient == "smtp.unknown_recipient":
        raise NotFound("There is no such capture address.")
    if isinstance(recipient, str):
        return [WouldBe(Outcome.REFUSED, recipient, sentence(recipient), (), ())]
    if not isinstance(recipient, Recipient) or recipient.account_id != caller.account_id:
        raise NotFound("There is no such capture address.")
    message = read_header(raw).message
    if not caller.admin and not (recipient.channel.explicit and await _is_own(at, caller, message)):
        raise Forbidden("Only an admin may ask about mail that isn't your own.")
    sender = sent.mail_from.strip("<>") or author(raw)
    envelope = Envelope(at.new_id(), peer, sender, (recipient,), at.now())
    try:
        return [would_be(decision) for decision in await at.ingest.explain(envelope, raw)]
    except Unavailable:
        raise StoreUnavailable from None  # the same to whoever asks: it can be tried again


async def _is_own(at: Office, caller: Caller, message: Message) -> bool:
    """Whether the caller alone stands as its author and sender."""
    if caller.user_id is None or any(name.startswith("resent-") for name in message.values):
        return False
    user = await at.store.read(users.show(at.act(caller), caller.account_id, caller.user_id))
    own = {user.address, *(other.address for other in user.other_addresses)}
    return bool(message.from_) and own.issuperset(m.canonical for m in (*message.from_, *message.sender))


def would_be(decision: Decision) -> WouldBe:
    """A decision as it is shown."""
    told = sentence(decision.reason)
    return WouldBe(decision.outcome, decision.reason, told, decision.flags, decision.findings)
