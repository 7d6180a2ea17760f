"""Capture addresses and sources."""

import re
from typing import Any

import pytest

from gateway.core.model import Channel, Peer
from gateway.core.sources import shown as shown_to_be
from storage.administration import accounts, addresses, sources, users
from storage.administration.act import Act
from storage.errors import Refused, StoreBroken
from storage.interface import Store
from storage.plan import ask
from storage.sealing import Sealing

DOMAIN = "log.example"


async def shown(store: Store, act: Act, account: str, sealing: Sealing, name: str) -> addresses.AddressRecord:
    return await store.read(addresses.show(act, account, sealing, DOMAIN, name))


async def account_of(store: Store, act: Act, key: str, now: int, channel: Channel = Channel.BCC) -> str | None:
    return await store.read(addresses.find_recipient(act.keyed("capture", key), channel, now))


async def test_an_address_is_128_bits_of_chance_found_by_its_hash(
    store: Store, act: Act, account: str, sealing: Sealing
) -> None:
    address_id = await store.change(addresses.create(act, account, sealing, "bcc"))
    record = await shown(store, act, account, sealing, address_id)
    key, _, host = record.address.partition("@")
    assert re.fullmatch("[a-z2-7]{26}", key)
    assert host == "bcc.log.example"
    assert await account_of(store, act, key, act.at) == account
    assert await account_of(store, act, key, act.at, Channel.FORWARD) is None
    assert await account_of(store, act, f"{key}x", act.at) is None
    for name in (record.address, key, f"{key.upper()}+deal-7@bcc.log.example"):
        assert (await shown(store, act, account, sealing, name)).id == address_id


async def test_the_key_is_nowhere_in_the_database(store: Store, act: Act, account: str, sealing: Sealing) -> None:
    address_id = await store.change(addresses.create(act, account, sealing, "relay"))
    key = (await shown(store, act, account, sealing, address_id)).address.partition("@")[0]
    rows = await store.read(ask("SELECT key_hash, key_sealed FROM capture_address"))
    audits = await store.read(ask("SELECT detail FROM audit"))
    assert key.encode() not in rows[0][1]
    assert key not in rows[0][0] + str(audits)


async def test_a_key_sealed_for_another_row_or_by_another_key_stays_shut(sealing: Sealing) -> None:
    sealed = sealing.seal("secret", "row")
    assert sealing.unseal(sealed, "row") == "secret"
    assert sealing.seal("secret", "row") != sealed
    for other, blob, place in [
        (sealing, sealed, "other row"),
        (Sealing(bytes(32)), sealed, "row"),
        (sealing, sealed[:-1], "row"),
        (sealing, b"", "row"),
    ]:
        with pytest.raises(StoreBroken, match="can't be opened with this installation key"):
            other.unseal(blob, place)


async def test_an_address_may_be_one_users(store: Store, act: Act, account: str, sealing: Sealing) -> None:
    await store.change(users.add(act, account, "Ann", "ann@us.example", ["view_only"]))
    address_id = await store.change(addresses.create(act, account, sealing, "forward", "ann@us.example"))
    assert (await shown(store, act, account, sealing, address_id)).user == "ann@us.example"
    for channel, user, reason in [
        ("post", "", "channels are bcc, forward, relay, journal"),
        ("relay", "ann@us.example", "whole mail server"),
        ("bcc", "bo@us.example", "no user"),
    ]:
        with pytest.raises(Refused, match=reason):
            await store.change(addresses.create(act, account, sealing, channel, user))


async def test_a_rotated_address_works_for_its_grace_time(
    store: Store, act: Act, account: str, sealing: Sealing
) -> None:
    old = await shown(store, act, account, sealing, await store.change(addresses.create(act, account, sealing, "bcc")))
    new_id = await store.change(addresses.rotate(act, account, sealing, old.address))
    new = await shown(store, act, account, sealing, new_id)
    end = act.at + 14 * 24 * 3600 * 1000
    old_key, new_key = old.address.partition("@")[0], new.address.partition("@")[0]
    assert old_key != new_key
    assert [await account_of(store, act, old_key, now) for now in (act.at, end - 1, end)] == [account, account, None]
    assert await account_of(store, act, new_key, end) == account
    with pytest.raises(Refused, match="rotated or retired already"):
        await store.change(addresses.rotate(act, account, sealing, old.id))
    with pytest.raises(Refused, match="negative"):
        await store.change(addresses.rotate(act, account, sealing, new_id, -1))
    every = await store.read(addresses.every(account, sealing, DOMAIN))
    assert [(a.id, a.retires_at) for a in every] == [(old.id, end), (new_id, None)]


async def test_a_retired_address_ends_at_once(store: Store, act: Act, account: str, sealing: Sealing) -> None:
    address_id = await store.change(addresses.create(act, account, sealing, "bcc"))
    record = await shown(store, act, account, sealing, address_id)
    await store.change(addresses.retire(act, account, record.address))
    assert await account_of(store, act, record.address.partition("@")[0], act.at) is None
    with pytest.raises(Refused, match="retired already"):
        await store.change(addresses.retire(act, account, address_id))
    other = await store.change(accounts.create(act, "them"))
    for name in (address_id, record.address, "", "nonsense"):
        with pytest.raises(Refused, match="no such capture address"):
            await store.change(addresses.retire(act, other, name))


@pytest.mark.parametrize(
    ("typed", "network"),
    [
        ("192.0.2.77/24", "192.0.2.0/24"),
        (" 192.0.2.7 ", "192.0.2.7/32"),
        ("2001:DB8::1/48", "2001:db8::/48"),
        ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
    ],
)
async def test_a_network_is_kept_in_its_usual_form(
    store: Store, act: Act, account: str, typed: str, network: str
) -> None:
    added = await store.change(sources.add(act, account, "mx", typed, ["journal", "relay"], vouches=True))
    assert (added.network, added.vouches) == (network, True)
    assert added.channels == {Channel.RELAY, Channel.JOURNAL}
    assert await store.read(sources.sources()) == (added,)


@pytest.mark.parametrize(
    ("name", "network", "channels", "reason"),
    [
        ("mx", "mx.example", ["relay"], "is no network"),
        ("mx", "192.0.2.0/33", ["relay"], "is no network"),
        ("mx", "0.0.0.0/0", ["relay"], "whole internet"),
        ("mx", "::ffff:0.0.0.0/96", ["relay"], "whole internet"),
        ("mx", "192.0.2.1", ["bcc"], "relay and journal"),
        ("mx", "192.0.2.1", [], "at least one"),
        ("", "192.0.2.1", ["relay"], "name of a source"),
        ("taken", "192.0.2.1", ["relay"], "a source 'taken' already"),
    ],
)
async def test_a_source_that_is_none(
    store: Store, act: Act, account: str, name: str, network: str, channels: list[str], reason: str
) -> None:
    await store.change(sources.add(act, account, "taken", "192.0.2.2", ["relay"]))
    with pytest.raises(Refused, match=reason):
        await store.change(sources.add(act, account, name, network, channels))


async def test_what_a_source_is_believed_is_kept_in_its_usual_form(store: Store, act: Act, account: str) -> None:
    added = await store.change(
        sources.add(
            act,
            account,
            "mx",
            "192.0.2.1",
            ["journal", "relay"],
            trusts=[" Delivered-To", "x-gm-original-to"],
            alternate=True,
            hosts=["Cloud.Example", "@bücher.example", "203.0.113.9/24", "2001:DB8::/32"],
            labels=["Classification:", "Retention  Tag"],
        )
    )
    assert added.trusts == {"delivered-to", "x-gm-original-to"}
    assert added.hosts == {"cloud.example", "xn--bcher-kva.example", "203.0.113.0/24", "2001:db8::/32"}
    assert (added.alternate, added.labels) == (True, {"classification", "retention tag"})
    assert await store.read(sources.sources()) == (added,)


@pytest.mark.parametrize(
    ("channel", "settings", "reason"),
    [
        ("relay", {"trusts": ["to"]}, "'to' is no field that tells the recipient; there are x-gm-original-to, "),
        ("journal", {"trusts": ["delivered-to"]}, "channel relay only"),
        ("relay", {"alternate": True}, "channel journal only"),
        ("relay", {"labels": ["x"]}, "channel journal only"),
        ("journal", {"labels": ["a:b"]}, "is no name of a line"),
        ("journal", {"labels": ["\n"]}, "is no name of a line"),
        ("journal", {"hosts": ["example"]}, "is not a domain"),
        ("journal", {"hosts": ["0.0.0.0/0"]}, "whole internet"),
        ("journal", {"hosts": ["x/y"]}, "is no network"),
    ],
)
async def test_what_no_source_can_be_believed(
    store: Store, act: Act, account: str, channel: str, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        await store.change(sources.add(act, account, "mx", "192.0.2.1", [channel], **settings))


async def test_sources_of_all_accounts_are_told_and_each_is_removed_in_its_own(
    store: Store, act: Act, account: str
) -> None:
    other = await store.change(accounts.create(act, "them"))
    mine = await store.change(sources.add(act, account, "mx", "192.0.2.1", ["relay"]))
    theirs = await store.change(sources.add(act, other, "mx", "192.0.2.1", ["journal"]))
    assert await store.read(sources.sources()) == (mine, theirs)
    with pytest.raises(Refused, match="There is no source"):
        await store.change(sources.remove(act, other, mine.id))
    await store.change(sources.remove(act, account, "mx"))
    assert await store.read(sources.sources()) == (theirs,)


KNOWN_BY: list[dict[str, str]] = [
    {"network": "192.0.2.1"},
    {"network": "192.0.2.0/25"},
    {"network": "128.0.0.0/1"},
    {"network": "198.51.100.0/24", "login": "far"},
    {"network": "2001:db8::/48"},
    {"network": "2001:db8::1"},
    {"network": "", "login": "mx"},
    {"network": "", "certificate": "ab" * 32},
    {"network": "", "login": "other", "certificate": "ab" * 32},
]
CLIENTS = [
    (ip, login, certificate)
    for ip in ("192.0.2.1", "192.0.2.200", "198.51.100.9", "10.0.0.1", "2001:db8::1", "2001:db9::")
    for login in ("", "mx", "far", "other")
    for certificate in ("", "ab" * 32, "cd" * 32)
]


async def test_whoever_a_client_may_be_is_found_without_reading_all_sources(
    store: Store, act: Act, account: str
) -> None:
    for number, by in enumerate(KNOWN_BY):
        await store.change(sources.add(act, account, f"mx{number}", channels=["relay"], **by))  # type: ignore[arg-type]  # texts
    every, found = await store.read(sources.sources()), 0
    for ip, login, certificate in CLIENTS:
        peer = Peer(ip, login=login, account_id=account if login else "", certificate=certificate)
        eligible = await store.read(sources.eligible(peer))
        assert eligible == shown_to_be(peer, eligible) == shown_to_be(peer, every)
        found += len(eligible)
    assert found > len(KNOWN_BY)
