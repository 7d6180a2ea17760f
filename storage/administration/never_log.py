"""The never-log list: addresses and domains whose mail is not logged, for all users or for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.core.address_keys import Pattern, entry_keys, parse_pattern, token_keys
from gateway.core.addresses import canonical, tokens
from storage.administration import typed, users
from storage.administration.act import Act, audit
from storage.administration.holders import holder
from storage.administration.imports import Result
from storage.errors import NotFound, Refused
from storage.plan import Plan, Row, ask, insert

EFFECTS = ("participant", "message")
"""Passes over that person's record, or keeps the whole message out."""
PAGE = 1000


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """An entry as admins see it."""

    id: str
    pattern: str
    kind: str
    """address, domain or subdomain."""
    effect: str
    user: str | None
    """Primary address of the user whose copies it covers; None for all users."""
    added_by: str
    added_at: int


@dataclass(frozen=True, slots=True)
class Tested:
    """What the list says of an address."""

    address: str
    entries: Sequence[EntryRecord]
    user: str
    """Name of the user whose address it is, or "". Users' own addresses are never held against the list."""


def add(act: Act, account_id: str, pattern: str, effect: str = "participant", user: str = "") -> Plan[EntryRecord]:
    """A new entry: for all users, or for the copies of one (id or address). It holds from the next message."""
    parsed = _parsed(pattern)
    if effect not in EFFECTS:
        raise Refused("The effect can't be {effect!r}; it is {effects}.", effect=effect, effects=" or ".join(EFFECTS))
    user_id = (yield from users.find(act, account_id, user)) if user else None
    hashes = _hashes(act, parsed)
    yield from _must_be_new(account_id, parsed.text, hashes, user_id)
    entry_id = act.new_id()
    yield from insert(
        "never_log_entry",
        id=entry_id,
        account_id=account_id,
        pattern=parsed.text,
        kind=parsed.kind,
        effect=effect,
        user_id=user_id,
        added_by=act.who,
        added_at=act.at,
    )
    for key_hash in hashes:
        yield from insert("never_log_key", account_id=account_id, key_hash=key_hash, entry_id=entry_id)
    yield from audit(act, account_id, "never_log.add", entry=entry_id, pattern=parsed.text, effect=effect, user=user_id)
    rows = yield from ask(f"{_ENTRY} WHERE e.id = $1", entry_id)
    return EntryRecord(*rows[0])


def take_line(act: Act, account_id: str, cells: Mapping[str, str]) -> Plan[Result]:
    """One line of an import: pattern, effect (participant if empty), user (all users if empty)."""
    parsed, effect, user = _parsed(cells["pattern"]), cells["effect"] or "participant", cells["user"]
    user_id = (yield from users.find(act, account_id, user)) if user else None
    known = yield from _known(account_id, _hashes(act, parsed), user_id)
    if known and known.effect == effect:
        return "unchanged"
    yield from add(act, account_id, parsed.text, effect, user)
    return "created"


def every(
    account_id: str, after: str = "", limit: int = PAGE, seen_by: str | None = None
) -> Plan[Sequence[EntryRecord]]:
    """A page of entries in the order in which they were added, from behind the id `after` on.

    `seen_by`: the id of a user, who sees those for all users and their own; None sees all.
    """
    rows = yield from ask(
        f"{_ENTRY} WHERE e.account_id = $1 AND e.id > $2 AND ($4 = '' OR e.user_id IS NULL OR e.user_id = $4)"
        " ORDER BY e.id LIMIT $3",
        account_id,
        after,
        limit,
        "" if seen_by is None else seen_by or "-",
    )
    return [EntryRecord(*row) for row in rows]


def find(act: Act, account_id: str, entry: str) -> Plan[EntryRecord]:
    """The entry with this id or pattern."""
    rows = yield from ask(f"{_ENTRY} WHERE e.account_id = $1 AND e.id = $2", account_id, entry)
    if not rows:
        with suppress(ValueError):
            rows = yield from _with_keys(account_id, _hashes(act, parse_pattern(entry)))
    if not rows:
        raise NotFound("There is no entry {entry!r} on the never-log list.", "`never-log list` shows it.", entry=entry)
    if len(rows) > 1:
        shown = ", ".join(f"{r.id} ({r.user or 'all users'})" for r in (EntryRecord(*row) for row in rows))
        raise Refused("There are several entries {entry!r}, so name one by its id: {shown}.", entry=entry, shown=shown)
    return EntryRecord(*rows[0])


def by_id(account_id: str, entry_id: str, seen_by: str | None = None) -> Plan[EntryRecord]:
    """The entry with this id, as far as `seen_by` sees it: see `every`."""
    rows = yield from ask(
        f"{_ENTRY} WHERE e.account_id = $1 AND e.id = $2 AND ($3 = '' OR e.user_id IS NULL OR e.user_id = $3)",
        account_id,
        entry_id,
        "" if seen_by is None else seen_by or "-",
    )
    if not rows:
        raise NotFound("There is no entry {entry!r} on the never-log list.", entry=entry_id)
    return EntryRecord(*rows[0])


def remove(act: Act, account_id: str, entry: str) -> Plan[EntryRecord]:
    """Takes an entry from the list. Mail that it kept out isn't logged afterwards: nothing of it was kept."""
    record = yield from find(act, account_id, entry)
    yield from ask("DELETE FROM never_log_entry WHERE id = $1", record.id)
    yield from audit(act, account_id, "never_log.remove", entry=record.id, pattern=record.pattern, user=record.user)
    return record


def promote(act: Act, account_id: str, entry: str) -> Plan[EntryRecord]:
    """Makes one user's entry hold for all users."""
    record = yield from find(act, account_id, entry)
    if record.user is None:
        raise Refused("{pattern} is for all users already.", pattern=record.pattern)
    return (yield from _rescope(act, account_id, record, None, "never_log.promote"))


def keep_for(act: Act, account_id: str, entry: str, user: str) -> Plan[EntryRecord]:
    """Makes an entry hold for one user's copies only."""
    record = yield from find(act, account_id, entry)
    owner = yield from users.show(act, account_id, user)
    if record.user == owner.address:
        raise Refused("{pattern} is for {address} only already.", pattern=record.pattern, address=owner.address)
    return (yield from _rescope(act, account_id, record, owner.id, "never_log.keep_for"))


def test(act: Act, account_id: str, address: str) -> Plan[Tested]:
    """Which entries an address would hit, in any spelling that mail might use."""
    spelt = tokens(address) or (typed.address(address),)
    hashes = {act.keyed("never-log", key) for token in spelt for key in token_keys(token)}
    rows = yield from _with_keys(account_id, sorted(hashes))
    held = yield from holder(act.keyed, account_id, canonical(spelt[0]))
    return Tested(spelt[0], [EntryRecord(*row) for row in rows], held.name if held and held.kind == "user" else "")


def _parsed(pattern: str) -> Pattern:
    try:
        return parse_pattern(pattern)
    except ValueError:
        raise Refused("{pattern!r} is not name@domain, *@domain or *@*.domain.", pattern=pattern) from None


def _rescope(act: Act, account_id: str, record: EntryRecord, user_id: str | None, action: str) -> Plan[EntryRecord]:
    hashes = _hashes(act, Pattern(record.kind, record.pattern))
    yield from _must_be_new(account_id, record.pattern, hashes, user_id)
    yield from ask("UPDATE never_log_entry SET user_id = $2 WHERE id = $1", record.id, user_id)
    yield from audit(act, account_id, action, entry=record.id, pattern=record.pattern, before=record.user, user=user_id)
    rows = yield from ask(f"{_ENTRY} WHERE e.id = $1", record.id)
    return EntryRecord(*rows[0])


def _hashes(act: Act, parsed: Pattern) -> Sequence[str]:
    return [act.keyed("never-log", key) for key in sorted(entry_keys(parsed))]


def _must_be_new(account_id: str, pattern: str, hashes: Sequence[str], user_id: str | None) -> Plan[None]:
    known = yield from _known(account_id, hashes, user_id)
    if known:
        scope = f"for {known.user}" if known.user else "for all users"
        raise Refused(
            "{pattern} is on the list {scope} already, as entry {id} with effect {effect}.",
            pattern=pattern,
            scope=scope,
            id=known.id,
            effect=known.effect,
        )


def _known(account_id: str, hashes: Sequence[str], user_id: str | None) -> Plan[EntryRecord | None]:
    """The entry with the same scope; two spellings of one pattern are the same entry."""
    rows = yield from ask(
        f"{_ENTRY} WHERE e.id IN (SELECT k.entry_id FROM never_log_key k WHERE k.account_id = $1"
        " AND k.key_hash = ANY($2)) AND coalesce(e.user_id, '') = $3",
        account_id,
        hashes,
        user_id or "",
    )
    return EntryRecord(*rows[0]) if rows else None


def _with_keys(account_id: str, hashes: Sequence[str]) -> Plan[Sequence[Row]]:
    return (
        yield from ask(
            f"{_ENTRY} WHERE e.id IN (SELECT k.entry_id FROM never_log_key k WHERE k.account_id = $1"
            " AND k.key_hash = ANY($2)) ORDER BY e.id",
            account_id,
            hashes,
        )
    )


_ENTRY = (
    "SELECT e.id, e.pattern, e.kind, e.effect, u.address, coalesce(w.address, e.added_by), e.added_at"
    " FROM never_log_entry e LEFT JOIN account_user u ON u.id = e.user_id LEFT JOIN account_user w ON w.id = e.added_by"
)
