"""Mail that somebody got, put before us as if a user had sent it on."""

from __future__ import annotations

from functools import partial

import pytest
from fakes.copies import FORWARD
from fakes.deliveries import BCC
from hostile.senders import ANA, ELSEWHERE, MALLORY, OURS, Sent, decided, mail

DAN = "dan@us.example"


def above(lines: str, to: str, signed: tuple[str, ...] = ()) -> bytes:
    """A colleague's mail to the stranger, signed by the company, with Resent fields above it."""
    raw = OURS.sign(mail(DAN, to=MALLORY), h=("from", "to", "subject", "date", "message-id", *signed))
    return f"{lines}\r\nResent-To: {to}\r\n".encode() + raw


@pytest.mark.parametrize("to", [FORWARD, BCC])
@pytest.mark.parametrize("signed", [(), ("resent-from",), ("resent-sender",)])
@pytest.mark.parametrize("field", ["Resent-From", "Resent-Sender", "RESENT-SENDER"])
async def test_a_resent_sender_above_a_colleagues_signed_mail_is_not_proven(
    field: str, signed: tuple[str, ...], to: str
) -> None:
    make = partial(above, f"{field}: {ANA}", to, signed)
    decision = await decided(Sent("resent", make, to, MALLORY, ELSEWHERE))
    assert (decision.outcome, decision.reason) == ("refused", "sender.unverified")


async def test_a_sender_above_a_shared_mailboxs_signed_mail_names_nobody() -> None:
    """S16."""
    raw = f"Sender: {ANA}\r\n".encode() + OURS.sign(mail("sales@us.example"))
    decision = await decided(Sent("sender", lambda: raw, BCC, MALLORY, ELSEWHERE))
    assert (decision.outcome, decision.reason) == ("held", "sender.unverified")
    signed = OURS.sign(f"Sender: {ANA}\r\n".encode() + mail("sales@us.example"), h=("from", "sender", "date"))
    decision = await decided(Sent("sender", lambda: signed, BCC, MALLORY, ELSEWHERE))
    assert decision.activity is not None
