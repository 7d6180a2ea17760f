"""Accounts, their settings and what every verb has in common."""

import json
from dataclasses import fields, replace

import pytest

from gateway.core.facts import AccountSettings
from storage.administration import accounts, contacts, settings, users
from storage.administration.act import Act, latest
from storage.errors import Refused
from storage.facts import read_settings
from storage.interface import Store


async def test_a_new_account_has_the_default_settings(store: Store, act: Act, account: str) -> None:
    shown = await store.read(accounts.show(account))
    assert (shown.name, shown.domains, shown.created_at) == ("us", ("us.example",), act.at)
    assert read_settings(json.dumps(shown.settings)) == AccountSettings()


async def test_a_name_is_taken_once(store: Store, act: Act, account: str) -> None:
    with pytest.raises(Refused, match="There is an account 'us' already"):
        await store.change(accounts.create(act, " us "))
    other = await store.change(accounts.create(act, "them"))
    with pytest.raises(Refused, match="already"):
        await store.change(accounts.rename(act, other, "us"))
    await store.change(accounts.rename(act, account, "us too"))
    assert [a.name for a in await store.read(accounts.every())] == ["them", "us too"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\x1bb", "a\u2028" + "b\0"])
async def test_names_that_are_none(store: Store, act: Act, name: str) -> None:
    with pytest.raises(Refused, match="The name of an account"):
        await store.change(accounts.create(act, name))


async def test_the_only_account_need_not_be_named(store: Store, act: Act) -> None:
    with pytest.raises(Refused, match="account create NAME"):
        await store.read(accounts.find())
    first = await store.change(accounts.create(act, "us"))
    assert await store.read(accounts.find()) == first
    second = await store.change(accounts.create(act, "them"))
    with pytest.raises(Refused, match="--account: them, us"):
        await store.read(accounts.find())
    with pytest.raises(Refused, match="no account 'x'; the accounts are them, us"):
        await store.read(accounts.find("x"))
    assert await store.read(accounts.find("them")) == await store.read(accounts.find(second)) == second


async def test_a_refused_change_changes_nothing(store: Store, act: Act) -> None:
    with pytest.raises(Refused, match="not a domain"):
        await store.change(accounts.create(act, "us", ["us.example", "no domain"]))
    assert await store.read(accounts.every()) == []


@pytest.mark.parametrize("typed", ["MÜLLER.example", "xn--mller-kva.example", "@müller.example."])
async def test_own_domains_are_kept_as_a_labels(store: Store, act: Act, account: str, typed: str) -> None:
    await store.change(accounts.add_domain(act, account, typed))
    assert (await store.read(accounts.show(account))).domains == ("us.example", "xn--mller-kva.example")
    with pytest.raises(Refused, match="own domains already"):
        await store.change(accounts.add_domain(act, account, typed))
    await store.change(accounts.remove_domain(act, account, typed))
    with pytest.raises(Refused, match=r"none of the account's own domains: us.example"):
        await store.change(accounts.remove_domain(act, account, typed))


@pytest.mark.parametrize("typed", ["", "example", "[192.0.2.1]", "a b.example", "ann@us.example", "a..example"])
async def test_what_is_no_domain_is_refused(store: Store, act: Act, account: str, typed: str) -> None:
    with pytest.raises(Refused, match=r"is not a domain; write it as example.com"):
        await store.change(accounts.add_domain(act, account, typed))


async def test_a_new_own_domain_takes_its_addresses_from_contacts(store: Store, act: Act, account: str) -> None:
    """Internal addresses are no contact's; the underscore stands for itself."""
    await store.change(contacts.add(act, account, "Bo", ["bo@cust.example", "bo@new_us.example"]))
    await store.change(contacts.add(act, account, "Eve", ["eve@newxus.example"]))
    released = await store.change(accounts.add_domain(act, account, "new_us.example"))
    assert [(r.contact_name, r.address, r.addresses_left) for r in released] == [("Bo", "bo@new_us.example", 1)]
    assert (await store.read(contacts.show(act, account, "eve@newxus.example"))).contact.name == "Eve"


async def test_a_shared_mailbox_is_nobodys(store: Store, act: Act, account: str) -> None:
    await store.change(users.add(act, account, "Ann", "ann@us.example", ["view_only"]))
    await store.change(accounts.add_mailbox(act, account, "Sales@us.example"))
    assert (await store.read(accounts.show(account))).mailboxes == ("sales@us.example",)
    wrong = {"ann@us.example": "user Ann", "sales@us.example": "shared mailbox", "x": "not an e-mail address"}
    for address, reason in wrong.items():
        with pytest.raises(Refused, match=reason):
            await store.change(accounts.add_mailbox(act, account, address))
    await store.change(accounts.remove_mailbox(act, account, "sales@us.example"))
    with pytest.raises(Refused, match="no shared mailbox"):
        await store.change(accounts.remove_mailbox(act, account, "sales@us.example"))


SOUND = {
    "rule": ("log_all", "log_all"),
    "sender_proof": ("spf_is_enough", "spf_is_enough"),
    "arc_sealers": ("lists.example, Relay.example", ["lists.example", "relay.example"]),
    "unproven_user": ("hold", "hold"),
    "strict_subject": ("on", True),
    "late_parent_hours": ("48", 48),
    "subaddressing": ("off", False),
    "automated_allow": ("list, auto_reply", ["auto_reply", "list"]),
    "held_days": ("7", 7),
    "activity_days": ("3650", 3650),
    "message_days": ("365", 365),
    "skipped_days": ("90", 90),
    "audit_days": ("30", 30),
}


def test_every_setting_can_be_changed() -> None:
    assert set(SOUND) == {f.name for f in fields(AccountSettings)}


@pytest.mark.parametrize("setting", SOUND)
async def test_a_setting_changes_and_is_read_back(store: Store, act: Act, account: str, setting: str) -> None:
    text, value = SOUND[setting]
    assert (await store.change(accounts.change_setting(act, account, setting, text)))[1] == value
    stored = read_settings(json.dumps((await store.read(accounts.show(account))).settings))
    assert stored == settings.change(AccountSettings(), setting, text) != AccountSettings()


@pytest.mark.parametrize("setting", [*SOUND, "volume"])
async def test_a_wrong_value_is_answered_with_the_right_ones(
    store: Store, act: Act, account: str, setting: str
) -> None:
    with pytest.raises(Refused, match=r"one of|any of|whole number|not a domain|the settings are rule, sender_proof"):
        await store.change(accounts.change_setting(act, account, setting, "loud"))


async def test_a_loop_is_never_let_through(store: Store, act: Act, account: str) -> None:
    with pytest.raises(Refused, match="can't hold loop"):
        await store.change(accounts.change_setting(act, account, "automated_allow", "list loop"))


async def test_the_audit_says_who_did_what_and_when(store: Store, act: Act, account: str) -> None:
    later = replace(act, who="cli:other", at=act.at + 1)
    await store.change(accounts.change_setting(later, account, "rule", "log_all"))
    await store.change(accounts.change_setting(later, account, "rule", "log_all"))
    records = await store.read(latest(account, 10))
    assert [r.action for r in records] == ["account.create", "account.add_domain", "account.set"]
    assert (records[-1].who, records[-1].at) == ("cli:other", act.at + 1)
    assert records[-1].detail == {"setting": "rule", "before": "replies_only", "after": "log_all"}
    assert [r.action for r in await store.read(latest(account, 1))] == ["account.set"]
