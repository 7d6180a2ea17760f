"""The arguments of MAIL and RCPT: paths and parameters, after the grammar of RFC 5321 §4.1.2 and RFC 6531 §3.3.

Arguments are text decoded as UTF-8 with surrogateescape, so that bytes which are no UTF-8 show as lone surrogates.
A fault is returned as the reply that names it.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from gateway.smtp import replies
from gateway.smtp.replies import Reply

LONGEST_PATH = 254
"""Bytes, without the angle brackets (RFC 5321 §4.5.3.1.3)."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
_USUAL = re.compile(rf"<({_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*)>")

# Beyond ASCII: anything but C1 controls and surrogates.
_WIDE = "\u00a0-\ud7ff\ue000-\U0010ffff"
_WIDE_ATOM = _ATOM.replace("A-Z", _WIDE + "A-Z")
_WIDE_LABEL = _LABEL.replace("A-Z", _WIDE + "A-Z")
_DOMAIN = rf"{_WIDE_LABEL}(?:\.{_WIDE_LABEL})*"
_QUOTED = rf'"(?:[ !#-\[\]-~{_WIDE}]|\\[ -~])*"'
_LOCAL_PART = rf"(?:{_WIDE_ATOM}(?:\.{_WIDE_ATOM})*|{_QUOTED})"
_LITERAL = r"\[(?P<literal>[!-Z^-~]+)\]"
_FULL = re.compile(rf"<(?P<route>@{_DOMAIN}(?:,@{_DOMAIN})*:)?(?P<mailbox>{_LOCAL_PART}@(?:{_DOMAIN}|{_LITERAL}))>")
_ENCODED = "=?"
"""Begins an encoded word, which some program behind us might decode into another address; no path has a need of it."""
_POSTMASTER = re.compile(r"<(postmaster)>", re.IGNORECASE)

_TAGGED_LITERAL = re.compile(rf"{_LABEL}:[!-Z^-~]+")

_PARAMETER = re.compile(rf"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~{_WIDE}]+))?")
_IGNORED_AT_MAIL = frozenset({"AUTH", "RET", "ENVID"})
_IGNORED_AT_RCPT = frozenset({"NOTIFY", "ORCPT"})
_BODIES = frozenset({"7BIT", "8BITMIME"})


@dataclass(frozen=True, slots=True)
class Mail:
    """What MAIL said."""

    path: str
    """Reverse-path without brackets and source route; "" for the null path."""
    size: int = 0
    """Bytes declared by SIZE (RFC 1870), 0 where nothing was declared."""
    utf8: bool = False
    """SMTPUTF8 was given (RFC 6531)."""


def mail(argument: str, *, extended: bool) -> Mail | Reply:
    """The argument of MAIL; parameters only in an `extended` session, that is, after EHLO."""
    text = _behind("FROM:", argument)
    if text is None:
        return replies.ARGUMENT
    path = (False, "", text[2:]) if text.startswith("<>") else _path(text)
    if path is None:
        return replies.MALFORMED_ADDRESS
    _, mailbox, rest = path
    given = _parameters(rest)
    if given is None or (given and not extended):
        return replies.ARGUMENT
    return _mail(mailbox, given)


def _mail(mailbox: str, given: dict[str, str]) -> Mail | Reply:
    size, body = given.pop("SIZE", "0"), given.pop("BODY", "7BIT").upper()
    utf8 = given.pop("SMTPUTF8", None)
    if given.keys() - _IGNORED_AT_MAIL or body not in _BODIES:
        return replies.PARAMETER
    if utf8 or not (size.isascii() and size.isdigit() and len(size) <= 20) or "" in given.values():
        return replies.ARGUMENT
    if not mailbox.isascii() and utf8 is None:
        return replies.MALFORMED_ADDRESS
    return Mail(mailbox, int(size), utf8 is not None)


def rcpt(argument: str, *, extended: bool, utf8: bool) -> str | Reply:
    """The mailbox of RCPT's forward-path, as written; `postmaster` may stand alone (RFC 5321 §4.5.1).

    `utf8`: SMTPUTF8 was given with MAIL. A source route asks to relay, so it is answered like any address not ours.
    """
    text = _behind("TO:", argument)
    if text is None:
        return replies.ARGUMENT
    alone = _POSTMASTER.match(text)
    path = (False, alone[1], text[alone.end() :]) if alone else _path(text)
    if path is None:
        return replies.MALFORMED_ADDRESS
    routed, mailbox, rest = path
    given = _parameters(rest)
    if given is None or (given and not extended):
        return replies.ARGUMENT
    if given.keys() - _IGNORED_AT_RCPT:
        return replies.PARAMETER
    if "" in given.values():
        return replies.ARGUMENT
    if not (mailbox.isascii() or utf8):
        return replies.MALFORMED_ADDRESS
    return replies.RELAYING_DENIED if routed else mailbox


def _behind(keyword: str, argument: str) -> str | None:
    """What follows `FROM:` or `TO:`; blanks there are no grammar but common."""
    if argument[: len(keyword)].upper() != keyword:
        return None
    return argument[len(keyword) :].lstrip(" ")


def _path(text: str) -> tuple[bool, str, str] | None:
    """(has a source route, mailbox, what follows the path), or None where no path begins the text."""
    if (usual := _USUAL.match(text)) and usual.end() <= LONGEST_PATH + 2 and _ENCODED not in usual[1]:
        return False, usual[1], text[usual.end() :]
    full = _FULL.match(text)
    if (
        full is None
        or _ENCODED in full[0]
        or len(full[0].encode()) > LONGEST_PATH + 2
        or not _is_address_literal(full["literal"])
    ):
        return None
    return full["route"] is not None, full["mailbox"], text[full.end() :]


def _is_address_literal(literal: str | None) -> bool:
    """RFC 5321 §4.1.3; true as well where a domain stands in its place."""
    if literal is None:
        return True
    try:
        if literal[:5].upper() == "IPV6:":
            ipaddress.IPv6Address(literal[5:])
        elif ":" not in literal:
            ipaddress.IPv4Address(literal)
        else:
            return _TAGGED_LITERAL.fullmatch(literal) is not None
    except ValueError:
        return False
    return True


def _parameters(rest: str) -> dict[str, str] | None:
    """By upper-case keyword, "" for one without a value; None where the grammar is broken or one comes twice."""
    if rest and rest[0] != " ":
        return None
    given: dict[str, str] = {}
    for word in rest.split(" "):
        if not word:
            continue
        parts = _PARAMETER.fullmatch(word)
        if parts is None or parts[1].upper() in given:
            return None
        given[parts[1].upper()] = parts[2] or ""
    return given
