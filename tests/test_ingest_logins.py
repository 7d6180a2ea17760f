"""Who a client shows itself to be: by its network, by SMTP AUTH, by its certificate."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.deliveries import ANA, BCC, KEY, KEYED, NOON, RELAY
from fakes.gateway import Clock, counting_ids, empty_database
from fakes.world import load_world, seed

from gateway import passwords
from gateway.authenticate import Authenticator, session
from gateway.core.cases import Setting
from gateway.core.limits import DkimLimits, ReadingLimits
from gateway.core.model import Envelope, Login, Proof, Recipient
from gateway.ingest import Ingest
from storage.administration import passwords as stored
from storage.administration import sources, users
from storage.administration.act import Act
from storage.interface import Store
from storage.open import open_store
from storage.plan import ask
from storage.sealing import Sealing

STRANGER = "192.0.2.66"
RIGHT, OTHER = "correct horse battery", "another staple"
US, THEM = "us", "them"
IDS = counting_ids(Clock())
ACT = Act("test", NOON, IDS, KEYED)
CERTIFICATE = "ab" * 32


@pytest.fixture(scope="module")
def hashes() -> dict[str, str]:
    return {password: passwords.hashed(password) for password in (RIGHT, OTHER)}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """The account of the cases, and another one whose user Ann is Ana, too."""
    world = load_world()
    nothing = {"captures": {}, "contacts": {}, "sources": {}, "never_log": ()}
    them = replace(world, account=THEM, users={"ann": world.users["ana"]}, **nothing)
    empty_database(tmp_path / "gateway.db", tmp_path / "template.db")
    opened = await open_store(tmp_path / "gateway.db", KEY, IDS)
    for one in (world, them):
        await opened.change(seed(one, KEYED))
    yield opened
    await opened.close()


@pytest.fixture
def ingest(store: Store) -> Ingest:
    setting = Setting("log.example", "gw.log.example", KEYED, ReadingLimits())
    return Ingest(store, setting, Sealing(KEY), Authenticator(None, DkimLimits()), 30, IDS, Clock())


# --- names and passwords ---


async def test_a_user_signs_in_with_any_address_in_any_case(
    ingest: Ingest, store: Store, hashes: dict[str, str]
) -> None:
    await store.change(stored.give_user(ACT, US, ANA, hashes[RIGHT]))
    for name in (ANA, "ANA@US.Example", "ana.s@us.example", '"ana"@us.example'):
        found = await ingest.login(name, RIGHT)
        assert found is not None
        assert (found.account_id, found.name) == (US, name.lower().replace('"', ""))


@pytest.mark.parametrize("name", ["", "ana", "zoe@us.example", "nobody@us.example", f"{ANA}\0", "\udcff", "a" * 5000])
async def test_nobody_else_signs_in_with_it(ingest: Ingest, store: Store, hashes: dict[str, str], name: str) -> None:
    await store.change(stored.give_user(ACT, US, ANA, hashes[RIGHT]))
    assert await ingest.login(name, RIGHT) is None
    assert await ingest.login(ANA, OTHER) is None


async def test_a_password_ends_with_its_removal_a_new_one_its_address_and_its_user(
    ingest: Ingest, store: Store, hashes: dict[str, str]
) -> None:
    await store.change(stored.give_user(ACT, US, ANA, hashes[RIGHT]))
    await store.change(users.remove_address(ACT, US, ANA, "ana.s@us.example"))
    assert await ingest.login("ana.s@us.example", RIGHT) is None
    await store.change(stored.give_user(ACT, US, ANA, hashes[OTHER]))
    assert await ingest.login(ANA, RIGHT) is None
    assert await ingest.login(ANA, OTHER) == Login(ANA, US)
    await store.change(users.set_active(ACT, US, ANA, active=False))
    assert await ingest.login(ANA, OTHER) is None
    await store.change(users.set_active(ACT, US, ANA, active=True))
    await store.change(stored.take_from_user(ACT, US, ANA))
    assert await ingest.login(ANA, OTHER) is None


async def test_an_address_of_two_accounts_holds_in_the_one_whose_password_fits(
    ingest: Ingest, store: Store, hashes: dict[str, str]
) -> None:
    """S30."""
    await store.change(stored.give_user(ACT, US, ANA, hashes[RIGHT]))
    await store.change(stored.give_user(ACT, THEM, ANA, hashes[OTHER]))
    assert await ingest.login(ANA, RIGHT) == Login(ANA, US)
    assert await ingest.login(ANA, OTHER) == Login(ANA, THEM)


@pytest.mark.parametrize(("accounts", "calls"), [((), 1), ((US,), 1), ((US, THEM), 2)])
async def test_every_name_takes_as_many_hashes_as_the_one_with_most(
    ingest: Ingest,
    store: Store,
    hashes: dict[str, str],
    accounts: tuple[str, ...],
    calls: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for account in accounts:
        await store.change(stored.give_user(ACT, account, ANA, hashes[RIGHT]))
    passwords.prepare()
    counted: list[str] = []
    verify = passwords._fits
    monkeypatch.setattr(passwords, "_fits", lambda one, password: counted.append(one) or verify(one, password))
    for name in (ANA, "zoe@us.example", "nobody@us.example", "mx", ""):
        counted.clear()
        assert await ingest.login(name, "wrong password") is None
        assert len(counted) == calls, name


# --- sources ---


async def add(store: Store, name: str, network: str = "", **identity: str) -> None:
    await store.change(sources.add(ACT, US, name, network, ["relay"], **identity))


async def shown(ingest: Ingest, ip: str, login: Login | None = None, certificate: str = "") -> list[str]:
    return sorted(source.name for source in (await ingest.peer(ip, login, certificate)).sources)


async def test_a_source_is_known_by_all_that_it_was_given(ingest: Ingest, store: Store) -> None:
    await add(store, "login", login="cloud")
    await add(store, "certificate", certificate=CERTIFICATE)
    await add(store, "both", "198.51.100.0/24", login="mx")
    await add(store, "all", "198.51.100.0/24", login="hub", certificate=CERTIFICATE)
    near = "198.51.100.7"
    assert await shown(ingest, near) == []
    assert await shown(ingest, near, Login("cloud", US)) == ["login"]
    assert await shown(ingest, near, Login("mx", US)) == ["both"]
    assert await shown(ingest, near, Login("hub", US), CERTIFICATE) == ["all", "certificate"]
    assert await shown(ingest, near, Login("hub", US)) == []
    assert await shown(ingest, STRANGER, Login("mx", US)) == []
    assert await shown(ingest, STRANGER, Login("hub", US), CERTIFICATE) == ["certificate"]
    assert await shown(ingest, STRANGER, Login("cloud", THEM)) == []
    assert await shown(ingest, STRANGER, Login(ANA, US), "cd" * 32) == []


async def test_a_source_that_is_known_by_nothing_is_nobody(ingest: Ingest, store: Store) -> None:
    """Nothing can add one; a row that lost all it was known by opens no door."""
    await add(store, "login", login="cloud")
    await store.change(ask("UPDATE source SET login = '' WHERE name = 'login'"))
    assert await shown(ingest, STRANGER) == []


async def test_a_source_signs_in_under_its_login_and_is_then_let_in(
    ingest: Ingest, store: Store, hashes: dict[str, str]
) -> None:
    await add(store, "login", login="cloud")
    assert await ingest.login("cloud", RIGHT) is None
    await store.change(stored.give_source(ACT, US, "login", hashes[RIGHT]))
    login = await ingest.login("Cloud", RIGHT)
    assert login == Login("cloud", US)
    assert await ingest.recipient(await ingest.peer(STRANGER), RELAY) == "smtp.peer_denied"
    assert isinstance(await ingest.recipient(await ingest.peer(STRANGER, login), RELAY), Recipient)


async def test_a_user_who_signs_in_is_no_source_by_that(ingest: Ingest) -> None:
    peer = await ingest.peer(STRANGER, Login(ANA, US))
    assert (peer.login, peer.account_id, peer.sources) == (ANA, US, ())
    assert await ingest.recipient(peer, RELAY) == "smtp.peer_denied"


@pytest.mark.parametrize(("account", "proofs"), [(US, (Proof("smtp_auth", ANA),)), (THEM, ())])
async def test_a_login_proves_its_name_in_its_own_account_only(
    ingest: Ingest, account: str, proofs: tuple[Proof, ...]
) -> None:
    """S30."""
    peer = await ingest.peer(STRANGER, Login(ANA, account))
    recipient = await ingest.recipient(peer, BCC)
    assert isinstance(recipient, Recipient)
    assert session.check(Envelope("trace", peer, ANA, (recipient,), NOON), recipient).proofs == proofs
