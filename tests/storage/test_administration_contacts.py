"""Contacts: no verb loses an activity."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.administration import accounts, contacts, users
from storage.administration.act import Act
from storage.administration.imports import Report, import_table
from storage.csv_text import read
from storage.errors import Refused
from storage.interface import Store
from storage.plan import Plan, ask, insert


@pytest.fixture
async def bo(store: Store, act: Act, account: str) -> str:
    return await store.change(contacts.add(act, account, "Bo", ["Bo@x.example", "bo@y.example"]))


@pytest.fixture
async def ann(store: Store, act: Act, account: str) -> str:
    return (await store.change(users.add(act, account, "Ann", "ann@us.example", ["view_only"]))).id


def logged(act: Act, account: str, people: Sequence[tuple[str, str]], on: Sequence[str]) -> Plan[str]:
    """An activity with these participants (address, contact id), on the record of these contacts."""
    activity_id = act.new_id()
    texts = dict.fromkeys(("direction", "attribution", "candidates", "text", "reference", "richness"), "")
    yield from insert(
        "activity",
        id=activity_id,
        account_id=account,
        explicit=1,
        sent_at=act.at,
        arrived_at=act.at,
        size=1,
        **texts,
    )
    for position, (address, contact) in enumerate(people):
        yield from insert(
            "participant",
            activity_id=activity_id,
            position=position,
            role="to",
            name="",
            address=address,
            canonical=address,
            contact_id=contact,
            hidden=0,
        )
    for position, contact in enumerate(on):
        yield from insert(
            "activity_contact", activity_id=activity_id, contact_id=contact, position=position, at=act.at, created=0
        )
    return activity_id


async def test_a_contact_is_found_by_id_and_by_any_address(store: Store, act: Act, account: str, bo: str) -> None:
    for name in (bo, "bo@x.example", "BO@Y.example"):
        detail = await store.read(contacts.show(act, account, name))
        assert (detail.contact.id, detail.contact.name, detail.activities) == (bo, "Bo", 0)
    assert detail.contact.addresses == ("bo@x.example", "bo@y.example")
    other = await store.change(accounts.create(act, "them"))
    for name in (bo, "bo@x.example", "", "nobody"):
        with pytest.raises(Refused, match="There is no contact"):
            await store.read(contacts.show(act, other, name))


async def test_internal_addresses_are_no_contacts(store: Store, act: Act, account: str, bo: str, ann: str) -> None:
    await store.change(users.add_address(act, account, ann, "ann@home.example", "alias"))
    await store.change(accounts.add_mailbox(act, account, "group@lists.example"))
    for address, reason in {
        "ann@home.example": "user Ann",
        "group@lists.example": "shared mailbox",
        "someone@us.example": "its domain",
        "bo@y.example": "contact Bo already",
        "bo": "not an e-mail address",
    }.items():
        with pytest.raises(Refused, match=reason):
            await store.change(contacts.add(act, account, "X", ["new@x.example", address]))
        with pytest.raises(Refused, match=reason):
            await store.change(contacts.add_address(act, account, bo, address))
    with pytest.raises(Refused, match="needs an address"):
        await store.change(contacts.add(act, account, "X", []))
    assert len(await store.read(contacts.every(account))) == 1


async def test_a_page_of_contacts(store: Store, act: Act, account: str) -> None:
    ids = [await store.change(contacts.add(act, account, f"N{n}", [f"n{n}@x.example"])) for n in range(5)]
    first = await store.read(contacts.every(account, limit=2))
    second = await store.read(contacts.every(account, after=first[-1].id, limit=2))
    assert [c.id for c in [*first, *second]] == ids[:4]


@pytest.mark.parametrize(("search", "found"), [("O", 2), ("bo@Y", 1), ("%", 0), ("b_", 0), ("a_b", 1), ("\\", 0)])
async def test_the_search_takes_every_character_for_itself(
    store: Store, act: Act, account: str, bo: str, search: str, found: int
) -> None:
    await store.change(contacts.add(act, account, "Someone", ["a_b@z.example"]))
    assert len(await store.read(contacts.every(account, search))) == found


async def test_an_owner_comes_and_goes(store: Store, act: Act, account: str, bo: str, ann: str) -> None:
    await store.change(contacts.set_owner(act, account, bo, "ann@us.example"))
    assert (await store.read(contacts.show(act, account, bo))).contact.owner == "ann@us.example"
    with pytest.raises(Refused, match=r"no user 'x@us.example'"):
        await store.change(contacts.set_owner(act, account, bo, "x@us.example"))
    await store.change(contacts.set_owner(act, account, bo, ""))
    assert (await store.read(contacts.show(act, account, bo))).contact.owner is None


async def test_without_its_primary_address_the_next_one_is_primary(
    store: Store, act: Act, account: str, bo: str
) -> None:
    await store.change(contacts.remove_address(act, account, bo, "bo@x.example"))
    rows = await store.read(ask("SELECT address, position FROM contact_address WHERE contact_id = $1", bo))
    assert [tuple(r) for r in rows] == [("bo@y.example", 0)]
    with pytest.raises(Refused, match="only address"):
        await store.change(contacts.remove_address(act, account, bo, "bo@y.example"))
    with pytest.raises(Refused, match="no address of that contact"):
        await store.change(contacts.remove_address(act, account, bo, "bo@x.example"))


async def test_a_merged_contact_leads_to_the_other(store: Store, act: Act, account: str, bo: str, ann: str) -> None:
    rob = await store.change(contacts.add(act, account, "", ["rob@z.example"], "ann@us.example"))
    await store.change(logged(act, account, [("bo@x.example", bo), ("rob@z.example", rob)], [bo, rob]))
    await store.change(logged(act, account, [("bo@y.example", bo)], [bo]))
    mentioned = await store.change(logged(act, account, [("bo@y.example", bo)], []))
    assert await store.change(contacts.merge(act, account, "bo@x.example", rob)) == 2
    kept = await store.read(contacts.show(act, account, "bo@y.example"))
    assert (kept.contact.id, kept.contact.name, kept.contact.owner) == (rob, "Bo", "ann@us.example")
    assert kept.contact.addresses == ("rob@z.example", "bo@x.example", "bo@y.example")
    assert kept.activities == 2
    rows = await store.read(ask("SELECT contact_id FROM participant WHERE activity_id = $1", mentioned))
    assert [tuple(r) for r in rows] == [(rob,)]
    assert (await store.read(contacts.show(act, account, bo))).contact.merged_into == rob
    with pytest.raises(Refused, match=f"merged into {rob}"):
        await store.change(contacts.rename(act, account, bo, "x"))
    with pytest.raises(Refused, match="into itself"):
        await store.change(contacts.merge(act, account, rob, "bo@x.example"))


async def test_a_removed_contact_leaves_its_activities(store: Store, act: Act, account: str, bo: str) -> None:
    await store.change(logged(act, account, [("bo@x.example", bo)], [bo]))
    await store.change(contacts.remove(act, account, "bo@x.example"))
    assert await store.read(contacts.every(account)) == []
    detail = await store.read(contacts.show(act, account, bo))
    assert (detail.activities, detail.contact.removed_at) == (1, act.at)
    with pytest.raises(Refused, match="was removed"):
        await store.change(contacts.set_owner(act, account, bo, ""))
    assert await store.change(contacts.add(act, account, "Bo", ["bo@x.example"])) != bo


@settings(max_examples=10, deadline=None)
@given(
    on=st.lists(st.sets(st.integers(0, 3), min_size=1), max_size=6),
    merges=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=5),
)
def test_merging_never_loses_an_activity_an_address_or_a_participant(
    tmp_path_factory: pytest.TempPathFactory,
    open_empty: Callable[[Path, Act], Awaitable[Store]],
    make_act: Callable[[], Act],
    on: list[set[int]],
    merges: list[tuple[int, int]],
) -> None:
    """Whatever is merged in whatever order: every activity stays on the record of who its contacts became."""

    async def body(folder: Path) -> None:
        act = make_act()
        store = await open_empty(folder, act)
        try:
            account = await store.change(accounts.create(act, "us"))
            ids = [await store.change(contacts.add(act, account, "", [f"{n}@x.example"])) for n in range(4)]
            activities: dict[str, set[int]] = {}
            for some in on:
                people = [(f"{n}@x.example", ids[n]) for n in some]
                activities[await store.change(logged(act, account, people, [ids[n] for n in some]))] = some
            now = list(range(4))
            for merged, into in merges:
                if now[merged] != now[into]:
                    await store.change(contacts.merge(act, account, f"{merged}@x.example", f"{into}@x.example"))
                    now = [now[into] if n == now[merged] else n for n in now]
            rows = await store.read(ask("SELECT activity_id, contact_id FROM activity_contact"))
            assert {tuple(r) for r in rows} == {(a, ids[now[n]]) for a, some in activities.items() for n in some}
            rows = await store.read(ask("SELECT canonical, contact_id FROM participant"))
            assert all(contact == ids[now[int(address[0])]] for address, contact in rows)
            assert len(rows) == sum(map(len, on))
            rows = await store.read(ask("SELECT contact_id, position FROM contact_address"))
            assert len(rows) == len({tuple(r) for r in rows}) == 4
        finally:
            await store.close()

    asyncio.run(body(tmp_path_factory.mktemp("merge")))


async def imported(store: Store, act: Act, account: str, text: str) -> Report:
    table = read(text.splitlines(keepends=True), "email", ["name", "owner"])
    return await import_table(store, table, lambda cells: contacts.take_line(act, account, cells), lambda _: None)


async def test_an_import_creates_updates_and_goes_on_behind_refused_lines(
    store: Store, act: Act, account: str, bo: str, ann: str
) -> None:
    text = (
        "Email;Name;Owner;City\n"
        "bo@x.example;Robert;;Bonn\n"
        'new@x.example;"\'=Neu; Ä";ann@us.example;\n'
        "new@x.example;;;\n"
        "ann@us.example;Ann;;\n"
        "nonsense;;;\n"
        "\n"
        "z@x.example;Z;nobody@us.example;\n"
        "bad\udcff@x.example;Z;;\n"
    )
    report = await imported(store, act, account, text)
    assert report.counts == {"created": 1, "updated": 1, "unchanged": 1}
    assert [(line, reason[:28]) for line, reason in report.refused] == [
        (5, "ann@us.example can't be a co"),
        (6, "'nonsense' is not an e-mail "),
        (8, "There is no user 'nobody@us."),
        (9, "It is not UTF-8."),
    ]
    assert (await store.read(contacts.show(act, account, bo))).contact.name == "Robert"
    new = (await store.read(contacts.show(act, account, "new@x.example"))).contact
    assert (new.name, new.owner) == ("=Neu; Ä", "ann@us.example")
    again = await imported(store, act, account, text)
    assert (again.counts, len(again.refused)) == ({"unchanged": 3}, 4)


async def test_an_import_tells_its_progress_batch_by_batch(store: Store, act: Act, account: str) -> None:
    lines = ["email\n", *(f"n{n}@x.example\n" for n in range(1100))]
    told: list[int] = []
    table = read(lines, "email", ["name", "owner"])
    report = await import_table(store, table, lambda c: contacts.take_line(act, account, c), told.append)
    assert (report.counts["created"], told) == (1100, [500, 1000, 1100])


async def test_changes_of_contacts_are_audited(store: Store, act: Act, account: str, bo: str) -> None:
    await store.change(contacts.remove(replace(act, who="cli:x"), account, bo))
    rows = await store.read(ask("SELECT who, action, detail FROM audit ORDER BY id"))
    assert [r[1] for r in rows][-2:] == ["contact.add", "contact.remove"]
    assert rows[-1][0] == "cli:x"
    assert bo in rows[-1][2]
