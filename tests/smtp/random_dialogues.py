"""Dialogues at random: commands in any order, arguments fair and foul, messages, in segments of any size."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from smtp.smtp_fakes import stuffed
from smtp.stock_differences import ODD

USUAL = (
    b"NOOP", b"NOOP x", b"RSET", b"RSET x", b"HELP", b"HELP MAIL", b"HELP x", b"VRFY", b"VRFY x", b"VRFY (",
    b"VRFY <a@example.com>", b"EXPN", b"EXPN x", b"AUTH", b"AUTH PLAIN AGEAYg==", b"STARTTLS", b"STARTTLS x", b"DATA",
    b"DATA x", b"DATA ", b"", b" NOOP", b"NOOP\tx", b"XYZZY", b"\xff\xfe\0", b"mail from:<a@example.com>", b"MAIL",
    b"MAIL FROM:<>", b"RCPT", b"MAIL FROM:<a@example.com> SIZE=99999999", b"MAIL FROM:<a@example.com> SIZE=x",
    b"MAIL FROM:<a@example.com> SIZE", b"MAIL FROM:<a@example.com> FOO=1",
    b"MAIL FROM: <a@example.com>  size=20 body=8bitmime", b"EHLO", b"HELO", b"HELO ",
    b"MAIL FROM:<\xc3\xbc@example.com> SMTPUTF8", b"MAIL FROM:<a@example.com> SMTPUTF8=1", b"noop", b"QUIT x",
    b"RCPT TO: <key@bcc.example>", b"rcpt to:<key@bcc.example> FOO", b"RCPT TO:<nobody@bcc.example>", b"x" * 3000,
    b"RCPT TO:<x@elsewhere.example>", b"EHLO other.example", b"HELO other.example", b"BDAT 5", b"x" * 100_000,
)  # fmt: skip
ATOM = "abcxyzABCXYZ0189!#$%&'*+/?^_`{|}~-"
PIECES = (
    b"\r\n", b"\r\n", b".", b"..", b"\r\n.", b"\r\n..\r\n", b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r", b"\n",
    b"\0", b"\xff\xfe", b"Subject: x\r\n", b"text ", b"word " * 500, b"y" * 3000, b"\r\n" * 50, b".\r\n" * 20,
    b"Answer: smtp.malformed\r\n", b"Answer: smtp.busy\r\n",
)  # fmt: skip


@dataclass(frozen=True)
class Dialogue:
    """What a client sends: in pieces, with so many turns of the loop after each."""

    stream: bytes
    segments: list[tuple[bytes, int]]


def random_dialogue(chance: random.Random) -> Dialogue:
    units = [hello(chance)] if chance.random() < 0.95 else []
    units += [chance.choices(UNITS, WEIGHTS)[0](chance) for _ in range(chance.randrange(1, 14))]
    stream = b"".join(units) + b"\r\n.\r\nQUIT\r\nNOOP\r\n"
    return Dialogue(stream, list(segments(chance, stream)))


def line(text: bytes, chance: random.Random) -> bytes:
    return text + (b"\n" if chance.random() < 0.05 else b"\r\n")


def hello(chance: random.Random) -> bytes:
    return line(chance.choice((b"EHLO", b"EHLO", b"ehlo", b"HELO")) + b" client.example", chance)


def usual(chance: random.Random) -> bytes:
    return line(chance.choice(USUAL), chance)


def odd(chance: random.Random) -> bytes:
    """Also within a transaction."""
    before = chance.choice((b"", opening(chance), b"MAIL FROM:<a@example.com>\r\n"))
    return before + b"".join(text + b"\r\n" for text in chance.choice(ODD))


def garbage(chance: random.Random) -> bytes:
    """An argument that is hardly a path."""
    text = "".join(chance.choices(' <>@.:,"\\[]()=?a1é-\t', k=chance.randrange(1, 20)))
    argument = chance.choice(("", "FROM:<", "TO:<")) + text + chance.choice(("", ">", "@example.com>"))
    return chance.choice((b"MAIL ", b"RCPT ")) + argument.encode() + b"\r\nRSET\r\n"


def address(chance: random.Random) -> str:
    local = ".".join("".join(chance.choices(ATOM, k=chance.randrange(1, 9))) for _ in range(chance.randrange(1, 4)))
    return f"{local}@{chance.choice(('example.com', 'a-b.example', '1.example', 'EXAMPLE.ORG'))}"


def opening(chance: random.Random) -> bytes:
    """MAIL and some recipients."""
    size = chance.choice(("", "", " SIZE=100", " BODY=8BITMIME", " SMTPUTF8 SIZE=0"))
    recipients = (f"RCPT TO:<key{chance.randrange(9)}@{chance.choice(('bcc', 'relay'))}.example>" for _ in range(3))
    lines = (f"MAIL FROM:<{address(chance)}>{size}", *itertools.islice(recipients, chance.randrange(1, 4)))
    return b"".join(line(text.encode(), chance) for text in lines)


def content(chance: random.Random) -> bytes:
    """A message as sent, with its end marker."""
    raw = b"".join(chance.choices(PIECES, k=chance.randrange(0, 12)))
    if chance.random() < 0.1:
        raw += chance.randbytes(chance.randrange(20_000))
    if chance.random() < 0.03:
        raw += b"too large\r\n" * 10_000
    return stuffed(raw)


def data(chance: random.Random) -> bytes:
    return b"DATA\r\n" + content(chance)


def transaction(chance: random.Random) -> bytes:
    return opening(chance) + data(chance)


def fault(chance: random.Random) -> bytes:
    return opening(chance) + b"DATA\r\nFault\r\n.\r\nRSET\r\n"


UNITS: tuple[Callable[[random.Random], bytes], ...] = (
    hello, usual, odd, garbage, opening, data, transaction, fault,
)  # fmt: skip
WEIGHTS = (5, 30, 12, 6, 8, 4, 34, 1)


def segments(chance: random.Random, stream: bytes) -> Iterator[tuple[bytes, int]]:
    """One packet, lines, random pieces, single bytes, or cut within end markers."""
    way = chance.choice(("whole", "lines", "random", "bytes", "ends"))
    if way == "lines":
        cuts = [match.end() for match in re.finditer(rb"\n", stream)]
    elif way == "ends":
        cuts = [match.start() + chance.randrange(6) for match in re.finditer(rb"\r\n\.", stream)]
    elif way == "whole":
        cuts = []
    else:
        longest = 3 if way == "bytes" and len(stream) < 5_000 else chance.choice((20, 90, 1_500, 70_000))
        cuts = list(itertools.accumulate(chance.randrange(1, longest + 1) for _ in range(len(stream) // longest * 2)))
    edges = [0, *sorted({cut for cut in cuts if cut < len(stream)} - {0}), len(stream)]
    for start, end in itertools.pairwise(edges):
        yield stream[start:end], chance.choice((0, 0, 1, 3, 30))
