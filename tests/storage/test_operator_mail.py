"""Mail to postmaster and abuse: bounded, kept once, and gone in time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import OperatorMail, OperatorMailbox
from storage import operator_mail
from storage.administration.act import Act
from storage.content import compressed
from storage.errors import Refused
from storage.interface import Store
from storage.mail_keys import MailKeys
from storage.operator_mail import KEPT, MOST_A_DAY

NOW = 1_767_225_600_000
DAY = 24 * 60 * 60 * 1000
POSTMASTER, ABUSE = OperatorMailbox("postmaster@log.example"), OperatorMailbox("abuse@bcc.log.example")
MAIL = OperatorMail("trace1", "192.0.2.1", "bob@client.example", (POSTMASTER,), NOW, b"Subject: x\r\n\r\nhi\r\n")


async def keep(store: Store, act: Act, mail: OperatorMail) -> bool:
    return await store.change(operator_mail.keep(mail, compressed(mail.raw), KeyedHash(b"k"), act.new_id, MailKeys()))


async def test_it_is_kept_for_each_mailbox_with_its_bytes(store: Store, act: Act) -> None:
    assert await keep(store, act, replace(MAIL, recipients=(POSTMASTER, ABUSE)))
    first, second = await store.read(operator_mail.every())
    assert (first.recipient, second.recipient) == (POSTMASTER.address, ABUSE.address)
    assert (first.trace_id, first.at, first.mail_from, first.peer, first.size) == (
        "trace1", NOW, "bob@client.example", "192.0.2.1", len(MAIL.raw),
    )  # fmt: skip
    for name in (first.id, second.id, "trace1"):
        _, content = await store.read(operator_mail.find(name))
        assert (content.encoding, MailKeys().raw_bytes(content)) == ("zstd", MAIL.raw)


async def test_the_same_again_is_kept_once(store: Store, act: Act) -> None:
    for trace_id in ("trace1", "trace2"):
        assert await keep(store, act, replace(MAIL, trace_id=trace_id))
    assert [record.trace_id for record in await store.read(operator_mail.every())] == ["trace1"]


async def test_a_day_takes_so_many_and_a_repeat_of_one_of_them(store: Store, act: Act) -> None:
    mails = [replace(MAIL, received_at=NOW + n, raw=b"%d" % n) for n in range(MOST_A_DAY + 1)]
    kept = [await keep(store, act, mail) for mail in mails]
    assert kept == [True] * MOST_A_DAY + [False]
    assert await keep(store, act, mails[0])
    assert not await keep(store, act, replace(mails[-1], received_at=NOW + DAY - 1))
    assert await keep(store, act, replace(mails[-1], received_at=NOW + DAY))
    assert len(await store.read(operator_mail.every())) == MOST_A_DAY + 1


async def test_it_is_erased_in_time_or_when_the_operator_says_so(store: Store, act: Act) -> None:
    await keep(store, act, MAIL)
    await keep(store, act, replace(MAIL, trace_id="trace2", received_at=NOW + 1, raw=b"later"))
    await store.change(operator_mail.expire(NOW + KEPT))
    [left] = await store.read(operator_mail.every())
    assert left.trace_id == "trace2"
    await store.change(operator_mail.remove(left.id))
    assert await store.read(operator_mail.every()) == []
    with pytest.raises(Refused):
        await store.change(operator_mail.remove(left.id))
    with pytest.raises(Refused):
        await store.read(operator_mail.find("trace2"))
