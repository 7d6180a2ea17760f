"""Whatever is done with held mail, in whatever order, while mail comes in: the books balance after every step."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TypeVar

from fakes.deliveries import (
    ANA,
    BCC,
    BOB,
    DANS_BCC,
    KEY,
    KEYED,
    KIM,
    MINUTE,
    NOON,
    RELAY,
    Delivery,
    cases,
    keeper,
    mail,
)
from fakes.scan import breaches_in
from fakes.world import load_world, seed
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.approval import Way
from gateway.core.cases import Setting
from gateway.core.decide import decide
from gateway.core.ids import Ids
from gateway.core.limits import ReadingLimits
from gateway.core.model import Outcome, Proof
from gateway.held import Resolving
from storage import held, waiting
from storage.administration import contacts, never_log, users
from storage.administration.act import Act
from storage.errors import Refused
from storage.interface import Recorder
from storage.migrate import migrations
from storage.plan import Plan
from storage.sealing import Sealing
from storage.settle import settle
from storage.sqlite.connection import run

T = TypeVar("T")

WORLD = load_world().with_settings(late_parent_hours=48)
OTHER, LISTED = "ana@home-office.example", "x@lawyer.example"
SIGNED = (Proof("dkim", "home-office.example"),)
FORWARD = "passkey@forward.log.example"
LINE = 'On 4 March 2025, "Bob" <bob@client.example> wrote:\r\n\r\nYes please.'

OFFER = mail(OTHER, f"{BOB}, {ANA}", message_id="root")
ANSWER = mail(OTHER, ANA, "Re: Offer", message_id="more", In_Reply_To="<root@mail.example>")
REPLY = mail(BOB, ANA, "Re: Offer", message_id="leaf", In_Reply_To="<root@mail.example>")
MAIL = (
    Delivery(OFFER, [BCC], OTHER, "hosted", proofs=SIGNED),
    Delivery(OFFER, [BCC, DANS_BCC], OTHER, "hosted", proofs=SIGNED),
    Delivery(OFFER, [RELAY], OTHER, "hosted", proofs=SIGNED),
    Delivery(OFFER.replace(b"Subject:", f"Cc: {LISTED}\r\nSubject:".encode()), [RELAY], OTHER, "hosted", proofs=SIGNED),
    Delivery(ANSWER, [BCC], OTHER, "hosted", proofs=SIGNED),
    Delivery(REPLY, [RELAY], BOB),
    Delivery(mail(ANA, KIM, message_id="spf"), [BCC], ANA, "hosted", proofs=(Proof("spf", "us.example"),)),
    Delivery(mail(OTHER, FORWARD, "FW: Offer", message_id="fwd", text=LINE), [FORWARD], OTHER, "hosted", proofs=SIGNED),
    Delivery(mail(ANA, FORWARD, "FW: Offer", message_id="own", text=LINE), [FORWARD], ANA),
)


class Books:
    """A database, what is done with it, and how many deliveries it has accepted."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        _empty().backup(self.db)
        self.db.execute("PRAGMA foreign_keys = ON")
        numbers = itertools.count(1)
        self.now = NOON
        self.new_id = Ids(lambda: self.now, lambda: next(numbers))
        self.accepted = 0
        self.do(seed(WORLD, KEYED))

    @property
    def act(self) -> Act:
        return Act("cli:tester", self.now, self.new_id, KEYED)

    @property
    def resolving(self) -> Resolving:
        return Resolving(self.act, Setting(WORLD.domain, WORLD.host, KEYED, ReadingLimits()), Sealing(KEY))

    def do(self, plan: Plan[T]) -> T | None:
        """In one transaction; what is refused leaves nothing."""
        self.db.execute("BEGIN")
        try:
            result = run(self.db, plan)
        except Refused:
            self.db.execute("ROLLBACK")
            return None
        self.db.execute("COMMIT")
        return result

    def deliver(self, number: int) -> None:
        delivery = replace(MAIL[number % len(MAIL)], at=self.now, trace_id=self.new_id())
        recorder = Recorder(self.new_id, KEYED, keeper(delivery, WORLD))
        decided = self.do(settle(cases(WORLD, delivery), decide, recorder))
        assert decided is not None
        self.accepted += sum(d.outcome is not Outcome.REFUSED for d in decided)

    def one(self, number: int) -> str:
        """One that is held now, or nothing."""
        ids = [mail.id for mail in self.do(held.every()) or ()]
        return ids[number % len(ids)] if ids else "nothing"

    def balance(self) -> None:
        assert breaches_in(self.db) == []
        standing = "SELECT sum(deliveries) FROM decision WHERE superseded_by IS NULL"
        assert self.db.execute(standing).fetchone()[0] in (self.accepted, None)
        waits = "SELECT count(*) FROM decision WHERE outcome = 'held' AND superseded_by IS NULL"
        assert self.db.execute(waits).fetchall() == self.db.execute("SELECT count(*) FROM held").fetchall()


@cache
def _empty() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    for migration in migrations():
        for statement in migration.statements():
            db.execute(statement)
    return db


def _expire(books: Books, _: int) -> None:
    books.now += 31 * held.DAY
    books.do(waiting.expire(books.now))
    books.do(held.expire(books.act))


STEPS: dict[str, Callable[[Books, int], object]] = {
    "deliver": Books.deliver,
    "alias": lambda books, n: books.do(books.resolving.approve(books.one(n), "", Way.ALIAS, ANA)),
    "contact": lambda books, n: books.do(books.resolving.approve(books.one(n), "", Way.CONTACT)),
    "approve": lambda books, n: books.do(books.resolving.approve(books.one(n))),
    "decide": lambda books, n: books.do(books.resolving.decide(books.one(n))),
    "discard": lambda books, n: books.do(held.discard(books.act, books.one(n))),
    "expire": _expire,
    "list": lambda books, _: books.do(never_log.add(books.act, "us", "*@client.example", "message")),
    "unlist": lambda books, _: books.do(never_log.remove(books.act, "us", "*@client.example")),
    "user": lambda books, _: books.do(users.add_address(books.act, "us", ANA, OTHER, "alias")),
    "disapprove": lambda books, _: books.do(contacts.disapprove(books.act, "us", OTHER)),
}
OFTEN = ("deliver",) * 6 + ("alias", "contact", "approve", "decide") * 2


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from((*OFTEN, *STEPS)), st.integers(0, 20)), min_size=2, max_size=14))
def test_the_books_balance_after_every_step(steps: list[tuple[str, int]]) -> None:
    books = Books()
    try:
        for step, number in steps:
            books.now += MINUTE
            STEPS[step](books, number)
            books.balance()
    finally:
        books.db.close()
