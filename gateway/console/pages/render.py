"""Templates, and what they say in each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.console.language import Language, language
from gateway.core.reasons import sentence

TEMPLATES = Path(__file__).parents[1] / "templates"
STATIC = Path(__file__).parents[1] / "static"


def static_path() -> str:
    """Where static files are: a path that changes with what is in them, so that browsers may keep them for good."""
    digest = blake2b(digest_size=8)
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return f"/static/{digest.hexdigest()}"


def marked(text: str) -> str:
    """A text that is translated where it is shown; the mark is for whoever collects them."""
    return text


OUTCOMES: Mapping[str, str] = {
    "logged": marked("logged"),
    "merged": marked("merged"),
    "skipped": marked("skipped"),
    "held": marked("held"),
    "refused": marked("refused"),
    "deferred": marked("deferred"),
}
ROLES: Mapping[str, str] = {
    "from": marked("From"),
    "sender": marked("Sender"),
    "reply_to": marked("Reply to"),
    "to": marked("To"),
    "cc": marked("Cc"),
    "bcc": marked("Bcc"),
    "envelope": marked("Recipient"),
    "via": marked("By way of"),
}
PERMISSIONS: Mapping[str, str] = {
    "super_admin": marked("Super admin"),
    "account_access": marked("Admin of the account"),
    "personal_email_access": marked("May log mail"),
    "view_only": marked("May only look"),
}
_BELIEVE = marked("If you know that the sender did send it, believe it. Otherwise discard it.")
_AGAIN = marked("It can't be approved: have it forwarded again as an attachment, and discard this one.")
GUIDANCE: Mapping[str, str] = {
    "sender.unknown": marked(
        "Say whether the sender is a user under another address, or a contact. Otherwise discard it."
    ),
    "sender.unverified": _BELIEVE,
    "sender.spf_only": _BELIEVE,
    "participants.unparsable": marked(
        "Who takes part can't be told: have it sent again with readable addresses, and discard this one."
    ),
    "forward.not_found": _AGAIN,
    "forward.ambiguous": marked(
        "If the message that was found inside is the right one, believe it. Otherwise discard it."
    ),
    "forward.is_reply": _AGAIN,
    "journal.untrusted_peer": marked("Add the server under Sources for journal reports, then decide it again."),
    "journal.malformed": marked(
        "If your mail server writes lines of its own, name them at its source, then decide it again."
    ),
    "unwrap.too_deep": _AGAIN,
}
"""What a person can do about held mail, by its reason."""


@cache
def environment(code: str) -> Environment:
    """Templates that speak this language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    spoken = language(code)
    made.install_gettext_translations(spoken.catalogue, newstyle=True)  # type: ignore[attr-defined]  # the extension's
    made.filters |= _filters(spoken)
    made.globals["static"] = static_path()
    return made


def _filters(spoken: Language) -> dict[str, Any]:  # Any: Jinja's filters take whatever a template gives
    def named(of: Mapping[str, str]) -> Any:
        return lambda slug: spoken.say(of.get(slug, slug))

    return {
        "moment": spoken.moment,
        "date": spoken.date,
        "iso": lambda at: datetime.fromtimestamp(at / 1000, UTC).isoformat(),
        "number": spoken.number,
        "say": spoken.say,
        "sentence": lambda slug: spoken.say(sentence(slug)),
        "guidance": lambda reason: spoken.say(GUIDANCE.get(reason, "")),
        "outcome": named(OUTCOMES),
        "role": named(ROLES),
        "permission": named(PERMISSIONS),
        "who": lambda who: who.removeprefix("cli:"),
        "named": lambda user: (user.id, user.name),
        "addressed": lambda user: (user.address, user.name),
        "choices": lambda slugs: _choices(spoken, slugs),
    }


def _choices(spoken: Language, slugs: Sequence[str]) -> list[tuple[str, str]]:
    """Reasons to choose from, by their sentences."""
    told = [(slug, spoken.say(sentence(slug))) for slug in slugs if not slug.startswith("smtp.")]
    return [("", spoken.say(marked("any"))), *sorted(told, key=lambda one: one[1])]
