"""What ends when a user is no longer to be let in as before."""

from __future__ import annotations

from storage.plan import Plan, ask


def everywhere(user_id: str, but: str = "") -> Plan[int]:
    """Ends the user's sessions, `but` the one with this hash, and voids links. How many sessions there were."""
    rows = yield from ask("DELETE FROM session WHERE user_id = $1 AND hash <> $2 RETURNING 1", user_id, but)
    yield from ask("DELETE FROM setup_link WHERE user_id = $1", user_id)
    return len(rows)
