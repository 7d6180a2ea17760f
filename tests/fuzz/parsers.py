"""Single parsers under random bytes, each held against another view of the same bytes."""

from __future__ import annotations

import email.parser
import email.policy
import email.utils
import ipaddress
import itertools
import re
import unicodedata
from collections.abc import Iterable
from email.headerregistry import Address

import dkim

from gateway.authenticate import keys, tag_list
from gateway.core import addresses, authentication_results, headers, mime, wire
from gateway.core.address_keys import token_keys
from gateway.core.limits import ReadingLimits
from gateway.smtp.proxy_header import Bad, Header, header
from storage import csv_text

LIMITS = ReadingLimits()
_ODD = {"header.stray_line", "header.no_blank_line", "header.blank_before_colon", "header.nul"}
_HOST = re.compile(r"@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
"""Ends an address to which mail can be sent: only such a one can be listed."""
_FOLD = re.compile(rb"[\r\n]+")


def header_block(data: bytes) -> None:
    """On canonical bytes that have no finding, three parsers see the same fields and the same body."""
    raw = wire.repair(data)
    block = headers.split(raw, LIMITS)
    if block.breaches or _ODD & set(block.findings) or raw.startswith((b"From ", b">From ")):
        return
    ours = [(raw[f.start : f.end].partition(b":")[0], _bare(raw[f.start : f.end])) for f in block.fields]
    message = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(raw)
    theirs = [(_bytes(name), _value(_bytes(value))) for name, value in message.raw_items()]
    assert ours == theirs, (ours, theirs)
    assert raw[block.body :] == _bytes(vars(message)["_payload"]), block.body
    try:
        fields, _ = dkim.rfc822_parse(raw)
    except dkim.MessageFormatError:
        assert not block.fields
    else:
        assert ours == [(name, _value(value)) for name, value in fields]


def _bare(field: bytes) -> bytes:
    return _value(field.partition(b":")[2])


def _value(value: bytes) -> bytes:
    return _FOLD.sub(b"", value.strip(b" \t\r\n"))


def _bytes(text: object) -> bytes:
    assert isinstance(text, str)
    return text.encode("ascii", "surrogateescape")


def address_field(data: bytes) -> None:
    """What two other parsers agree on is the author's address, or there is none; what either sees is never missed."""
    value = wire.repair(data).decode("utf-8", "replace").replace("\r\n", " ")
    found = addresses.read(value)
    for mailbox in found.mailboxes:
        assert bool(mailbox.address) == bool(mailbox.canonical)
        assert addresses.canonical(mailbox.canonical) == mailbox.canonical
    one = _specs(address for _, address in email.utils.getaddresses([value]))
    two = _specs(_structured(value))
    ours = {mailbox.canonical for mailbox in found.mailboxes if mailbox.canonical}
    if len(ours) == len(one) == 1 and one == two and not (found.unreadable or found.ambiguous):
        assert ours == one, (ours, one)
    tokens = [token for mailbox in found.mailboxes for token in mailbox.tokens]
    keys_found = frozenset().union(*map(token_keys, tokens))
    for address in filter(_HOST.search, one & two):
        assert found.unreadable or token_keys(address) & keys_found, (address, tokens)


def _structured(value: str) -> list[str]:
    try:
        field = email.policy.default.header_factory("To", value)
        listed: tuple[Address, ...] = field.addresses
        return [address.addr_spec for address in listed]
    except Exception:  # a parser that gives up has no say
        return []


def _specs(found: Iterable[str]) -> set[str]:
    return {spec for spec in map(addresses.canonical, found) if spec}


def parts(data: bytes) -> None:
    """Parts lie within what contains them and beside each other, and each can be decoded."""
    raw = wire.repair(data)
    block = headers.split(raw, LIMITS)
    tree = mime.walk(raw, block.fields, block.body, LIMITS)
    count = 0
    for part in tree.everywhere():
        count += 1
        assert 0 <= part.header <= part.start <= part.end <= len(raw)
        inside = [part.start, *(edge for child in part.children for edge in (child.header, child.end)), part.end]
        assert all(a <= b for a, b in itertools.pairwise(inside)), inside
        part.content(raw)
        assert len(part.text(raw, 1000)) <= 1000
    assert count <= LIMITS.parts + 1


def proxy_header(data: bytes) -> None:
    """Byte by byte the verdict is first that more must come, and then one that never changes."""
    verdicts = [header(data[:size]) for size in range(min(len(data), 1200) + 1)]
    settled = list(itertools.dropwhile(lambda verdict: verdict is Bad.INCOMPLETE, verdicts))
    assert len(set(settled)) <= 1
    assert len(verdicts) - len(settled) <= 1024 + 1
    if settled and isinstance(settled[0], Header):
        client = settled[0].client
        assert not client or str(ipaddress.ip_address(client)) == client


def tags(data: bytes) -> None:
    """Written again, a tag list says the same; without its signature it lacks nothing else; keys are judged."""
    found = tag_list.read(data)
    again = ";".join(f"{name}={value}" for name, value in found.items()).encode("latin-1")
    assert tag_list.read(again) == found
    unsigned = tag_list.read(tag_list.without_signature(data))
    assert not found or unsigned == found | ({"b": ""} if "b" in found else {})
    for algorithm in ("rsa-sha256", "ed25519-sha256"):
        key = keys.read((data,), algorithm)
        assert isinstance(key, keys.Key) or key.startswith("dkim.")


def results(data: bytes) -> None:
    """A field that tells results tells the same ones with a comment in front and blanks behind."""
    value = headers.split(b"A: " + wire.repair(data).replace(b"\r\n", b"\r\n "), LIMITS).fields[0].value
    found = authentication_results.read(value)
    if found is not None:
        assert found.authserv_id == found.authserv_id.lower()
        assert authentication_results.read(f"(a comment) {value} ") == found


def csv(data: bytes) -> None:
    """What is written is read back, and no cell begins as a formula."""
    text = data.decode("utf-8", "ignore")
    cells = ["".join(c for c in cell if unicodedata.category(c) not in ("Cs", "Cc", "Zl", "Zp")).strip()
             for cell in text.split("\n")]  # fmt: skip
    rows = [(cell, f"{number}@example.com") for number, cell in enumerate(cells)]
    lines = list(csv_text.write([("name", "email"), *rows]))
    assert not any(line.startswith(('"=', '"+', '"-', '"@', '"\t')) for line in lines)
    table = csv_text.read(lines, "email", ["name"])
    assert [(line.cells["name"], line.cells["email"]) for line in table.lines] == rows
