"""Held mail is approved, decided again, discarded or expires; whatever is done, the books balance and nothing stays."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from fakes.admin import HOUR, Admin, outcome_of, standing
from fakes.deliveries import ANA, BCC, BOB, EVE, KEYED, KIM, NOON, RELAY, Delivery, cases, keeper, mail
from fakes.seen import seen
from fakes.stores import Breaches, Kept
from fakes.world import EntryRow, World, load_world, seed, seed_entry

from gateway.core.approval import WHAT_TO_DO, Way
from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.model import Outcome, Proof
from gateway.core.reasons import REASONS
from gateway.expiry import expire_held
from storage import held, reads
from storage.administration import accounts, contacts, users
from storage.administration.act import Act
from storage.errors import Refused
from storage.interface import Store
from storage.plan import Rows, Value, ask
from storage.reads import Filter

US = load_world()
OTHER = "ana@home-office.example"
SIGNED = (Proof("dkim", "home-office.example"),)
FORWARD, JOURNAL = "passkey@forward.log.example", "archivekey@journal.log.example"
LOGGED, MERGED, SKIPPED, HELD = Outcome.LOGGED, Outcome.MERGED, Outcome.SKIPPED, Outcome.HELD
DAY = 24 * HOUR
IsGone = Callable[..., Awaitable[None]]


def strangers(raw: bytes, name: str = "trace", proofs: tuple[Proof, ...] = SIGNED, **changed: object) -> Delivery:
    """A proven copy by somebody who is nobody's user."""
    return replace(Delivery(raw, [BCC], OTHER, "hosted", trace_id=name, proofs=proofs), **changed)  # type: ignore[arg-type]  # of Delivery's own fields


ALIASED = strangers(mail(OTHER, BOB, "Offer", message_id="root"))
"""Ana's offer, from an address that nobody knows as hers."""
WRITTEN_TO_ANA = strangers(mail(f"Ottoline <{OTHER}>", f"{ANA}, {KIM}", "Offer"))
"""A stranger's mail to Ana."""
UNPROVEN = Delivery(mail(ANA, BOB), [BCC], ANA, "hosted")
SPF_ONLY = replace(UNPROVEN, proofs=(Proof("spf", "us.example"),))


@pytest.fixture
async def world(store: Store) -> Store:
    await store.change(seed(US, KEYED))
    return store


@pytest.fixture
def admin(world: Store, act: Act) -> Admin:
    return Admin(world, act, US)


async def settle(store: Store, delivery: Delivery, world: World = US) -> Decision:
    [decision] = await store.settle(cases(world, delivery), decide, keeper(delivery, world))
    return decision


async def hold(store: Store, delivery: Delivery = ALIASED) -> str:
    """The id of what is held then."""
    decision = await settle(store, delivery)
    assert decision.outcome is HELD, decision.reason
    return (await store.read(held.find(decision.trace_id))).id


async def rows(store: Store, sql: str, *values: Value) -> Rows:
    return await store.read(ask(sql, *values))


async def decisions(store: Store) -> list[tuple[str, str]]:
    return standing(await store.read(reads.latest(100, Filter())))


async def setting(store: Store, act: Act, name: str, value: str) -> None:
    await store.change(accounts.change_setting(act, "us", name, value))


# Approval of an unknown sender


async def test_as_a_users_alias_it_is_that_users_copy_and_so_are_later_ones(world: Store, admin: Admin) -> None:
    held_id = await hold(world)
    assert outcome_of(await admin.approve(held_id, Way.ALIAS, ANA)) == (LOGGED, "explicit.bcc")
    [activity] = await world.read(seen("us"))
    assert (activity.user, activity.attribution, activity.contacts) == ("us/ana", "attribution.author", (BOB,))
    later = strangers(mail(OTHER, KIM, "Another", message_id="later"), "later")
    assert (await settle(world, later)).reason == "explicit.bcc"
    assert await admin.waiting() == []


async def test_an_alias_that_isnt_proven_later_is_refused_as_any_users_mail_is(world: Store, admin: Admin) -> None:
    await admin.approve(await hold(world), Way.ALIAS, ANA)
    later = await settle(world, strangers(mail(OTHER, KIM, message_id="later"), "later", ()))
    assert (later.outcome, later.reason) == (Outcome.REFUSED, "sender.unverified")


async def test_as_a_contact_it_is_logged_on_the_contacts_record_and_so_are_later_ones(
    world: Store, admin: Admin, act: Act
) -> None:
    """Whatever the rule: the account logs replies only."""
    held_id = await hold(world, WRITTEN_TO_ANA)
    assert outcome_of(await admin.approve(held_id, Way.CONTACT)) == (LOGGED, "sender.approved")
    [activity] = await world.read(seen("us"))
    assert (activity.direction, activity.user, activity.attribution) == (
        "incoming",
        "us/ana",
        "attribution.single_user",
    )
    assert (activity.contacts, activity.created) == ((OTHER, KIM), ())
    assert (await world.read(contacts.show(act, "us", OTHER))).contact.name == "Ottoline"
    later = strangers(mail(OTHER, ANA, "Another", message_id="later"), "later")
    assert (await settle(world, later)).reason == "sender.approved"


async def test_nobody_else_on_it_becomes_a_contact(world: Store, admin: Admin) -> None:
    held_id = await hold(world, strangers(mail(OTHER, f"{ANA}, new@lead.example")))
    await admin.approve(held_id, Way.CONTACT)
    assert [a.contacts for a in await world.read(seen("us"))] == [(OTHER,)]


@pytest.mark.parametrize("proofs", [(), (Proof("dkim", "other.example"),), (Proof("spf", "home-office.example"),)])
async def test_what_an_approved_contact_doesnt_prove_does_not_pass(
    world: Store, admin: Admin, proofs: tuple[Proof, ...]
) -> None:
    await admin.approve(await hold(world, WRITTEN_TO_ANA), Way.CONTACT)
    later = await settle(world, strangers(mail(OTHER, ANA, "Another", message_id="later"), "later", proofs))
    assert (later.outcome, later.reason) == (SKIPPED, "sender.unknown")


async def test_a_contact_that_nobody_approved_is_held(world: Store) -> None:
    bobs = Delivery(mail(BOB, ANA), [BCC], BOB, "hosted", proofs=(Proof("dkim", "client.example"),))
    assert (await settle(world, bobs)).reason == "sender.unknown"


async def test_a_contact_there_was_is_approved_and_can_be_disapproved(world: Store, admin: Admin, act: Act) -> None:
    bobs = Delivery(mail(BOB, ANA), [BCC], BOB, "hosted", proofs=(Proof("dkim", "client.example"),))
    await admin.approve(await hold(world, bobs), Way.CONTACT)
    assert (await world.read(contacts.show(act, "us", BOB))).approved == (BOB,)
    again = replace(bobs, raw=mail(BOB, ANA, message_id="again"), trace_id="again")
    assert (await settle(world, again)).reason == "sender.approved"
    await world.change(contacts.disapprove(act, "us", BOB))
    last = replace(bobs, raw=mail(BOB, ANA, "Else", message_id="last"), trace_id="last")
    assert (await settle(world, last)).outcome is HELD
    with pytest.raises(Refused, match="contact show"):
        await world.change(contacts.disapprove(act, "us", BOB))


async def test_who_answers_to_all_and_is_approved_by_hand_is_logged_whatever_the_rule(
    world: Store, admin: Admin
) -> None:
    held_id = await hold(world, strangers(mail(OTHER, f"{ANA}, {BCC}")))
    assert outcome_of(await admin.approve(held_id, Way.CONTACT)) == (LOGGED, "sender.approved")


async def test_without_a_user_among_its_recipients_it_can_not_go_on_a_contacts_record(
    world: Store, admin: Admin
) -> None:
    held_id = await hold(world)
    before = await rows(world, "SELECT count(*) FROM contact")
    with pytest.raises(Refused, match=r"participants\.no_user.*discard it"):
        await admin.approve(held_id, Way.CONTACT)
    assert await rows(world, "SELECT count(*) FROM contact") == before
    assert [h.id for h in await admin.waiting()] == [held_id]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("dan@us.example", "user dan already"),
        (BOB, "user add-address"),
        ("sales@us.example", "remove-mailbox"),
    ],
)
async def test_an_address_of_somebody_else_is_no_alias(
    world: Store, admin: Admin, act: Act, address: str, said: str
) -> None:
    """It became somebody's after the copy was held, or is a contact's."""
    held_id = await hold(world)
    if address != BOB:
        change = (
            users.add_address(act, "us", "dan@us.example", OTHER, "alias")
            if address.startswith("dan")
            else accounts.add_mailbox(act, "us", OTHER)
        )
        await world.change(change)
    else:
        await world.change(contacts.add_address(act, "us", BOB, OTHER))
    with pytest.raises(Refused, match=said):
        await admin.approve(held_id, Way.ALIAS, ANA)
    assert [h.id for h in await admin.waiting()] == [held_id]


async def test_an_address_that_is_the_users_by_now_needs_no_more_than_the_approval(
    world: Store, admin: Admin, act: Act
) -> None:
    held_id = await hold(world)
    await world.change(users.add_address(act, "us", ANA, OTHER, "connected"))
    assert outcome_of(await admin.approve(held_id, Way.ALIAS, ANA)) == (LOGGED, "explicit.bcc")


async def test_a_user_who_may_not_log_is_told_and_nothing_changes(world: Store, admin: Admin, act: Act) -> None:
    held_id = await hold(world)
    with pytest.raises(Refused, match=r"sender\.not_permitted"):
        await admin.approve(held_id, Way.ALIAS, "max@us.example")
    assert [a.address for a in (await world.read(users.show(act, "us", "max@us.example"))).other_addresses] == []
    assert [h.id for h in await admin.waiting()] == [held_id]


async def test_a_strangers_forward_may_turn_out_to_be_a_users_but_no_contacts(world: Store, admin: Admin) -> None:
    inner = mail(BOB, ANA, message_id="inner").decode()
    body = f"--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--"
    raw = mail(OTHER, FORWARD, "Fwd: Offer", message_id="fwd", text=body, Content_Type="multipart/mixed; boundary=b")
    held_id = await hold(world, strangers(raw, to=[FORWARD]))
    with pytest.raises(Refused, match="Only a user can forward"):
        await admin.approve(held_id, Way.CONTACT)
    assert outcome_of(await admin.approve(held_id, Way.ALIAS, ANA)) == (LOGGED, "explicit.forward")


# Approval of a sender who isn't proven


@pytest.mark.parametrize("reason", ["sender.unverified", "sender.spf_only"])
async def test_a_sender_is_believed_for_this_message_alone(store: Store, act: Act, reason: str) -> None:
    held_back = load_world().with_settings(unproven_user="hold")
    await store.change(seed(held_back, KEYED))
    delivery = SPF_ONLY if reason == "sender.spf_only" else UNPROVEN
    admin = Admin(store, act, held_back)
    held_id = await hold(store, delivery)
    resolved = await admin.approve(held_id)
    assert outcome_of(resolved) == (LOGGED, "explicit.bcc")
    [evidence] = [f.evidence for f in resolved.decision.findings if f.stage == "authenticity"]
    assert "whoever approved it" in evidence
    later = replace(delivery, raw=mail(ANA, BOB, "Another", message_id="later"), trace_id="later")
    assert (await settle(store, later)).reason == reason
    assert [h.trace_id for h in await admin.waiting()] == ["later"]


async def test_what_was_accepted_is_not_refused_when_the_account_refuses_such_mail_by_now(
    store: Store, act: Act
) -> None:
    held_back = load_world().with_settings(unproven_user="hold")
    await store.change(seed(held_back, KEYED))
    held_id = await hold(store, UNPROVEN)
    await setting(store, act, "unproven_user", "refuse")
    assert (await Admin(store, act, held_back).decide(held_id)).still_held
    assert [h.id for h in await Admin(store, act, held_back).waiting()] == [held_id]


@pytest.mark.parametrize("way", [Way.ALIAS, Way.CONTACT])
async def test_a_sender_who_is_known_becomes_nothing_else(world: Store, admin: Admin, way: Way) -> None:
    held_id = await hold(world, SPF_ONLY)
    with pytest.raises(Refused, match="isn't held for an unknown sender"):
        await admin.approve(held_id, way, ANA)


async def test_an_unknown_sender_must_be_said_to_be_somebody(world: Store, admin: Admin) -> None:
    held_id = await hold(world)
    with pytest.raises(Refused, match="--alias-of"):
        await admin.approve(held_id)


# Approval of what was found inside


def told(author_line: str) -> Delivery:
    return Delivery(mail(ANA, FORWARD, "FW: Offer", text=f"{author_line}\r\n\r\nYes please."), [FORWARD], ANA)


CANDIDATE = told('On 4 March 2025, "Bob" <bob@client.example> wrote:')


async def test_the_message_that_was_found_inside_is_taken(world: Store, admin: Admin) -> None:
    held_id = await hold(world, CANDIDATE)
    assert outcome_of(await admin.approve(held_id)) == (LOGGED, "explicit.forward")
    [activity] = await world.read(seen("us"))
    assert (activity.contacts, activity.direction, activity.user) == ((BOB,), "incoming", "us/ana")


def passed_on() -> Delivery:
    """Dan had forwarded Kim's mail to Ana, who forwards that."""
    marker = "---------- Forwarded message ---------\r\n"
    kims = f"{marker}From: {KIM}\r\nDate: Tue, 4 Mar 2025 at 11:00\r\nSubject: Offer\r\n"
    dans = f"{marker}From: dan@us.example\r\nDate: Tue, 4 Mar 2025 at 12:00\r\n"
    text = f"{dans}Subject: Fwd: Offer\r\nTo: {ANA}\r\n\r\n{kims}To: dan@us.example\r\n\r\nMay I have one?"
    return Delivery(mail(ANA, FORWARD, "Fwd: Offer", text=text), [FORWARD], ANA)


COLLEAGUES = passed_on()


async def test_of_a_colleagues_forward_the_inner_one_is_taken(world: Store, admin: Admin) -> None:
    held_id = await hold(world, COLLEAGUES)
    assert outcome_of(await admin.approve(held_id)) == (LOGGED, "explicit.forward")
    [activity] = await world.read(seen("us"))
    assert (activity.contacts, activity.text.strip()) == ((KIM,), "May I have one?")


@pytest.mark.parametrize("reason", [r for r in WHAT_TO_DO if r not in ("sender.unverified", "sender.spf_only")])
async def test_what_nobody_can_approve_is_refused_with_what_helps(world: Store, admin: Admin, reason: str) -> None:
    """Here nothing was found inside; whatever the reason, the sentence says what to do, or what to discard."""
    held_id = await hold(world, told("Please see the offer by c@first.example."))
    await world.change(ask("UPDATE decision SET reason = $1", reason))
    with pytest.raises(Refused, match="iscard"):
        await admin.approve(held_id)
    assert [h.id for h in await admin.waiting()] == [held_id]


def test_something_is_said_of_every_reason_to_hold_mail() -> None:
    stopping = ("forward.", "journal.", "unwrap.")
    held_for = {r for r in REASONS if r.startswith(stopping)} | {"participants.unparsable"}
    assert held_for | {"sender.unknown", "sender.unverified", "sender.spf_only"} == set(WHAT_TO_DO)


# Decided again


async def test_it_stays_held_where_nothing_changed(world: Store, admin: Admin) -> None:
    held_id = await hold(world)
    assert (await admin.decide(held_id)).still_held
    assert [(h.id, h.reason) for h in await admin.waiting()] == [(held_id, "sender.unknown")]
    assert await decisions(world) == [("held", "sender.unknown")]


async def test_todays_users_count(world: Store, admin: Admin, act: Act) -> None:
    held_id = await hold(world)
    await world.change(users.add_address(act, "us", ANA, OTHER, "alias"))
    assert outcome_of(await admin.decide(held_id)) == (LOGGED, "explicit.bcc")


async def test_todays_settings_count(world: Store, admin: Admin, act: Act) -> None:
    held_id = await hold(world, SPF_ONLY)
    await setting(world, act, "sender_proof", "spf_is_enough")
    assert outcome_of(await admin.decide(held_id)) == (LOGGED, "explicit.bcc")


async def test_todays_sources_count(world: Store, admin: Admin) -> None:
    """A line of the report that nobody knew is named; then the message inside is read."""
    report = f"Sender: {ANA}\r\nSubject: Offer\r\nMessage-Id: <one@mail.example>\r\nTo: {BOB}\r\nPolicy: none\r\n"
    inner = mail(ANA, BOB).decode()
    body = f"--b\r\n\r\n{report}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--"
    raw = mail("mail@us.example", JOURNAL, "Offer", "X-MS-Journal-Report:", message_id="outer", text=body)
    raw = raw.replace(b"Date:", b"Content-Type: multipart/mixed; boundary=b\r\nDate:", 1)
    held_id = await hold(world, Delivery(raw, [JOURNAL], ""))
    assert (await admin.decide(held_id)).still_held
    await world.change(ask("UPDATE source SET labels = 'policy'"))
    assert outcome_of(await admin.decide(held_id)) == (SKIPPED, "rule.replies_only")


async def test_what_is_held_for_another_reason_then_waits_under_that_one_as_long_as_it_would_have(
    world: Store, admin: Admin
) -> None:
    raw = mail(OTHER, FORWARD, "FW: Offer", text='On 4 March 2025, "Bob" <bob@client.example> wrote:\r\n\r\nYes.')
    held_id = await hold(world, strangers(raw, to=[FORWARD]))
    [before] = await admin.waiting()
    assert outcome_of(await admin.approve(held_id, Way.ALIAS, ANA)) == (HELD, "forward.ambiguous")
    [after] = await admin.waiting()
    assert (after.reason, after.expires_at, after.trace_id) == ("forward.ambiguous", before.expires_at, before.trace_id)
    assert outcome_of(await admin.approve(after.trace_id)) == (LOGGED, "explicit.forward")


# Never-log wins


@pytest.mark.parametrize("do", ["alias", "contact", "decide"])
async def test_an_entry_made_meanwhile_keeps_it_out(
    world: Store, admin: Admin, act: Act, is_gone: IsGone, do: str
) -> None:
    held_id = await hold(world, SECRET)
    await world.change(seed_entry("us", EntryRow("*@lead.example", "message"), KEYED))
    if do == "decide":
        resolved = await admin.decide(held_id)
    else:
        resolved = await admin.approve(held_id, Way(do), ANA)
    assert outcome_of(resolved) == (SKIPPED, "never_log.domain")
    await is_gone(*SECRETS)
    assert await rows(world, "SELECT flags, stages FROM decision") == [("[]", "[]")] * 2
    with pytest.raises(Refused):
        await world.read(contacts.show(act, "us", OTHER))
    anas = await world.read(users.show(act, "us", ANA))
    assert OTHER not in [a.address for a in anas.other_addresses]


async def test_who_was_passed_over_when_it_was_held_stays_so(world: Store, admin: Admin, act: Act) -> None:
    """Even if the entry is gone by then. As a recipient he counts: rule 2, not 1, names Ana."""
    held_id = await hold(world, strangers(mail(OTHER, f"{ANA}, {EVE}, {KIM}", Cc="Eve <eve@rival.example>")))
    await world.change(ask("DELETE FROM never_log_entry"))
    await admin.approve(held_id, Way.CONTACT)
    [activity] = await world.read(seen("us"))
    assert activity.contacts == (OTHER, KIM)
    assert {"to (listed)", "cc (listed)"} < set(activity.participants)
    assert not any(EVE in person for person in activity.participants)
    assert activity.attribution == "attribution.single_user"


async def test_he_counts_among_the_recipients(world: Store, admin: Admin) -> None:
    held_id = await hold(world, strangers(mail(OTHER, f"{ANA}, {KIM}, {EVE}")))
    await world.change(ask("DELETE FROM contact_address WHERE contact_id = 'kim'"))
    await admin.approve(held_id, Way.CONTACT)
    [activity] = await world.read(seen("us"))
    assert activity.attribution == "attribution.single_user"


async def test_a_listed_envelope_sender_is_not_kept_and_makes_it_no_bounce(
    world: Store, admin: Admin, kept: Kept
) -> None:
    held_id = await hold(world, replace(ALIASED, mail_from="quillfeather@secret.example"))
    assert await kept("quillfeather") == set()
    assert outcome_of(await admin.approve(held_id, Way.ALIAS, ANA)) == (LOGGED, "explicit.bcc")


async def test_a_message_inside_that_was_not_kept_can_not_be_decided_again(world: Store, admin: Admin) -> None:
    original = mail(f"{BOB}, {KIM}", f"{ANA}, quillfeather@secret.example", message_id="").decode()
    body = f"--b\r\n\r\nWhich?\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{original}\r\n--b--"
    raw = mail(ANA, FORWARD, "Fwd: Offer", message_id="fwd", text=body, Content_Type="multipart/mixed; boundary=b")
    held_id = await hold(world, Delivery(raw, [FORWARD], ANA))
    with pytest.raises(Refused, match=r"never-log list.*sent again"):
        await admin.approve(held_id)
    await admin.discard(held_id)


async def test_a_listed_person_in_a_line_of_a_report_is_not_kept(world: Store, kept: Kept) -> None:
    """Bcc shows him there alone."""
    listed = "quillfeather@secret.example"
    report = f"Sender: {ANA}\r\nMessage-ID: <one@mail.example>\r\nTo: {BOB}\r\nBcc: {listed}\r\nWhat?\r\n"
    inner = mail(ANA, BOB).decode()
    body = f"--b\r\n\r\n{report}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--"
    raw = mail("mail@us.example", JOURNAL, "Offer", "X-MS-Journal-Report:", message_id="outer", text=body)
    raw = raw.replace(b"Date:", b"Content-Type: multipart/mixed; boundary=b\r\nDate:", 1)
    await hold(world, Delivery(raw, [JOURNAL], ""))
    assert await kept("quillfeather") == set()


# Discarded and expired

SECRETS = ("ottoline@lead.example", "Zephyrine plans", "vermilion lighthouse", "obsidian-heron", "marrowbone")
SECRET = strangers(
    mail(OTHER, f"{ANA}, ottoline@lead.example", SECRETS[1], message_id=SECRETS[3], text=SECRETS[2], X_Id="marrowbone")
)


@pytest.fixture
def is_gone(world: Store, kept: Kept, breaches: Breaches) -> IsGone:
    """`await is_gone(*secrets)`: nothing of a held message stays."""

    async def looked(*secrets: str) -> None:
        assert await kept(*secrets) == set()
        assert await breaches() == []
        assert await rows(world, "SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM finding)") == [(0, 0)]

    return looked


async def test_before_that_it_is_there(world: Store, kept: Kept) -> None:
    """The control of the scan."""
    await hold(world, SECRET)
    assert await kept(*SECRETS) == set(SECRETS)


async def test_of_what_is_discarded_nothing_stays(world: Store, admin: Admin, is_gone: IsGone) -> None:
    held_id = await hold(world, SECRET)
    await admin.discard(held_id)
    assert await decisions(world) == [("skipped", "held.discarded")]
    await is_gone(*SECRETS, OTHER)
    assert await admin.waiting() == []


async def test_what_nobody_resolves_expires_after_the_accounts_days(world: Store, act: Act, is_gone: IsGone) -> None:
    await setting(world, act, "held_days", "3")
    await hold(world, SECRET)
    assert await Admin(world, act, US, NOON + 3 * DAY - 1).expire() == 0
    assert await Admin(world, act, US, NOON + 3 * DAY).expire() == 1
    assert await decisions(world) == [("skipped", "held.expired")]
    await is_gone(*SECRETS, OTHER)


async def test_a_running_gateway_erases_them(world: Store, is_gone: IsGone) -> None:
    await hold(world, SECRET)
    for at, left in ((NOON + 30 * DAY - 1, 1), (NOON + 30 * DAY, 0)):
        await expire_held(world, KEYED, at)
        assert len(await world.read(held.every())) == left
    await is_gone(*SECRETS, OTHER)
    assert await rows(world, "SELECT who, action FROM audit") == [("gateway", "held.expire")]


async def test_the_days_are_those_of_the_setting_as_it_is_then(world: Store, act: Act) -> None:
    await hold(world)
    await setting(world, act, "held_days", "60")
    [shown] = await world.read(held.every())
    assert shown.expires_at == NOON + 60 * DAY
    assert await Admin(world, act, US, NOON + 59 * DAY).expire() == 0


async def test_what_is_held_no_more_says_what_became_of_it(world: Store, admin: Admin) -> None:
    held_id = await hold(world)
    await admin.discard(held_id)
    with pytest.raises(Refused, match=r"skipped, held\.discarded"):
        await admin.approve(held_id)
    with pytest.raises(Refused, match="held list"):
        await admin.discard("nothing")


async def test_a_trace_id_of_several_is_refused_with_their_ids(world: Store, admin: Admin) -> None:
    await world.settle(cases(US, replace(ALIASED, to=[BCC, "dankey@bcc.log.example"])), decide, keeper(ALIASED, US))
    ids = [h.id for h in await admin.waiting()]
    with pytest.raises(Refused, match=", ".join(ids)):
        await admin.discard("trace")
    await admin.discard(ids[0])
    await admin.discard("trace")


async def test_another_accounts_held_mail_is_not_found(world: Store) -> None:
    await hold(world)
    with pytest.raises(Refused, match="Nothing is held"):
        await world.read(held.find("trace", "them"))
    assert await world.read(held.every("them")) == []


# Repeats, copies and threads


async def test_a_repeat_meets_the_later_decision(world: Store, admin: Admin, breaches: Breaches) -> None:
    held_id = await hold(world)
    await settle(world, replace(ALIASED, trace_id="again"))
    await admin.approve(held_id, Way.ALIAS, ANA)
    repeated = await settle(world, replace(ALIASED, trace_id="once more"))
    assert repeated.reason == "dedupe.retry"
    [*_, last] = await world.read(reads.by_trace("again"))
    assert (last.outcome, last.deliveries) == ("logged", 3)
    assert await breaches() == []


async def test_so_does_a_repeat_of_one_that_was_kept_without_a_listed_person(world: Store, admin: Admin) -> None:
    """Whose bytes, and so their hash, aren't those that came."""
    delivery = strangers(mail(OTHER, f"{BOB}, {EVE}"))
    await admin.approve(await hold(world, delivery), Way.ALIAS, ANA)
    assert (await settle(world, replace(delivery, trace_id="again"))).reason == "dedupe.retry"


async def test_so_does_a_repeat_of_a_forward_whose_inner_message_was_taken(world: Store, admin: Admin) -> None:
    await admin.approve(await hold(world, COLLEAGUES))
    assert (await settle(world, replace(COLLEAGUES, trace_id="again"))).reason == "dedupe.retry"


@pytest.mark.parametrize("late", ["reply", "parent"])
async def test_it_stands_in_its_thread_in_whatever_order_it_comes(store: Store, act: Act, late: str) -> None:
    """A reply to what is held is logged when that is, where the account waits; one that comes later is anyway."""
    patient = US.with_settings(late_parent_hours=2)
    await store.change(seed(patient, KEYED))
    fields = {"In_Reply_To": "<root@mail.example>"}
    reply = Delivery(mail(BOB, ANA, "Re: Offer", message_id="leaf", **fields), [RELAY], BOB, trace_id="leaf")
    held_id = await hold(store, ALIASED)
    if late == "reply":
        await Admin(store, act, patient, NOON + 1).approve(held_id, Way.ALIAS, ANA)
        await settle(store, reply, patient)
    else:
        await settle(store, reply, patient)
        resolved = await Admin(store, act, patient, NOON + 1).approve(held_id, Way.ALIAS, ANA)
        assert [called.trace_id for called in resolved.decision.calls] == ["leaf"]
    assert len({thread for (thread,) in await rows(store, "SELECT thread_id FROM activity")}) == 1
    assert len(await store.read(seen("us"))) == 2


async def test_an_answer_that_was_held_joins_the_thread_it_answers(world: Store, admin: Admin) -> None:
    answer = strangers(mail(OTHER, BOB, "Re: Offer", message_id="leaf", In_Reply_To="<parent@mail.example>"))
    held_id = await hold(world, answer)
    await settle(world, Delivery(mail(ANA, BOB, message_id="parent"), [BCC], ANA, trace_id="parent"))
    await admin.approve(held_id, Way.ALIAS, ANA)
    assert await rows(world, "SELECT count(DISTINCT thread_id), count(*) FROM activity") == [(1, 2)]


async def test_another_copy_that_was_logged_meanwhile_takes_it_in(world: Store, admin: Admin, act: Act) -> None:
    held_id = await hold(world)
    await world.change(users.add_address(act, "us", ANA, OTHER, "alias"))
    await settle(world, replace(ALIASED, to=["dankey@bcc.log.example"], trace_id="other"))
    assert outcome_of(await admin.decide(held_id)) == (MERGED, "dedupe.merged")
    assert len(await world.read(seen("us"))) == 1


# On record


async def test_each_act_is_on_record(world: Store, admin: Admin, act: Act) -> None:
    await admin.approve(await hold(world), Way.ALIAS, ANA)
    await admin.discard(await hold(world, replace(SPF_ONLY, trace_id="second")))
    await hold(world, replace(CANDIDATE, trace_id="third"))
    await Admin(world, act, US, NOON + 31 * DAY).expire()
    done = await rows(world, "SELECT action, detail, at FROM audit ORDER BY id")
    assert [action for action, *_ in done] == ["user.add_address", "held.approve", "held.discard", "held.expire"]
    assert {"way": "alias", "outcome": "logged", "reason": "explicit.bcc", "before": "sender.unknown"}.items() <= (
        json.loads(done[1][1]).items()
    )
    assert [at for *_, at in done] == [NOON + HOUR] * 3 + [NOON + 31 * DAY]


async def test_an_approval_that_fails_leaves_nothing(
    world: Store, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_id = await hold(world)
    count = "SELECT (SELECT count(*) FROM user_address), (SELECT count(*) FROM audit), (SELECT count(*) FROM decision)"
    before = await rows(world, count)

    def broken(*_: object) -> None:
        raise Refused("no")

    monkeypatch.setattr("storage.held.release_held", broken)
    with pytest.raises(Refused, match="no"):
        await admin.approve(held_id, Way.ALIAS, ANA)
    assert await rows(world, count) == before


async def test_what_an_older_version_held_can_be_discarded_only(world: Store, admin: Admin) -> None:
    held_id = await hold(world)
    await world.change(ask("UPDATE held SET about = $1", b""))
    with pytest.raises(Refused, match="discard it"):
        await admin.decide(held_id)
    await admin.discard(held_id)


async def test_the_capture_address_is_not_stored_with_it(world: Store, kept: Kept) -> None:
    await hold(world)
    assert await kept(BCC) == set()
