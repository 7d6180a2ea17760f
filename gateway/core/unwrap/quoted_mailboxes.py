"""Mailboxes of a quoted header, in the spellings that mail programs use for people to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from gateway.core import addresses
from gateway.core.model import Mailbox
from gateway.core.unwrap import html_marks, labels

_SPEC = r"[^\s<>()\[\]@,;:\"]{1,128}@[^\s<>()\[\]@,;:\"]{1,255}"
_DOUBLED = re.compile(rf"<\s?({_SPEC})\s?<mailto:[^<>]{{0,400}}>\s?>", re.IGNORECASE)
_LINKED = re.compile(rf"[<(\[]\s?(?:mailto:|smtp:)\s?({_SPEC})(?:\?[^<>()\[\]]{{0,200}})?\s?[>)\]]", re.IGNORECASE)
_BRACKETED = re.compile(rf"[(\[]\s?({_SPEC})\s?[)\]]")
_REPEATED = re.compile(rf"<\s?(?:<\s?)?({_SPEC})\s?>\s?<\s?\1\s?>(?:\s?>)?", re.IGNORECASE)
_BESIDE_ITSELF = re.compile(rf"(?<![^\s,;<])(['\"]?)({_SPEC})\1\s?<\s?\2\s?>", re.IGNORECASE)
_GUILLEMETS = re.compile(r"[«„“]\s?([^«»„“”\"<>]{0,200}?)\s?[»”“]")
_MEMBER = re.compile(r'(?:"[^"]*"|[^;])+')
_NAMED = re.compile(rf"\s*([^<>@]{{1,200}}?)\s*<\s?({_SPEC})\s?>\s*")
"""One person; programs don't quote what stands for something else in RFC 5322: commas, colons, parentheses."""
_NAMES = re.compile(rf"(?:^|(?<=,))\s*([^\"<>@,;]{{1,100}}(?:,\s[^\"<>@,;]{{1,100}}?)?)\s*<\s?({_SPEC})\s?>")
"""The same within a list whose commas part people, so that a name has one comma at most."""
_BARE = re.compile(rf"([^\"<>@,;()]{{1,200}}?)\s({_SPEC})")


def _between(words: Sequence[str]) -> re.Pattern[str]:
    """Somebody with an address, any of these words, and somebody else."""
    listed = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    return re.compile(rf"([^<>]{{0,200}}<{_SPEC}>|{_SPEC})\s+(?:{listed})\s+(\S.*)", re.IGNORECASE)


_ON_BEHALF_OF, _VIA = _between(labels.ON_BEHALF_OF), _between(labels.VIA)
_LONGEST = 16 * 1024
_LONGEST_ADDRESS = 384


def read(value: str, *, semicolons: bool = False) -> tuple[Mailbox, ...]:
    """The mailboxes of a To or Cc line; a name without an address is a mailbox whose address is "".

    `semicolons`: the program parts people with them, so that a comma is part of a name.
    What is beyond 16 KiB comes as one mailbox without an address, whose tokens the never-log list is held against.
    """
    text = _plain(value[:_LONGEST])
    members = _MEMBER.findall(text) if ";" in text else [text]
    semicolons = semicolons or len(members) > 1
    found: list[Mailbox] = []
    for member in members:
        named = _NAMED.fullmatch(member)
        if named and (semicolons or named[1].count(",") <= 1):
            member = _quoted(named)  # noqa: PLW2901 - the same member, as RFC 5322 has it
        elif not semicolons:
            member = _NAMES.sub(_quoted, member)  # noqa: PLW2901 - the same
        elif semicolons and "@" not in member and '"' not in member:
            member = f'"{member.strip()}"' if member.strip() else ""  # noqa: PLW2901 - the same
        found += _listed(member)
    if len(value) > _LONGEST:
        found.append(Mailbox("", "", "", addresses.tokens(value[_LONGEST - _LONGEST_ADDRESS :])))
    return tuple(found)


def author(value: str) -> tuple[tuple[Mailbox, ...], bool]:
    """The mailboxes with an address of a From line, and whether they leave a doubt: a second one within the first.

    Of two people of whom one sent or passed on what the other wrote, the writer; in doubt if he has no address.
    """
    whole = _plain(value[:_LONGEST])
    text, doubtful = _written_by(whole)
    named = _NAMED.fullmatch(text) or _BARE.fullmatch(text)
    listed = addresses.read(_quoted(named) if named else text)
    doubtful = doubtful or listed.ambiguous or listed.unreadable
    authors = tuple(_tidy(m) for m in listed.mailboxes if is_address(m))
    if text != whole and authors:  # who sent it for him may be one whom the never-log list names
        authors = (replace(authors[0], tokens=(*authors[0].tokens, *addresses.tokens(whole))), *authors[1:])
    return authors, doubtful


def _written_by(text: str) -> tuple[str, bool]:
    """The one of two people who is the author, and whether only the other one has an address."""
    behalf = _ON_BEHALF_OF.fullmatch(text)
    if behalf:
        return (behalf[2], False) if "@" in behalf[2] else (behalf[1], True)
    via = _VIA.fullmatch(text)
    return via[1] if via else text, False


def is_address(mailbox: Mailbox) -> bool:
    """Whether this names somebody on the Internet; addresses of other mail systems have no dotted domain."""
    return "." in mailbox.canonical.rpartition("@")[2]


def _plain(value: str) -> str:
    """A value with each mailbox as RFC 5322 has it."""
    text = _DOUBLED.sub(r"<\1>", " ".join(html_marks.with_addresses(value).split()))
    text = _LINKED.sub(r" <\1> ", text)
    text = _BRACKETED.sub(r" <\1> ", text)
    text = _REPEATED.sub(r"<\1>", " ".join(text.split()))
    text = _BESIDE_ITSELF.sub(r"<\2>", text)
    return _GUILLEMETS.sub(r'"\1"', text).strip(" ,;")


def _quoted(named: re.Match[str]) -> str:
    name = named[1].strip().replace("\\", "").replace('"', "")
    return f'"{name}" <{named[2]}>'


def _listed(text: str) -> list[Mailbox]:
    return [_tidy(mailbox) for mailbox in addresses.read(text).mailboxes if mailbox.address or mailbox.name]


def _tidy(mailbox: Mailbox) -> Mailbox:
    """Without the quotes of prose around the name, and without a name that only repeats the address."""
    name = mailbox.name.strip('"* ')
    while len(name) > 1 and name[0] in "'‘’" and name[-1] in "'‘’":
        name = name[1:-1].strip()
    return replace(mailbox, name="" if name.lower() == mailbox.address.lower() else name)
