"""Users and the addresses that are theirs."""

import pytest

from storage.administration import accounts, contacts, users
from storage.administration.act import Act
from storage.errors import Refused
from storage.interface import Store

LOGS = ["personal_email_access"]


@pytest.fixture
async def ann(store: Store, act: Act, account: str) -> str:
    return (await store.change(users.add(act, account, "Ann", "Ann@us.example", LOGS))).id


async def test_a_user_is_found_by_id_and_by_any_address(store: Store, act: Act, account: str, ann: str) -> None:
    await store.change(users.add_address(act, account, ann, "a@home.example", "connected"))
    await store.change(users.add_address(act, account, ann, "ann.b@us.example", "alias"))
    for name in (ann, "ann@us.example", "ANN@US.example", "a@home.example", "ann.b@us.example"):
        assert (await store.read(users.show(act, account, name))).id == ann
    shown = await store.read(users.show(act, account, ann))
    assert (shown.name, shown.address, shown.permissions, shown.active) == ("Ann", "ann@us.example", tuple(LOGS), True)
    assert [(o.kind, o.address) for o in shown.other_addresses] == [
        ("connected", "a@home.example"),
        ("alias", "ann.b@us.example"),
    ]


@pytest.mark.parametrize("name", ["nobody", "bo@us.example", "", "Ann"])
async def test_who_is_no_user_is_not_found(store: Store, act: Act, account: str, ann: str, name: str) -> None:
    with pytest.raises(Refused, match=r"There is no user '.*'\. `user list` shows them"):
        await store.read(users.show(act, account, name))


async def test_users_of_another_account_are_unknown(store: Store, act: Act, account: str, ann: str) -> None:
    """And both accounts may have a user with the same address."""
    other = await store.change(accounts.create(act, "them"))
    for name in (ann, "ann@us.example"):
        with pytest.raises(Refused, match="There is no user"):
            await store.change(users.set_active(act, other, name, active=False))
    await store.change(users.add(act, other, "Ann", "ann@us.example", LOGS))
    assert len(await store.read(users.every(account))) == len(await store.read(users.every(other))) == 1


@pytest.mark.parametrize(
    ("permissions", "reason"),
    [
        ([], "at least one permission: super_admin, account_access"),
        (["root"], "no permission root; they are super_admin"),
        (["view_only", "super_admin"], "view_only stands alone"),
    ],
)
async def test_permissions_that_are_none(
    store: Store, act: Act, account: str, ann: str, permissions: list[str], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        await store.change(users.add(act, account, "Bo", "bo@us.example", permissions))
    with pytest.raises(Refused, match=reason):
        await store.change(users.set_permissions(act, account, ann, permissions))


async def test_permissions_are_replaced(store: Store, act: Act, account: str, ann: str) -> None:
    await store.change(users.set_permissions(act, account, ann, ["account_access", "super_admin"]))
    assert (await store.read(users.show(act, account, ann))).permissions == ("super_admin", "account_access")


async def test_an_address_has_one_user(store: Store, act: Act, account: str, ann: str) -> None:
    with pytest.raises(Refused, match="is an address of the user Ann already"):
        await store.change(users.add(act, account, "Other", "ann@US.example", LOGS))
    await store.change(accounts.add_mailbox(act, account, "sales@us.example"))
    with pytest.raises(Refused, match=r"shared mailbox.*remove-mailbox"):
        await store.change(users.add_address(act, account, ann, "sales@us.example", "alias"))
    with pytest.raises(Refused, match="not an e-mail address"):
        await store.change(users.add_address(act, account, ann, "Ann <ann@us.example>", "alias"))
    with pytest.raises(Refused, match="it is connected or alias"):
        await store.change(users.add_address(act, account, ann, "b@us.example", "primary"))


async def test_an_address_of_a_contact_becomes_the_users(store: Store, act: Act, account: str) -> None:
    """User wins; the contact stays with its other addresses, the next of which is the primary one."""
    await store.change(contacts.add(act, account, "Bo", ["bo@x.example", "bo@y.example"]))
    added = await store.change(users.add(act, account, "Bo", "bo@x.example", LOGS))
    assert [(r.contact_name, r.address, r.addresses_left, r.activities) for r in added.released] == [
        ("Bo", "bo@x.example", 1, 0)
    ]
    assert (await store.read(contacts.show(act, account, "bo@y.example"))).contact.addresses == ("bo@y.example",)
    released = await store.change(users.add_address(act, account, added.id, "bo@y.example", "alias"))
    assert [r.addresses_left for r in released] == [0]
    (contact,) = await store.read(contacts.every(account))
    assert contact.addresses == ()


async def test_the_primary_address_stays(store: Store, act: Act, account: str, ann: str) -> None:
    await store.change(users.add_address(act, account, ann, "a@home.example", "alias"))
    await store.change(users.remove_address(act, account, ann, "a@home.example"))
    assert (await store.read(users.show(act, account, ann))).other_addresses == ()
    with pytest.raises(Refused, match="primary address; deactivate"):
        await store.change(users.remove_address(act, account, ann, "ann@us.example"))
    with pytest.raises(Refused, match="no address of the user Ann"):
        await store.change(users.remove_address(act, account, ann, "a@home.example"))


async def test_a_user_is_deactivated_and_comes_back(store: Store, act: Act, account: str, ann: str) -> None:
    await store.change(users.set_active(act, account, ann, active=False))
    assert not (await store.read(users.show(act, account, ann))).active
    with pytest.raises(Refused, match="Ann is inactive already"):
        await store.change(users.set_active(act, account, ann, active=False))
    await store.change(users.set_active(act, account, ann, active=True))
    assert (await store.read(users.show(act, account, ann))).active


async def test_a_user_is_renamed(store: Store, act: Act, account: str, ann: str) -> None:
    await store.change(users.rename(act, account, ann, "Ann  Other"))
    assert (await store.read(users.show(act, account, ann))).name == "Ann Other"
