"""What is fuzzed: by name, a function that takes any bytes and fails where its one rule is broken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fakes.noise import PIECES, SAMPLES
from fakes.world import FIXTURES
from fuzz import decision, dialogue, parsers

FINDINGS = FIXTURES / "fuzz"
"""One folder for each target: inputs that once broke its rule."""

DIALOGS = FIXTURES / "dialogs"
_WORDS = (
    "EHLO a", "HELO a", "MAIL FROM:<", "a@b.example", ">", "RCPT TO:<key@bcc.example>", "RCPT TO:<broken@bcc.example>",
    "RCPT TO:<key@relay.example>", "RCPT TO:<x@bcc.example>", "RCPT TO:<postmaster>", "DATA", "\r\n.\r\n", "\r\n..",
    "\n.\n", "RSET", "NOOP", "QUIT", "VRFY x", "EXPN", "HELP", "STARTTLS", "AUTH PLAIN ", "AUTH LOGIN\r\n", "bXg=\r\n",
    "AG14AGNvcnJlY3QgaG9yc2U=\r\n", "SIZE=", "BODY=8BITMIME", "SMTPUTF8", "NOTIFY=NEVER", "=?", "[127.0.0.1]", '"',
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n", "\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c", "Answer: smtp.malformed\r\n", "\r\n",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """`slow`: the same check for code that runs under instrumentation."""

    check: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]
    words: tuple[bytes, ...]
    slow: Callable[[bytes], None] | None = None


def findings(name: str) -> list[Path]:
    """The inputs that once broke the rule of this target."""
    return sorted((FINDINGS / name).glob("*"))


def _scripts() -> Iterator[bytes]:
    """What the clients of the dialogues send, each reply that they wait for a segment's end."""
    for file in sorted(DIALOGS.glob("*.txt")):
        lines = file.read_text("utf-8").splitlines()
        flags = (dialogue.SOURCE * ("= source yes" in lines)) | (dialogue.TLS * ("= tls yes" in lines))
        script = bytes([flags])
        for line in lines:
            if line[:2] in ("C:", "C>"):
                text = line[3:].encode().decode("unicode_escape").encode("latin-1")[:3000]
                script += text + (b"\r\n" if line[1] == ":" else b"")
            elif line[:2] == "S:" and script[-1] < 0x80:
                script += bytes([dialogue.SEGMENT])
            elif line in ("HALF-CLOSE", "DRAIN"):
                script += bytes([dialogue.HALF_CLOSE if line == "HALF-CLOSE" else dialogue.DRAIN])
        yield script


def _streams() -> Iterator[bytes]:
    """The same without the first byte and the marks but those of segments."""
    for script in _scripts():
        yield bytes(byte for byte in script[1:] if byte <= dialogue.SEGMENT)


def _copies() -> Iterator[bytes]:
    """Every sample message, to every kind of address."""
    for number, raw in enumerate(SAMPLES):
        yield bytes([number % 3, number % 7, number % 6, number % 64]) + raw


def _raw() -> Iterator[bytes]:
    yield from SAMPLES


def _values(*names: bytes) -> Callable[[], Iterator[bytes]]:
    """The values of these fields in the samples, and words of their grammar."""
    pattern = re.compile(rb"^(?:%b):((?:[^\n]*\n[ \t])*[^\n]*)\n" % b"|".join(names), re.MULTILINE | re.IGNORECASE)

    def found() -> Iterator[bytes]:
        yield from sorted({match[1].strip() for raw in SAMPLES for match in pattern.finditer(raw)})

    return found


def _given(*seeds: bytes) -> Callable[[], Iterator[bytes]]:
    return lambda: iter(seeds)


_DKIM = b"v=1; a=rsa-sha256; c=relaxed/simple; d=example.com; s=s1; h=from:to;\r\n bh=abc=; b=de\r\n f="
_KEY = b"v=DKIM1; k=ed25519; t=s; h=sha256; s=email; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_RESULTS = b'gw.example 1; dkim=pass (good) header.d=example.com header.b="a;b"; spf=fail smtp.mailfrom=x@example.com'
_PROXY_2 = b"\r\n\r\n\0\r\nQUIT\n"

TARGETS = {
    "dialogue": Target(dialogue.check, _scripts, tuple(word.encode() for word in _WORDS)),
    "model": Target(dialogue.check_model, _streams, tuple(word.encode() for word in _WORDS)),
    "decision": Target(decision.check, _copies, tuple(PIECES), lambda data: decision.check(data, patience=8)),
    "header": Target(parsers.header_block, _raw, tuple(PIECES)),
    "address": Target(
        parsers.address_field, _values(b"From", b"To", b"Cc", b"Reply-To"), (*PIECES, b":", b";", b"\\", b")", b">")
    ),
    "mime": Target(parsers.parts, _raw, tuple(PIECES)),
    "proxy": Target(
        parsers.proxy_header,
        _given(
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n", b"PROXY TCP6 ::1 ::2 65535 25\r\n", b"PROXY UNKNOWN\r\n",
            _PROXY_2 + b"\x21\x11\0\x0c\xc0\0\x02\1\xc0\0\x02\2\0\1\0\x19", _PROXY_2 + b"\x20\0\0\0",
            _PROXY_2 + b"\x21\x21\0\x24" + bytes(36),
        ),
        (_PROXY_2, b"PROXY ", b"TCP4 ", b"TCP6 ", b"127.0.0.1", b"::ffff:", b"\r\n", b" 65536"),
    ),
    "tags": Target(parsers.tags, _given(_DKIM, _KEY), (b";", b"=", b" b=", b"\r\n ", b"p=", b"k=rsa", b"t=y:s")),
    "results": Target(
        parsers.results,
        _given(_RESULTS, b"gw.example; none"),
        (b";", b"=", b"(", b")", b'"', b"\\", b" header.d=", b"/1"),
    ),
    "csv": Target(parsers.csv, _given("=1+1\n'x\n\"a\",b\n＝2".encode()), (b"=", b"'", b'"', b",", b";", b"\t", b"\n")),
}  # fmt: skip
