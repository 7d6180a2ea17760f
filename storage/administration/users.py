"""Users: the account's colleagues, whose mail may be logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.addresses import canonical
from storage.administration import sign_out, typed
from storage.administration.act import Act, audit
from storage.administration.contact_addresses import Released, release
from storage.administration.holders import address_hash, holder
from storage.errors import NotFound, Refused
from storage.plan import Plan, ask, insert

PERMISSIONS = ("super_admin", "account_access", "personal_email_access", "view_only")
"""The first two make an admin, the third lets mail be logged, the last stands alone."""
KINDS = ("connected", "alias")
"""Of the addresses besides the primary one."""


@dataclass(frozen=True, slots=True)
class OtherAddress:
    """An address besides the primary one."""

    address: str
    kind: str


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A user as admins see it."""

    id: str
    name: str
    address: str
    """The primary address."""
    other_addresses: tuple[OtherAddress, ...]
    permissions: tuple[str, ...]
    active: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class Added:
    """A new user, and the contact whose address became the user's."""

    id: str
    released: Sequence[Released]


def add(act: Act, account_id: str, name: str, address: str, permissions: Sequence[str]) -> Plan[Added]:
    """A new user. An address that a contact had becomes the user's; the contact keeps its activities."""
    name, primary = typed.name(name, "a user"), typed.address(address)
    granted = _granted(permissions)
    yield from _must_be_free(act, account_id, primary)
    user_id = act.new_id()
    yield from insert(
        "account_user",
        id=user_id,
        account_id=account_id,
        name=name,
        address=primary,
        permissions=granted,
        created_at=act.at,
    )
    yield from audit(act, account_id, "user.add", user=user_id, name=name, address=primary, permissions=granted)
    return Added(user_id, (yield from _take(act, account_id, user_id, primary, "primary")))


def every(account_id: str) -> Plan[Sequence[UserRecord]]:
    """All users of the account, by name."""
    rows = yield from ask(
        "SELECT id, name, address, permissions, active, created_at FROM account_user WHERE account_id = $1"
        " ORDER BY name, id",
        account_id,
    )
    others = yield from ask(
        "SELECT user_id, kind, address FROM user_address WHERE account_id = $1 AND kind <> 'primary'"
        " ORDER BY kind DESC, address",
        account_id,
    )
    return [
        UserRecord(
            user_id,
            name,
            address,
            tuple(OtherAddress(other, kind) for i, kind, other in others if i == user_id),
            tuple(permissions.split()),
            bool(active),
            created_at,
        )
        for user_id, name, address, permissions, active, created_at in rows
    ]


def find(act: Act, account_id: str, user: str) -> Plan[str]:
    """The id of the user with this id or any of these addresses."""
    rows = yield from ask("SELECT id FROM account_user WHERE account_id = $1 AND id = $2", account_id, user)
    if not rows:
        held = yield from holder(act.keyed, account_id, canonical(user))
        if not held or held.kind != "user":
            raise NotFound("There is no user {user!r}.", "`user list` shows them.", user=user)
        return held.id
    return str(rows[0][0])


def show(act: Act, account_id: str, user: str) -> Plan[UserRecord]:
    """One user, by id or any address."""
    user_id = yield from find(act, account_id, user)
    return next(u for u in (yield from every(account_id)) if u.id == user_id)


def rename(act: Act, account_id: str, user: str, name: str) -> Plan[None]:
    """Another name."""
    record = yield from show(act, account_id, user)
    name = typed.name(name, "a user")
    yield from ask("UPDATE account_user SET name = $2 WHERE id = $1", record.id, name)
    yield from audit(act, account_id, "user.rename", user=record.id, before=record.name, after=name)


def add_address(act: Act, account_id: str, user: str, address: str, kind: str) -> Plan[Sequence[Released]]:
    """Another address of the user: connected (mail is sent from it) or alias (mail comes to it)."""
    if kind not in KINDS:
        raise Refused("An address can't be {kind!r}; it is {kinds}.", kind=kind, kinds=" or ".join(KINDS))
    user_id = yield from find(act, account_id, user)
    other = typed.address(address)
    yield from _must_be_free(act, account_id, other)
    yield from audit(act, account_id, "user.add_address", user=user_id, address=other, kind=kind)
    return (yield from _take(act, account_id, user_id, other, kind))


def remove_address(act: Act, account_id: str, user: str, address: str) -> Plan[None]:
    """Mail with this address is the user's no longer; what was logged stays."""
    record = yield from show(act, account_id, user)
    other = typed.address(address)
    if other == record.address:
        raise Refused("{address} is the user's primary address; deactivate the user instead.", address=other)
    if other not in [o.address for o in record.other_addresses]:
        raise Refused(
            "{address} is no address of the user {name}.", "`user show` lists them.", address=other, name=record.name
        )
    hashed = address_hash(act.keyed, other)
    yield from ask("DELETE FROM user_address WHERE account_id = $1 AND address_hash = $2", account_id, hashed)
    yield from audit(act, account_id, "user.remove_address", user=record.id, address=other)


def set_permissions(act: Act, account_id: str, user: str, permissions: Sequence[str]) -> Plan[None]:
    """Replaces what the user may do."""
    granted = _granted(permissions)
    record = yield from show(act, account_id, user)
    yield from ask("UPDATE account_user SET permissions = $2 WHERE id = $1", record.id, granted)
    before = " ".join(record.permissions)
    yield from audit(act, account_id, "user.set_permissions", user=record.id, before=before, after=granted)


def set_active(act: Act, account_id: str, user: str, *, active: bool) -> Plan[None]:
    """An inactive user is recognised, but nothing is logged in their name. What was logged stays."""
    record = yield from show(act, account_id, user)
    if record.active == active:
        raise Refused("The user {name} is {state} already.", name=record.name, state="active" if active else "inactive")
    yield from ask("UPDATE account_user SET active = $2 WHERE id = $1", record.id, int(active))
    yield from sign_out.everywhere(record.id)
    yield from audit(act, account_id, "user.reactivate" if active else "user.deactivate", user=record.id)


def _take(act: Act, account_id: str, user_id: str, address: str, kind: str) -> Plan[Sequence[Released]]:
    yield from insert(
        "user_address",
        account_id=account_id,
        address_hash=address_hash(act.keyed, address),
        user_id=user_id,
        address=address,
        kind=kind,
    )
    return (yield from release(act, account_id, address))


def _must_be_free(act: Act, account_id: str, address: str) -> Plan[None]:
    held = yield from holder(act.keyed, account_id, address)
    if held and held.kind == "user":
        raise Refused("{address} is {held} already.", address=address, held=held)
    if held and held.kind == "mailbox":
        raise Refused(
            "{address} is {held}.", "`account remove-mailbox` first, if it is one person's.", address=address, held=held
        )


def _granted(permissions: Sequence[str]) -> str:
    unknown = sorted(set(permissions).difference(PERMISSIONS))
    if unknown:
        raise Refused(
            "There is no permission {unknown}; they are {permissions}.",
            unknown=", ".join(unknown),
            permissions=", ".join(PERMISSIONS),
        )
    if not permissions:
        raise Refused("Name at least one permission: {permissions}.", permissions=", ".join(PERMISSIONS))
    if "view_only" in permissions and len(set(permissions)) > 1:
        raise Refused("view_only stands alone: who may only look can't have another permission.")
    return " ".join(p for p in PERMISSIONS if p in permissions)
