"""Domain names in the one form in which they are compared: lower-case A-labels (RFC 5890, UTS 46)."""

from __future__ import annotations

import re

import idna

_ASCII = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,63}(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,63})*")
_LITERAL = re.compile(r"\[[0-9a-z:.-]+\]")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")


def a_label(domain: str) -> str:
    """The lower-case A-label of a domain without its trailing dot, or "" if it can't have one.

    An address literal such as [192.0.2.1] is kept. ASCII labels are taken as they are, since mail is also sent under
    names that no registry would give out; only the others go through UTS 46.
    """
    if len(domain) > 255:
        return ""
    name = domain.lower().removesuffix(".")
    if _ASCII.fullmatch(name) or _LITERAL.fullmatch(name):
        return name if len(name) <= 253 else ""
    if name.isascii():
        return ""
    try:
        mapped = idna.uts46_remap(domain, std3_rules=False, transitional=False)
        labels = [_label(label) for label in _DOTS.split(mapped)]
    except (idna.IDNAError, UnicodeError):
        return ""
    name = ".".join(labels[:-1] if labels[-1] == "" else labels)
    return name if _ASCII.fullmatch(name) and len(name) <= 253 else ""


def _label(label: str) -> str:
    return label if label.isascii() else idna.encode(label).decode("ascii").lower()
