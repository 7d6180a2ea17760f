"""What a person types, read once and refused with a sentence."""

from __future__ import annotations

import unicodedata

from gateway.core import addresses, domains
from storage.errors import Refused

_LONGEST_NAME = 200


def name(text: str, what: str) -> str:
    """A name of something, on one line. `what` is the thing that bears it."""
    kept = unicodedata.normalize("NFC", " ".join(text.split()))
    if not kept:
        raise Refused("The name of {what} can't be empty.", what=what)
    return _printable(kept, what)


def optional_name(text: str, what: str) -> str:
    """The same where a name may be missing."""
    return name(text, what) if text.strip() else ""


def fitting_name(text: str) -> str:
    """A name as a message gives it, or "" where it can't be one."""
    try:
        return optional_name(text, "a contact")
    except Refused:
        return ""


def address(text: str) -> str:
    """An e-mail address in the form in which it is compared."""
    canonical = addresses.canonical(text.strip())
    if not canonical:
        raise Refused("{text!r} is not an e-mail address; write it as name@example.com.", text=text.strip())
    return canonical


def domain(text: str) -> str:
    """A domain as a lower-case A-label; "@example.com" is read as well."""
    label = domains.a_label(text.strip().removeprefix("@"))
    if "." not in label or label.startswith("["):
        raise Refused("{text!r} is not a domain; write it as example.com.", text=text.strip())
    return label


def like(text: str) -> str:
    """The text as part of a pattern for LIKE … ESCAPE '\\\\', standing for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _printable(kept: str, what: str) -> str:
    if len(kept) > _LONGEST_NAME:
        raise Refused("The name of {what} is longer than {most} characters.", what=what, most=_LONGEST_NAME)
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for c in kept):
        raise Refused("The name of {what} holds characters that can't be shown.", what=what)
    return kept
