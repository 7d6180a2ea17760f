"""The facts of one case: a constant number of statements, whatever the account's size."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from gateway.core.address_keys import token_keys
from gateway.core.facts import (
    Account,
    AccountSettings,
    Contact,
    Entry,
    Facts,
    FirstDecision,
    KnownActivity,
    KnownMessage,
    KnownThread,
    Rule,
    StoredParticipant,
    User,
)
from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import Channel, Outcome, Role
from gateway.core.questions import Questions
from storage.plan import Plan, Row, Rows, T, ask


def gather(asked: Questions, keyed: KeyedHash, *, again: bool = False) -> Plan[Facts]:
    """Everything the store knows about one case. `again`: its own first decision isn't asked for."""
    account, channel, capture_user = yield from _account(asked)
    facts = Facts(account, channel, capture_user)
    first = None if again else (yield from _first(asked))
    if first:
        return replace(facts, first=first)
    barred = (yield from _barred(asked)) if account.has_entries else None
    hashes = _hashes(asked.people)
    found_users, found_shared, found_contacts = yield from _people(account.id, list(hashes))
    users, contacts = _by_address(found_users, asked.people), _by_address(found_contacts, asked.people)
    if not account.settings.subaddressing:
        users = {c: u for c, u in users.items() if asked.people[c][0] in found_users}
    same_id, linked, reported_ids = yield from _messages(asked)
    threads = yield from _threads(asked, keyed)
    activity_ids = {k.activity.id for k in (*same_id, *linked) if k.activity} | set(reported_ids.values())
    activities = yield from _activities(list(activity_ids))
    owned = [*contacts.values(), *(c for t in threads.values() for c in t.contacts)]
    owned += [c for a in activities.values() for c in a.contacts]
    named = {c.owner_id for c in owned} | {a.user_id for a in activities.values()}
    named |= {p.user_id for a in activities.values() for p in a.participants}
    named |= {u for a in activities.values() for u in (*a.candidates, a.owner_id)}
    return replace(
        facts,
        barred=barred,
        users=users,
        shared=frozenset(_by_address(found_shared, asked.people)),
        contacts=contacts,
        listed=(yield from _listed(account, asked.tokens)),
        same_id=tuple(replace(k, activity=activities[k.activity.id]) if k.activity else k for k in same_id),
        linked=tuple(replace(k, activity=activities[k.activity.id]) if k.activity else k for k in linked),
        threads=threads,
        reported={h: activities[a] for h, a in reported_ids.items() if a in activities},
        owners=(yield from _users([n for n in named if n])),
        latest=(yield from _latest([c.id for c in owned], [k.activity.id for k in (*same_id, *linked) if k.activity])),
    )


@lru_cache(maxsize=256)
def read_settings(stored: str) -> AccountSettings:
    """Account settings from their stored JSON."""
    values = json.loads(stored)
    sets = {name: frozenset(value) for name, value in values.items() if isinstance(value, list)}
    return AccountSettings(**values | sets | {"rule": Rule(values["rule"])})


def account_settings(account_id: str) -> Plan[AccountSettings]:
    """Those of one account."""
    [(stored,)] = yield from ask("SELECT settings FROM account WHERE id = $1", account_id)
    return read_settings(stored)


def user_of(row: Sequence[object]) -> User:
    """A user from the columns id, address, active and permissions."""
    user_id, address, active, permissions = row
    return User(str(user_id), str(address), bool(active) and "personal_email_access" in str(permissions).split())


def _account(asked: Questions) -> Plan[tuple[Account, Channel, str | None]]:
    rows = yield from ask(
        "SELECT a.id, a.name, a.settings, c.channel, c.user_id,"
        " EXISTS (SELECT 1 FROM never_log_entry e WHERE e.account_id = a.id)"
        " FROM capture_address c JOIN account a ON a.id = c.account_id WHERE c.key_hash = $1",
        asked.capture,
    )
    account_id, name, settings, channel, user_id, has_entries = rows[0]
    domains = yield from ask("SELECT domain FROM own_domain WHERE account_id = $1", account_id)
    account = Account(
        account_id, name, frozenset(d for (d,) in domains), read_settings(settings), has_entries=bool(has_entries)
    )
    return account, Channel(channel), user_id


def _first(asked: Questions) -> Plan[FirstDecision | None]:
    rows = yield from ask(
        "SELECT id, trace_id, outcome, reason FROM decision WHERE retry_hash = $1 AND original = $2",
        asked.retry,
        asked.number,
    )
    return next((FirstDecision(i, t, Outcome(o), r) for i, t, o, r in rows), None)


def _barred(asked: Questions) -> Plan[Entry | None]:
    """The entry that keeps out every copy of the message, if another one has shown that it does."""
    rows = yield from ask(
        "SELECT e.id, e.kind, e.effect, e.user_id FROM decision d JOIN keeps_out k ON k.decision_id = d.id"
        " JOIN never_log_entry e ON e.id = k.entry_id WHERE d.message_id_hash = ANY($1) AND d.account_id = $2"
        " AND e.effect = 'message' AND e.user_id IS NULL ORDER BY d.id, e.kind, e.id LIMIT 1",
        [asked.message_id, *asked.aliases, *asked.links],
        asked.account_id,
    )
    return Entry(*rows[0]) if rows else None


def _people(
    account_id: str, hashes: Sequence[str]
) -> Plan[tuple[dict[str, User], dict[str, str], dict[str, Contact]]]:
    """By address hash: users, shared mailboxes, contacts."""
    users = yield from ask(
        "SELECT a.address_hash, u.id, u.address, u.active, u.permissions"
        " FROM user_address a JOIN account_user u ON u.id = a.user_id"
        " WHERE a.account_id = $1 AND a.address_hash = ANY($2)",
        account_id,
        hashes,
    )
    shared = yield from ask(
        "SELECT address_hash, address FROM shared_mailbox WHERE account_id = $1 AND address_hash = ANY($2)",
        account_id,
        hashes,
    )
    contacts = yield from ask(
        "SELECT a.address_hash, c.id, a.address, c.owner_id, a.approved_at"
        " FROM contact_address a JOIN contact c ON c.id = a.contact_id"
        " WHERE a.account_id = $1 AND a.address_hash = ANY($2)",
        account_id,
        hashes,
    )
    return (
        {h: user_of(row) for h, *row in users},
        dict(shared),
        {h: Contact(i, address, owner, approved=at is not None) for h, i, address, owner, at in contacts},
    )


def _listed(account: Account, tokens: Mapping[str, tuple[str, ...]]) -> Plan[dict[str, tuple[Entry, ...]]]:
    """The entries that each token hits."""
    if not account.has_entries or not tokens:
        return {}
    rows = yield from ask(
        "SELECT k.key_hash, e.id, e.kind, e.effect, e.user_id FROM never_log_key k"
        " JOIN never_log_entry e ON e.id = k.entry_id WHERE k.account_id = $1 AND k.key_hash = ANY($2)",
        account.id,
        list(_hashes(tokens)),
    )
    hits = defaultdict(list)
    for key_hash, *entry in rows:
        hits[key_hash].append(Entry(*entry))
    if not hits:
        return {}
    found = {t: tuple(dict.fromkeys(e for h in hashes for e in hits.get(h, ()))) for t, hashes in tokens.items()}
    return {token: entries for token, entries in found.items() if entries}


def _messages(asked: Questions) -> Plan[tuple[list[KnownMessage], list[KnownMessage], dict[str, str]]]:
    """Earlier messages under the same id, and those that a forward links with this one; and the activities of the
    messages that a bounce names, by id hash."""
    rows = yield from ask(
        "SELECT id_hash, way, anchor_hash, author_hash, text_hash, subject_hash, outcome, activity_id, thread_id,"
        " conflict, erased_at FROM message"
        " WHERE account_id = $1 AND id_hash = ANY($2) ORDER BY at, conflict",
        asked.account_id,
        [asked.message_id, *asked.aliases, *asked.reported, *asked.links],
    )
    same, linked, reported = [], [], {}
    for id_hash, way, anchor, author, text, subject, outcome, activity, thread_id, conflict, erased_at in rows:
        own = id_hash == asked.message_id
        renamed = way == "alias" or not own
        bare = _bare(activity) if activity else None
        known = KnownMessage(
            *(anchor, author, text, subject, Outcome(outcome), bare, thread_id, renamed),
            reachable=conflict == "",
            erased=erased_at is not None,
        )
        if way != "link" and (own or id_hash in asked.aliases):
            same.append(known)
        elif (way == "link" and own) or (way == "" and id_hash in asked.links):
            linked.append(known)
        if activity and way != "link" and id_hash in asked.reported:
            reported[id_hash] = activity
    return same, linked, reported


def _bare(activity_id: str) -> KnownActivity:
    return KnownActivity(activity_id, False, 0, (), (), None, "", "")  # noqa: FBT003 — filled by _activities


def _activities(ids: Sequence[str]) -> Plan[dict[str, KnownActivity]]:
    if not ids:
        return {}
    rows = yield from ask(
        "SELECT a.id, a.explicit, a.arrived_at, a.user_id, a.attribution, a.candidates, a.owner_id, a.richness,"
        " a.subject, a.thread_id,"
        " (SELECT count(*) FROM attachment t WHERE t.activity_id = a.id) FROM activity a"
        " WHERE a.id = ANY($1) AND a.withdrawn_at IS NULL",
        ids,
    )
    people = yield from ask(
        "SELECT activity_id, role, name, address, canonical, user_id, contact_id, entry_id, hidden FROM participant"
        " WHERE activity_id = ANY($1) ORDER BY activity_id, position",
        ids,
    )
    contacts = yield from ask(
        "SELECT t.activity_id, c.id, a.address, c.owner_id"
        " FROM activity_contact t JOIN contact c ON c.id = t.contact_id"
        " LEFT JOIN contact_address a ON a.contact_id = c.id AND a.position = 0"
        " WHERE t.activity_id = ANY($1) ORDER BY t.activity_id, t.position",
        ids,
    )
    return {row[0]: _activity(row, people, contacts) for row in rows}


def _activity(row: Row, people: Rows, contacts: Rows) -> KnownActivity:
    known, explicit, arrived_at, user, attribution, candidates, owner, richness, subject, thread, attachments = row
    return KnownActivity(
        id=known,
        explicit=bool(explicit),
        opened_at=arrived_at,
        participants=tuple(_participant(told) for i, *told in people if i == known),
        contacts=tuple(Contact(c, address or "", owner) for i, c, address, owner in contacts if i == known),
        user_id=user,
        attribution=attribution,
        candidates=tuple(json.loads(candidates)),
        owner_id=owner,
        richness=richness,
        subject=subject,
        attachments=attachments,
        thread_id=thread,
    )


def _participant(row: Sequence[str | None]) -> StoredParticipant:
    role, name, address, canonical, user_id, contact_id, entry_id, hidden = row
    return StoredParticipant(
        Role(role or ""), name or "", address or "", canonical or "", user_id, contact_id, entry_id, hidden=bool(hidden)
    )


def _threads(asked: Questions, keyed: KeyedHash) -> Plan[dict[str, KnownThread]]:
    rows = yield from ask(
        "SELECT r.message_id_hash, r.seen, r.at, r.activity_id,"
        " t.id, t.subject_hash, t.messages, t.started_at, t.logged"
        " FROM thread_ref r JOIN thread t ON t.id = r.thread_id"
        " WHERE r.account_id = $1 AND r.message_id_hash = ANY($2)",
        asked.account_id,
        [*asked.names, *asked.other_names, *asked.parents.all, *asked.parents.agreeing, asked.conversation],
    )
    if not rows:
        return {}
    ids = list({row[4] for row in rows})
    members = yield from ask("SELECT thread_id, member FROM thread_member WHERE thread_id = ANY($1)", ids)
    contacts = yield from _thread_contacts(asked.account_id, ids, keyed)
    return {
        name: KnownThread(
            id=thread_id,
            seen=bool(seen),
            seen_at=seen_at,
            subject_hash=subject,
            messages=messages,
            started_at=started_at,
            logged=bool(logged),
            members=frozenset(m for t, m in members if t == thread_id),
            contacts=contacts[thread_id],
            activity_id=activity_id,
        )
        for name, seen, seen_at, activity_id, thread_id, subject, messages, started_at, logged in rows
    }


def _thread_contacts(
    account_id: str, ids: Sequence[str], keyed: KeyedHash
) -> Plan[Mapping[str, tuple[Contact, ...]]]:
    """The contacts of each thread's activities, oldest first; whether the list names them is asked as well."""
    rows = yield from ask(
        "SELECT a.thread_id, c.id, d.address, c.owner_id, min(a.sent_at) FROM activity a"
        " JOIN activity_contact t ON t.activity_id = a.id JOIN contact c ON c.id = t.contact_id"
        " JOIN contact_address d ON d.contact_id = c.id AND d.position = 0"
        " WHERE a.thread_id = ANY($1) GROUP BY a.thread_id, c.id, d.address, c.owner_id ORDER BY 5, c.id",
        ids,
    )
    keys = {address: [keyed("never-log", k) for k in token_keys(address)] for _, _, address, *_ in rows}
    hits: Rows = []
    if keys:
        hits = yield from ask(
            "SELECT k.key_hash FROM never_log_key k JOIN never_log_entry e ON e.id = k.entry_id"
            " WHERE k.account_id = $1 AND e.user_id IS NULL AND k.key_hash = ANY($2)",
            account_id,
            list({h for hashes in keys.values() for h in hashes}),
        )
    listed = {h for (h,) in hits}
    found: defaultdict[str, tuple[Contact, ...]] = defaultdict(tuple)
    for thread_id, contact_id, address, owner_id, _ in rows:
        contact = Contact(contact_id, address, owner_id, listed=not listed.isdisjoint(keys[address]))
        found[thread_id] += (contact,)
    return found


def _users(ids: Sequence[str]) -> Plan[dict[str, User]]:
    if not ids:
        return {}
    rows = yield from ask(
        "SELECT u.id, u.address, u.active, u.permissions FROM account_user u WHERE u.id = ANY($1)", ids
    )
    return {row[0]: user_of(row) for row in rows}


def _latest(contact_ids: Sequence[str], own: Sequence[str]) -> Plan[dict[str, User]]:
    """The user of the latest activity with each contact, `own` activities of the message itself apart."""
    if not contact_ids:
        return {}
    rows = yield from ask(
        "SELECT l.contact_id, u.id, u.address, u.active, u.permissions"
        " FROM (SELECT c.id AS contact_id, (SELECT a.user_id FROM activity_contact t"
        " JOIN activity a ON a.id = t.activity_id WHERE t.contact_id = c.id AND a.user_id IS NOT NULL"
        " AND NOT a.id = ANY($2) ORDER BY t.at DESC LIMIT 1) AS user_id FROM contact c WHERE c.id = ANY($1)) l"
        " JOIN account_user u ON u.id = l.user_id",
        contact_ids,
        own,
    )
    return {contact_id: user_of(row) for contact_id, *row in rows}


def _hashes(asked: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    return dict.fromkeys(h for hashes in asked.values() for h in hashes)


def _by_address(found: Mapping[str, T], people: Mapping[str, tuple[str, ...]]) -> dict[str, T]:
    """From hashes back to canonical addresses: the exact one first, then the one without subaddress."""
    hits = {canonical: next((found[h] for h in hashes if h in found), None) for canonical, hashes in people.items()}
    return {canonical: hit for canonical, hit in hits.items() if hit is not None}
