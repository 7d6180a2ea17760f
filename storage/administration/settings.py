"""The settings of an account: how each is written by a person, and how all are stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from gateway.core.facts import AccountSettings, Rule
from storage.administration import typed
from storage.errors import Refused

AUTOMATED = ("dsn", "bounce", "mdn", "feedback_report", "auto_reply", "generated", "list", "bulk")
"""The classes of automated mail that an account may let through; a loop never."""
LONGEST_WAIT = 30 * 24
"""Hours."""
LONGEST_HELD = 365
"""Days."""
LONGEST_KEPT = 100 * 365
"""Days."""


def change(settings: AccountSettings, setting: str, text: str) -> AccountSettings:
    """The settings with one of them changed to what a person wrote."""
    if setting not in _READERS:
        raise Refused(
            "{setting!r} is no setting; the settings are {settings}.", setting=setting, settings=", ".join(_READERS)
        )
    return replace(settings, **{setting: _READERS[setting](setting, text.strip())})


def stored(settings: AccountSettings) -> str:
    """As JSON, which `storage.facts.read_settings` reads."""
    return json.dumps(plain(settings))


def plain(settings: AccountSettings) -> dict[str, object]:
    """As values that JSON knows."""
    return {n: sorted(v) if isinstance(v, frozenset) else v for n, v in asdict(settings).items()}


def _choice(*allowed: str) -> Callable[[str, str], str]:
    def read(setting: str, text: str) -> str:
        if text not in allowed:
            raise Refused(
                "{setting} can't be {text!r}; it is one of {allowed}.",
                setting=setting,
                text=text,
                allowed=", ".join(allowed),
            )
        return text

    return read


def _rule(setting: str, text: str) -> Rule:
    return Rule(_choice(*Rule)(setting, text))


def _switch(setting: str, text: str) -> bool:
    return _choice("on", "off", "yes", "no")(setting, text) in ("on", "yes")


def _hours(setting: str, text: str) -> int:
    if not text.isdecimal() or int(text) > LONGEST_WAIT:
        raise Refused(
            "{setting} can't be {text!r}; it is a whole number of hours from 0 to {most}.",
            setting=setting,
            text=text,
            most=LONGEST_WAIT,
        )
    return int(text)


def _days(setting: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= LONGEST_HELD:
        raise Refused(
            "{setting} can't be {text!r}; it is a whole number of days from 1 to {most}.",
            setting=setting,
            text=text,
            most=LONGEST_HELD,
        )
    return int(text)


def _kept(setting: str, text: str) -> int:
    if not text.isdecimal() or int(text) > LONGEST_KEPT:
        raise Refused(
            "{setting} can't be {text!r}; it is a whole number of days from 1 to {most}, or 0 for ever.",
            setting=setting,
            text=text,
            most=LONGEST_KEPT,
        )
    return int(text)


def _domains(_setting: str, text: str) -> frozenset[str]:
    return frozenset(typed.domain(word) for word in text.replace(",", " ").split())


def _classes(setting: str, text: str) -> frozenset[str]:
    words = frozenset(text.replace(",", " ").split())
    unknown = sorted(words.difference(AUTOMATED))
    if unknown:
        raise Refused(
            "{setting} can't hold {unknown}; it holds any of {classes}, or nothing.",
            setting=setting,
            unknown=", ".join(unknown),
            classes=", ".join(AUTOMATED),
        )
    return words


_READERS: Mapping[str, Callable[[str, str], Any]] = {
    "rule": _rule,
    "sender_proof": _choice("required", "spf_is_enough", "off"),
    "arc_sealers": _domains,
    "unproven_user": _choice("refuse", "hold"),
    "strict_subject": _switch,
    "late_parent_hours": _hours,
    "subaddressing": _switch,
    "automated_allow": _classes,
    "held_days": _days,
    "activity_days": _kept,
    "message_days": _kept,
    "skipped_days": _kept,
    "audit_days": _kept,
}  # Any: each gives what its setting holds
