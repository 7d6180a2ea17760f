"""All stored mail, wherever it stands: which keys it needs."""

from __future__ import annotations

from storage.mail_keys import MailKeys, key_of
from storage.plan import Plan, ask

TABLES = {"raw_message": "activity_id", "held": "decision_id", "operator_mail": "id"}
"""Those that hold mail, and the column that names the row."""


def keys_needed() -> Plan[set[str]]:
    """Ids of the keys that stored mail is encrypted under, and `mail_keys.NONE`, in a few steps through an index."""
    needed = set()
    for table in TABLES:
        last = ""
        while True:
            [(encoding,)] = yield from ask(f"SELECT min(encoding) FROM {table} WHERE encoding > $1", last)
            if encoding is None:
                break
            needed.add(key_of(encoding))
            last = encoding
    return needed


def must_open(keys: MailKeys) -> Plan[None]:
    """Raises MailKeyMissing where a key that stored mail needs isn't there, MailKeysUnusable where none can be read."""
    keys.must_have(sorted((yield from keys_needed())))
