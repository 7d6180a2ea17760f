"""What is kept to be decided again is the same case again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.copies import JOURNAL, attached, journalled, quoted
from fakes.deliveries import ANA, BCC, BOB, KEY, KEYED, NOON, RELAY, Delivery, cases, mail
from fakes.world import FIXTURES, load_world

from gateway.core.cases import Setting
from gateway.core.decision import Decision
from gateway.core.limits import ReadingLimits
from gateway.core.model import Channel, Evidence, Outcome, Proof, Source
from gateway.core.questions import Case
from gateway.keeping import Keeping
from storage.content import HeldCopy
from storage.errors import StoreBroken
from storage.sealing import Sealing

WORLD = load_world()
KEEPING = Keeping(Setting(WORLD.domain, WORLD.host, KEYED, ReadingLimits()), Sealing(KEY))
FULL = Evidence(
    (Proof("dkim", "us.example"), Proof("spf", "us.example")),
    (),
    contradicted=True,
    seen=(("dkim.pass", "us.example"), ("spf.none", "else.example")),
    unsigned=frozenset({"subject", "in-reply-to"}),
)
ANSWER = mail(ANA, BOB, "Re: Offer", In_Reply_To="<a@mail.example>", References="<b@mail.example>", Thread_Index="x")
COPIES = {
    "own": Delivery(ANSWER, [BCC.replace("@", "+deal-7@")], ANA),
    "relayed": Delivery(ANSWER, [RELAY], "bounce+1@us.example"),
    "journalled": journalled(mail(BOB, ANA)),
    "attached": attached(mail(BOB, ANA)),
    "within the text": quoted(),
    "null path": Delivery(ANSWER, [BCC], ""),
}


def case_of(name: str, evidence: Evidence = FULL) -> Case:
    [case] = cases(WORLD, COPIES[name])
    return replace(case, evidence=evidence)


def held(case: Case) -> HeldCopy:
    return KEEPING.held(
        case, Decision("trace", "us", "us", case.recipient.channel, NOON, Outcome.HELD, "", 0, "", 0, None), "d"
    )


@pytest.mark.parametrize("name", COPIES)
def test_a_held_copy_is_the_same_case_again(name: str) -> None:
    case = case_of(name)
    assert KEEPING.open(held(case), case.envelope.peer.sources) == case


@pytest.mark.parametrize("name", COPIES)
def test_so_is_a_reply_that_waits(name: str) -> None:
    case = case_of(name)
    assert KEEPING.reopen(KEEPING.seal(case)) == case


def test_what_dns_might_have_said_is_asked_no_more() -> None:
    case = case_of("own", replace(FULL, pending=(Proof("dkim", "us.example"),)))
    assert KEEPING.open(held(case), case.envelope.peer.sources).evidence == FULL


def source(name: str, network: str = "", login: str = "", certificate: str = "") -> Source:
    channels = frozenset({Channel.RELAY})
    return Source(name, "us", name, network, channels, vouches=True, login=login, certificate=certificate)


def test_the_peer_is_whichever_source_shows_by_all_that_it_is_known_by() -> None:
    case = case_of("own")
    peer = replace(case.envelope.peer, ip="192.0.2.7", login="exchange", certificate="ab")
    case = replace(case, envelope=replace(case.envelope, peer=peer))
    now = [
        source("network", "192.0.2.0/24"),
        source("elsewhere", "198.51.100.0/24"),
        source("login", login="exchange"),
        source("both", "192.0.2.0/24", "exchange", "ab"),
        source("another login", "192.0.2.0/24", "other"),
        source("another certificate", certificate="cd"),
        source("nothing"),
    ]
    shown = KEEPING.open(held(case), now).envelope.peer.sources
    assert [s.name for s in shown] == ["network", "login", "both"]


def test_of_a_message_that_is_found_inside_only_now_the_evidence_says_nothing_but_the_source() -> None:
    """A returned report, from what turned out to be the alternate mailbox: a signature was the bounce's own."""
    raw = (FIXTURES / "messages/journal/07-returned-report/message.eml").read_bytes()
    [case] = cases(WORLD, Delivery(raw, [JOURNAL], ""))
    case = replace(case, evidence=Evidence((Proof("source", "*"), Proof("dkim", "us.example"))))
    mailbox = replace(source("mailbox", "127.0.0.1/32"), channels=frozenset({Channel.JOURNAL}), alternate=True)
    again = KEEPING.open(held(case), [mailbox])
    assert (case.original, again.original is None) == (None, False)
    assert again.evidence == Evidence((Proof("source", "*"),))
    assert again.asked.retry == case.asked.retry
    assert again.asked.message_id != case.asked.message_id


@pytest.mark.parametrize("damage", [b"\x00", bytes(60)])
def test_what_is_damaged_is_told_as_that(damage: bytes) -> None:
    with pytest.raises(StoreBroken):
        KEEPING.open(replace(held(case_of("own")), about=damage), ())


def test_one_place_can_not_be_opened_as_another() -> None:
    with pytest.raises(StoreBroken):
        KEEPING.open(replace(held(case_of("own")), about=KEEPING.seal(case_of("own"))), ())


def test_the_sender_and_subject_are_those_of_the_copy() -> None:
    kept = held(case_of("attached"))
    assert (kept.sender, kept.subject) == (ANA, "Fwd: Offer")


def test_of_a_listed_person_the_subject_envelope_and_address_tell_nothing() -> None:
    listed = "eve@rival.example"
    case = case_of("relayed")
    case = replace(
        case,
        outer=replace(case.outer, subject=f"About {listed}"),
        envelope=replace(case.envelope, mail_from=listed),
        recipient=replace(case.recipient, tag="eve=rival.example", address=RELAY.replace("@", "+eve=rival.example@")),
    )
    decision = Decision("trace", "us", "us", Channel.RELAY, NOON, Outcome.HELD, "", 0, "", 0, None, redact=(listed,))
    kept = KEEPING.held(case, decision, "d")
    again = KEEPING.open(kept, ())
    assert kept.subject == "(withheld)"
    assert (again.envelope.mail_from, again.recipient.tag, again.recipient.address) == ("(withheld)", "", RELAY)
