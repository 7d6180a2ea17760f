"""Taking back what is stored of a message: because the never-log list keeps it out, as another copy shows, because its
time is over, or on somebody's demand.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.decision import Decision
from storage.content import Content
from storage.plan import Plan, ask


def keep_out(decision: Decision, ids: Sequence[str]) -> Plan[None]:
    """Erases what was kept of other copies. `ids`: hashes of those by which they are known."""
    yield from ask(
        "DELETE FROM waiting WHERE decision_id IN"
        " (SELECT d.id FROM decision d WHERE d.message_id_hash = ANY($1) AND d.account_id = $2)",
        ids,
        decision.account_id,
    )
    yield from _held(decision, ids)
    if decision.withdraws:
        yield from withdraw(decision.withdraws, decision.at)


def _held(decision: Decision, ids: Sequence[str]) -> Plan[None]:
    """Those that a person was to look at are skipped."""
    rows = yield from ask(
        "SELECT id FROM decision WHERE message_id_hash = ANY($1) AND account_id = $2 AND outcome = 'held'",
        ids,
        decision.account_id,
    )
    held = [held_id for (held_id,) in rows]
    yield from release_held(held)
    yield from ask(
        "UPDATE decision SET outcome = 'skipped', reason = $2, entry_id = $3, flags = '[]', stages = '[]'"
        " WHERE id = ANY($1)",
        held,
        decision.reason,
        decision.entry_id,
    )


def release_held(ids: Sequence[str]) -> Plan[None]:
    """What was kept of held mail, and what the stages said of it."""
    for table in ("held", "finding"):
        yield from ask(f"DELETE FROM {table} WHERE decision_id = ANY($1)", ids)


def withdraw(activity_id: str, at: int) -> Plan[None]:
    """Nothing of the message stays but the decisions about it, and an empty row that they refer to."""
    rows = yield from ask("SELECT contact_id FROM activity_contact WHERE activity_id = $1", activity_id)
    yield from _contacts(activity_id, at, [contact_id for (contact_id,) in rows])
    yield from ask("DELETE FROM message WHERE activity_id = $1", activity_id)
    yield from ask("UPDATE thread_ref SET seen = 0 WHERE activity_id = $1", activity_id)
    yield from _leave_thread(activity_id, at)


def erase(activity_id: str, at: int) -> Plan[None]:
    """The same on demand, with hashes by which later copies of the message are known and kept out."""
    yield from keep_copies_out(activity_id, at)
    yield from ask("UPDATE message SET activity_id = NULL WHERE activity_id = $1", activity_id)
    yield from _leave_thread(activity_id, at)


def expire(activity_id: str, at: int) -> Plan[None]:
    """The same for its age. Its thread stays logged, so that replies are decided as before."""
    yield from keep_copies_out(activity_id, at)
    yield from ask("UPDATE message SET activity_id = NULL WHERE activity_id = $1", activity_id)
    yield from _content(activity_id, at)


def keep_copies_out(activity_id: str, at: int) -> Plan[None]:
    """No later copy of the message adds anything to the activity, or brings it back."""
    yield from ask("UPDATE message SET erased_at = $2 WHERE activity_id = $1", activity_id, at)


def forget_evidence(activity_id: str) -> Plan[None]:
    """What the stages saw goes; what they said stays."""
    yield from ask(
        "UPDATE finding SET evidence = '' WHERE decision_id IN (SELECT id FROM decision WHERE activity_id = $1)",
        activity_id,
    )


def drop_bytes(activity_id: str, at: int) -> Plan[None]:
    """The activity stays without the bytes of its message."""
    yield from ask("DELETE FROM raw_message WHERE activity_id = $1", activity_id)
    yield from ask("UPDATE activity SET message_gone_at = $2 WHERE id = $1", activity_id, at)


def replace_bytes(activity_id: str, left: Content) -> Plan[None]:
    """The message is another one now, where there is one."""
    yield from ask(
        "UPDATE raw_message SET encoding = $2, content = $3 WHERE activity_id = $1",
        activity_id,
        left.encoding,
        left.data,
    )


def take_from_records(activity_id: str, contacts: Sequence[str], at: int) -> Plan[None]:
    """It is on these contacts' records no more; one that it created goes, as where it is withdrawn."""
    yield from _contacts(activity_id, at, contacts)
    yield from ask(
        "DELETE FROM activity_contact WHERE activity_id = $1 AND contact_id = ANY($2)", activity_id, contacts
    )


def _leave_thread(activity_id: str, at: int) -> Plan[None]:
    threads = yield from ask("SELECT thread_id FROM activity WHERE id = $1", activity_id)
    yield from _content(activity_id, at)
    for (thread_id,) in threads:
        yield from _thread(thread_id)


def _content(activity_id: str, at: int) -> Plan[None]:
    yield from forget_evidence(activity_id)
    for table in ("raw_message", "attachment", "participant", "activity_contact"):
        yield from ask(f"DELETE FROM {table} WHERE activity_id = $1", activity_id)
    yield from ask("UPDATE thread_ref SET activity_id = NULL WHERE activity_id = $1", activity_id)
    yield from ask(
        "UPDATE activity SET withdrawn_at = $2, subject = NULL, message_id = NULL, text = '', reference = '',"
        " richness = '', size = 0, sent_at = arrived_at, user_id = NULL, owner_id = NULL, candidates = '[]',"
        " thread_id = NULL, forward_of = NULL WHERE id = $1",
        activity_id,
        at,
    )


def _contacts(activity_id: str, at: int, contacts: Sequence[str]) -> Plan[None]:
    """Those of them whom it created go, unless another message or a person has made them more than that."""
    rows = yield from ask(
        "SELECT t.contact_id FROM activity_contact t JOIN contact c ON c.id = t.contact_id"
        " WHERE t.activity_id = $1 AND t.created = 1 AND c.owner_id IS NULL AND c.merged_into IS NULL"
        " AND (SELECT count(*) FROM contact_address a WHERE a.contact_id = c.id) < 2"
        " AND NOT EXISTS (SELECT 1 FROM activity_contact o WHERE o.contact_id = c.id AND o.activity_id <> $1)"
        " AND t.contact_id = ANY($2)",
        activity_id,
        contacts,
    )
    created = [contact_id for (contact_id,) in rows]
    yield from ask("DELETE FROM contact_address WHERE contact_id = ANY($1)", created)
    yield from ask("UPDATE contact SET name = '', removed_at = $2 WHERE id = ANY($1)", created, at)


def _thread(thread_id: str | None) -> Plan[None]:
    """It is logged as long as another activity stands in it, and only then somebody takes part."""
    yield from ask(
        "UPDATE thread SET logged = 0 WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM activity a WHERE a.thread_id = $1)",
        thread_id,
    )
    yield from ask(
        "DELETE FROM thread_member WHERE thread_id = $1"
        " AND EXISTS (SELECT 1 FROM thread t WHERE t.id = $1 AND t.logged = 0)",
        thread_id,
    )
