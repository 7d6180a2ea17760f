"""The never-log list as admins keep it."""

import pytest

from gateway.core.address_keys import token_keys
from storage.administration import accounts, never_log, users
from storage.administration.act import Act
from storage.administration.imports import Report, import_table
from storage.csv_text import read
from storage.errors import Refused
from storage.interface import Store
from storage.plan import ask


@pytest.fixture
async def ann(store: Store, act: Act, account: str) -> str:
    return (await store.change(users.add(act, account, "Ann", "ann@us.example", ["view_only"]))).id


async def test_an_entry_is_stored_under_its_keys(store: Store, act: Act, account: str) -> None:
    """So that the facts query finds it by the keys of a message's addresses."""
    entry = await store.change(never_log.add(act, account, "Eve@Rival.example"))
    assert (entry.pattern, entry.kind, entry.effect) == ("Eve@rival.example", "address", "participant")
    assert (entry.user, entry.added_by, entry.added_at) == (None, "cli:tester", act.at)
    keys = {act.keyed("never-log", key) for key in token_keys("eve+x@RIVAL.example")}
    rows = await store.read(ask("SELECT key_hash FROM never_log_key WHERE entry_id = $1", entry.id))
    assert {h for (h,) in rows} & keys


@pytest.mark.parametrize("again", ["EVE@RIVAL.example", '"eve"@rival.example', " eve@rival.example "])
async def test_the_same_pattern_twice_is_refused_in_any_spelling(
    store: Store, act: Act, account: str, ann: str, again: str
) -> None:
    await store.change(never_log.add(act, account, "Eve@rival.example", "message"))
    with pytest.raises(Refused, match=r"on the list for all users already, as entry .* with effect message"):
        await store.change(never_log.add(act, account, again))
    await store.change(never_log.add(act, account, again, user=ann))
    with pytest.raises(Refused, match=r"for ann@us.example already"):
        await store.change(never_log.add(act, account, again, user=ann))
    other = await store.change(accounts.create(act, "them"))
    await store.change(never_log.add(act, other, again))


async def test_domain_and_subdomains_are_entries_apart(store: Store, act: Act, account: str) -> None:
    for pattern in ("rival.example", "*@*.rival.example", "eve@rival.example"):
        await store.change(never_log.add(act, account, pattern))
    found = [(e.pattern, e.kind) for e in await store.read(never_log.every(account))]
    assert found == [
        ("*@rival.example", "domain"),
        ("*@*.rival.example", "subdomain"),
        ("eve@rival.example", "address"),
    ]


@pytest.mark.parametrize("pattern", ["", "*", "@", "e*e@rival.example", "eve@", "*@*", "eve@*.rival.example", "a b"])
async def test_what_is_no_pattern_is_refused_when_it_is_entered(
    store: Store, act: Act, account: str, pattern: str
) -> None:
    with pytest.raises(Refused, match="is not name@domain"):
        await store.change(never_log.add(act, account, pattern))


async def test_effect_and_user_must_exist(store: Store, act: Act, account: str) -> None:
    with pytest.raises(Refused, match="participant or message"):
        await store.change(never_log.add(act, account, "rival.example", "silence"))
    with pytest.raises(Refused, match="no user"):
        await store.change(never_log.add(act, account, "rival.example", user="ann@us.example"))
    assert await store.read(never_log.every(account)) == []


async def test_an_entry_is_removed_with_its_keys(store: Store, act: Act, account: str) -> None:
    entry = await store.change(never_log.add(act, account, "straße.example"))
    await store.change(never_log.remove(act, account, "*@STRASSE.example"))
    assert await store.read(never_log.every(account)) == []
    assert list(await store.read(ask("SELECT 1 FROM never_log_key"))) == []
    with pytest.raises(Refused, match="There is no entry"):
        await store.change(never_log.remove(act, account, entry.id))


async def test_promoted_to_all_users_and_kept_for_one(store: Store, act: Act, account: str, ann: str) -> None:
    entry = await store.change(never_log.add(act, account, "rival.example", user="ann@us.example"))
    assert entry.user == "ann@us.example"
    assert (await store.change(never_log.promote(act, account, entry.id))).user is None
    with pytest.raises(Refused, match="for all users already"):
        await store.change(never_log.promote(act, account, entry.id))
    assert (await store.change(never_log.keep_for(act, account, "rival.example", ann))).user == "ann@us.example"
    with pytest.raises(Refused, match=r"for ann@us.example only already"):
        await store.change(never_log.keep_for(act, account, entry.id, ann))


async def test_a_pattern_on_the_list_twice_is_named_by_id(store: Store, act: Act, account: str, ann: str) -> None:
    mine = await store.change(never_log.add(act, account, "rival.example", user=ann))
    ours = await store.change(never_log.add(act, account, "rival.example"))
    with pytest.raises(Refused, match=rf"{mine.id} \(ann@us.example\), {ours.id} \(all users\)"):
        await store.change(never_log.remove(act, account, "rival.example"))
    with pytest.raises(Refused, match="on the list for all users already"):
        await store.change(never_log.promote(act, account, mine.id))
    await store.change(never_log.remove(act, account, mine.id))
    assert [e.id for e in await store.read(never_log.every(account))] == [ours.id]


async def test_an_address_is_tested_against_the_list(store: Store, act: Act, account: str, ann: str) -> None:
    for pattern in ("rival.example", "*@*.rival.example", "eve@rival.example", "us.example"):
        await store.change(never_log.add(act, account, pattern))

    async def hits(address: str) -> list[str]:
        return [e.pattern for e in (await store.read(never_log.test(act, account, address))).entries]

    assert await hits("Eve+news@RIVAL.example") == ["*@rival.example", "eve@rival.example"]
    assert await hits("Eve <eve@mail.rival.example>") == ["*@*.rival.example"]
    assert await hits("eve@other.example") == []
    assert (await store.read(never_log.test(act, account, "Ann@us.example"))).user == "Ann"
    with pytest.raises(Refused, match="not an e-mail address"):
        await hits("rival.example")


async def imported(store: Store, act: Act, account: str, text: str) -> Report:
    table = read(text.splitlines(keepends=True), "pattern", ["effect", "user"])
    return await import_table(store, table, lambda cells: never_log.take_line(act, account, cells), lambda _: None)


async def test_an_import_can_be_repeated(store: Store, act: Act, account: str, ann: str) -> None:
    text = (
        "pattern,effect,user\neve@rival.example,,\n*@secret.example,message,\n"
        "eve@rival.example,message,\nrival.example,,ann@us.example\nnonsense,,\n"
    )
    report = await imported(store, act, account, text)
    assert report.counts == {"created": 3}
    assert [line for line, _ in report.refused] == [4, 6]
    assert (await imported(store, act, account, text)).counts == {"unchanged": 3}
