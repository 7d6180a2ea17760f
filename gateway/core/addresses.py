"""Addresses in header fields: one exact reading for attribution, and every possible one for the never-log list.

`read` follows RFC 5322 §3.4 with RFC 6532 and RFC 6854, and repairs only what has one reading. `tokens` is liberal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from . import encoded_words
from .address_tokens import tokens
from .domains import a_label
from .model import Mailbox

__all__ = ["AddressList", "canonical", "read", "tokens"]


@dataclass(frozen=True, slots=True)
class AddressList:
    """What an address field holds, groups flattened.

    A piece without a readable address is a mailbox whose address is "": a name alone, or what couldn't be read.
    """

    mailboxes: tuple[Mailbox, ...]
    unreadable: bool
    """A piece holds an @ and can't be read."""
    ambiguous: bool = False
    """An unquoted address stands beside another one in angle brackets; other programs may take either."""


# The usual forms: Name <a@b>, "Name" <a@b> and a@b. Everything else goes the long way.
_ATEXT = r"A-Za-z0-9!#$%&*+/=^_{|}~.\-"  # of RFC 5322, without ? and `, and with ' inside only
_SPEC = rf"[{_ATEXT}][{_ATEXT}']{{0,127}}+@[A-Za-z0-9-]{{1,63}}+(?:\.[A-Za-z0-9-]{{1,63}}+){{0,30}}+"
_QUOTED_NAME = r'"([^"\\\0-\x1f\x7f]*+)"[ \t]*+'
_PLAIN_NAME = r'([^]"\\\0-\x1f\x7f<>()[,;:]*+)'
_USUAL = re.compile(rf"[ \t]*+(?:(?:{_QUOTED_NAME}|{_PLAIN_NAME})<({_SPEC})>|({_SPEC}))[ \t]*+(?:,|\Z)")
_USUAL_SPEC = re.compile(_SPEC)
_MORE_TO_READ = re.compile(r"[=%!#]|[^\0-\x7f]")
_LONGEST_USUAL = 254
_LONGEST = 998


def canonical(address: str) -> str:
    """The form in which addresses are compared exactly, or "" for what is no addr-spec.

    Local part NFC, case-folded and without needless quotes; domain as lower-case A-label.
    """
    if len(address) <= _LONGEST_USUAL and _USUAL_SPEC.fullmatch(address):
        return address.lower()
    spec = _addr_spec(_lexemes(address)) if len(address) <= _LONGEST else None
    return spec.canonical if spec else ""


def read(value: str) -> AddressList:
    """The mailboxes of an address field's value (unfolded, undecoded). Linear, never raises.

    The address in angle brackets wins, whatever the name says; encoded words and quoted names never become one.
    """
    mailboxes: list[Mailbox] = []
    position, end = 0, len(value)
    while position < end:
        usual = _USUAL.match(value, position)
        if usual is None:
            return _read(value)
        quoted, name, angle, bare = usual.groups()
        address = angle or bare
        shown = quoted if name is None else name.rstrip()
        if len(address) > _LONGEST_USUAL or (shown and "@" in shown and shown.strip("'").lower() != address.lower()):
            return _read(value)
        found = (address, *tokens(usual[0])) if _MORE_TO_READ.search(usual[0]) else (address,)
        if shown and ("=?" in shown or not shown.isascii()):
            shown = encoded_words.decode(shown)
        mailboxes.append(Mailbox(shown or "", address, address.lower(), tuple(dict.fromkeys(found))))
        position = usual.end()
    return AddressList(tuple(mailboxes), unreadable=False)


_LEXEME = re.compile(
    r"""(?P<blank>\s++)
    |(?P<word>=\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]*+\?=|[^\s"(<>,;:@[\]\\)]++)
    |(?P<quoted>"[^"\\]*+(?:\\.[^"\\]*+)*+")
    |(?P<literal>\[[0-9A-Za-z:.]{1,60}+\])
    |(?P<special>.)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK = re.compile(r"\\.|[()]", re.DOTALL)
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bBqQ]\?")
_LINE_BREAK = re.compile(r"[\t\r\n]")
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f]")
_DAMAGE = "\ufdd0"
"""Stands for a control character: what parsers make of one differs, so no address has any."""
_ATOM_DOTS = re.compile(r"[^\s\"(),:;<>@[\\\]\0-\x1f\x7f-\x9f]+")


class _Lexeme(NamedTuple):
    kind: str
    """blank, word, quoted, literal, comment or special."""
    text: str
    start: int


class _Spec(NamedTuple):
    address: str
    canonical: str


def _lexemes(value: str) -> list[_Lexeme]:
    """The lexical tokens of a value; a quote or a parenthesis that is never closed stands for itself."""
    found: list[_Lexeme] = []
    position, end = 0, len(value)
    last_quote = value.rfind('"')
    open_for_good = False
    while position < end:
        if value[position] == "(" and not open_for_good:
            close = _comment_end(value, position)
            if close:
                found.append(_Lexeme("comment", value[position:close], position))
                position = close
                continue
            open_for_good = True
        if value[position] == '"' and position >= last_quote:
            found.append(_Lexeme("special", '"', position))
            position += 1
            continue
        match = _LEXEME.match(value, position)
        assert match is not None and match.lastgroup is not None  # noqa: S101, PT018 - the last branch takes anything
        if match[0] == '"':
            last_quote = position  # all that follow are escaped: none closes
        found.append(_Lexeme(match.lastgroup, match[0], position))
        position = match.end()
    return found


def _comment_end(value: str, start: int) -> int:
    """The offset behind a comment, nested ones included, or 0 if it is never closed."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(value, start):
        depth += (mark[0] == "(") - (mark[0] == ")")
        if not depth and mark[0] == ")":
            return mark.end()
    return 0


def _read(value: str) -> AddressList:
    value = _CONTROL.sub(_DAMAGE, _LINE_BREAK.sub(" ", value.replace("\0", "")))
    mailboxes: list[Mailbox] = []
    unreadable = ambiguous = False
    for piece, text in _pieces(value):
        mailbox, doubtful = _mailbox(piece, text)
        if mailbox.address or mailbox.name or mailbox.tokens:
            mailboxes.append(mailbox)
        unreadable = unreadable or (not mailbox.address and ("@" in text or mailbox.tokens != ()))
        ambiguous = ambiguous or doubtful
    return AddressList(tuple(mailboxes), unreadable, ambiguous)


def _pieces(value: str) -> Iterator[tuple[list[_Lexeme], str]]:
    """The lexemes and the raw text of each member of a list; a group's name is none, unless it holds an @."""
    piece: list[_Lexeme] = []
    start = 0
    angle = ""  # then "<", and "route" or "address" from the first word on
    for lexeme in _lexemes(value):
        mark = lexeme.text if lexeme.kind == "special" else ""
        if mark in ("<", ">"):
            angle = mark.replace(">", "")
        elif angle == "<" and lexeme.kind not in ("blank", "comment"):
            angle = "route" if mark == "@" else "address"
        if mark == ";" or (mark == "," and angle != "route"):
            if piece:
                yield piece, value[start : lexeme.start]
            piece, angle, start = [], "", lexeme.start + 1
        elif mark == ":" and not angle:
            if "@" in value[start : lexeme.start]:
                yield [*piece, lexeme], value[start : lexeme.start]
            piece, start = [], lexeme.start + 1
        else:
            piece.append(lexeme)
    yield piece, value[start:]


def _mailbox(piece: list[_Lexeme], text: str) -> tuple[Mailbox, bool]:
    """The mailbox of a piece, and whether another unquoted address stands in it."""
    opened = max((i for i, x in enumerate(piece) if _is(x, "<")), default=-1)
    if opened < 0:
        before: list[_Lexeme] = []
        spec = _addr_spec(piece)
    else:
        before = piece[:opened]
        closed = next((i for i in range(opened, len(piece)) if _is(piece[i], ">")), len(piece))
        several = _has(before, "@") and _has(before, ">")
        rest = piece[closed + 1 :]
        certain = not several and not _has(rest, "@") and not _has(rest, ":")
        spec = _addr_spec(_behind_route(piece[opened + 1 : closed])) if certain else None
    text = text.replace(_DAMAGE, " ")
    if spec is None:
        shown = " ".join(encoded_words.decode(text).split()) if "@" in text else _phrase(piece)
        return Mailbox(shown, "", "", tokens(text)), False
    other = {t.strip("'").lower() for t in tokens("".join(x.text for x in before if x.kind in ("word", "special")))}
    found = dict.fromkeys((spec.address, *tokens(text)))
    name = _phrase(before) or _phrase(piece, comments=True)
    return Mailbox(name, spec.address, spec.canonical, tuple(found)), bool(other - {spec.address.lower()})


def _is(lexeme: _Lexeme, mark: str) -> bool:
    return lexeme.kind == "special" and lexeme.text == mark


def _has(lexemes: list[_Lexeme], mark: str) -> bool:
    return any(_is(x, mark) for x in lexemes)


def _behind_route(inside: list[_Lexeme]) -> list[_Lexeme]:
    """The addr-spec of an angle address: behind a source route (RFC 5322 §4.4) or a needless mailto."""
    words = [x for x in inside if x.kind not in ("blank", "comment")]
    colon = next((i for i, x in enumerate(words) if _is(x, ":")), -1)
    if colon > 0 and _is(words[0], "@"):
        return words[colon + 1 :]
    if colon == 1 and words[0].text.lower() == "mailto" and "?" not in words[-1].text:
        return words[2:]
    return inside


def _addr_spec(lexemes: list[_Lexeme]) -> _Spec | None:
    """An addr-spec, obsolete blanks, comments and quoting allowed; None if anything else stands there."""
    words = [x for x in lexemes if x.kind not in ("blank", "comment")]
    marks = [i for i, x in enumerate(words) if x.kind == "special"]
    if len(marks) != 1 or words[marks[0]].text != "@":
        return None
    local, domain = _dotted(words[: marks[0]]), _dotted(words[marks[0] + 1 :])
    if words[0].text.startswith("'") and words[-1].text.endswith("'") and local and domain:
        local, domain = local[1:], domain[:-1]  # quotes of prose, which some clients put around an address
    if not local or not domain or "'" in domain or len(local) > _LONGEST or _ENCODED_WORD.search(f"{local}@{domain}"):
        return None
    if _DAMAGE in local or _DAMAGE in domain:
        return None
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).casefold())
    label = a_label(domain)
    return _Spec(f"{_quoted(local)}@{domain.removesuffix('.')}", f"{_quoted(folded)}@{label}") if label else None


def _dotted(words: list[_Lexeme]) -> str:
    """The text of words with dots between them, without quotes; "" if two stand together without one."""
    if any(not (a.text.endswith(".") or b.text.startswith(".")) for a, b in pairwise(words)):
        return ""
    return "".join(_unquoted(x.text) if x.kind == "quoted" else x.text for x in words)


def _quoted(local: str) -> str:
    """A local part as it must be written."""
    return local if _ATOM_DOTS.fullmatch(local) else '"' + re.sub(r'(["\\])', r"\\\1", local) + '"'


def _unquoted(text: str) -> str:
    return _PAIR.sub(r"\1", text[1:-1])


def _phrase(lexemes: list[_Lexeme], *, comments: bool = False) -> str:
    """A display name, or the text of the comments that stand for one in old mail."""
    if comments:
        text = " ".join(_unquoted(x.text) for x in lexemes if x.kind == "comment")
    else:
        kept = (x for x in lexemes if x.kind != "comment" and not (x.kind == "special" and x.text in '"<>'))
        text = "".join(_unquoted(x.text) if x.kind == "quoted" else x.text for x in kept)
    return " ".join(encoded_words.decode(text.replace(_DAMAGE, " ")).split())
