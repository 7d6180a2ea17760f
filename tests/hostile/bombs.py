"""Messages made to be costly to read (catalogue M01 to M12, S23, S31), each in any size up to the limit of a message.

A maker takes the number of bytes that the message should have, and comes near that.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator

HEAD = (
    b"From: Ana <ana@us.example>\r\nTo: bob@client.example\r\nSubject: s\r\n"
    b"Date: Mon, 02 Mar 2026 09:12:04 +0000\r\nMessage-ID: <bomb@us.example>\r\n"
)
BLANK = b"\r\n"
LINE = b"x" * 76 + b"\r\n"


def repeated(head: bytes, piece: bytes, size: int, tail: bytes = b"\r\n") -> bytes:
    """The piece as often as it fits."""
    return head + piece * (max(size - len(head) - len(tail), 0) // len(piece)) + tail


def numbered(head: bytes, pieces: Iterator[bytes], size: int, tail: bytes = b"\r\n") -> bytes:
    """Pieces that differ, as many as fit."""
    made, length = [head], len(head) + len(tail)
    for piece in pieces:
        length += len(piece)
        if length > size:
            break
        made.append(piece)
    return b"".join((*made, tail))


def numbers(pattern: str) -> Iterator[bytes]:
    """The pattern with 0, 1, 2 … in it."""
    number = 0
    while True:
        yield pattern.format(number).encode()
        number += 1


def field(name: str, piece: bytes, size: int, end: bytes = b"") -> bytes:
    """A header field made of pieces, and a short body."""
    return repeated(HEAD + name.encode() + b": ", piece, size, end + b"\r\n\r\nhi\r\n")


def nested_multiparts(size: int) -> bytes:
    return numbered(HEAD, numbers("Content-Type: multipart/mixed; boundary=b{0}\r\n\r\n--b{0}\r\n"), size)


def nested_messages(size: int) -> bytes:
    return repeated(HEAD, b"Content-Type: message/rfc822\r\n\r\nFrom: b@client.example\r\n", size)


def deep_and_long(size: int) -> bytes:
    return repeated(nested_multiparts(90 * 60), b"x\r\n", size)


def parts(boundary: bytes, piece: bytes, end: bytes = b"") -> Callable[[int], bytes]:
    head = HEAD + b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\r\n\r\n'
    return lambda size: repeated(head, b"--" + boundary + b"\r\n" + piece, size, end)


def fields(size: int) -> bytes:
    return numbered(HEAD, numbers("X-{}: y\r\n"), size, b"\r\nhi\r\n")


def recipients(size: int) -> bytes:
    return numbered(
        HEAD.replace(b"To: bob@client.example\r\n", b"To: a@b.example"),
        numbers(",\r\n a{}@client.example"),
        size,
        b"\r\n\r\nhi\r\n",
    )


def body(piece: bytes) -> Callable[[int], bytes]:
    return lambda size: repeated(HEAD + BLANK, piece, size)


def html(piece: bytes, first: bytes = b"") -> Callable[[int], bytes]:
    """HTML in base64."""
    head = HEAD + b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"

    def made(size: int) -> bytes:
        plain = first + piece * (max(size - len(head), 0) * 57 // 78 // len(piece))
        return head + base64.encodebytes(plain).replace(b"\n", b"\r\n")

    return made


def charset(name: str, piece: bytes = b"+AGE-\xff\xfea\\x41" * 8 + b"\r\n") -> Callable[[int], bytes]:
    head = HEAD + f'Content-Type: text/plain; charset="{name}"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'.encode()
    return lambda size: repeated(head, piece, size)


def attached(content_type: str, name: str, piece: bytes) -> Callable[[int], bytes]:
    head = (
        HEAD
        + (
            f"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\n"
            f"Content-Type: {content_type}; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        ).encode()
    )
    line = base64.b64encode((piece * 57)[:57]) + b"\r\n"
    return lambda size: repeated(head, line, size, b"\r\n--b--\r\n")


def inline(piece: bytes) -> Callable[[int], bytes]:
    head = HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n---------- Forwarded message ---------\r\n"
    return lambda size: repeated(head, piece, size)


def signatures(count: int, selector: str, blanks: int = 0) -> Callable[[int], bytes]:
    """DKIM signatures of now that hold but for the last step; blanks in their middle."""

    def made(size: int) -> bytes:
        unsigned = repeated(HEAD + BLANK, LINE, size, b"")
        body = base64.b64encode(hashlib.sha256(unsigned[len(HEAD + BLANK) :]).digest()).decode()
        tags = f"v=1; a=rsa-sha256; d=us.example; s={selector}; t={int(time.time())}; h=from:to:subject; bh={body}"
        value = " " * blanks + base64.b64encode(b"x" * 512).decode()
        return f"DKIM-Signature: {tags}; b={value}\r\n".encode() * count + unsigned

    return made


BOMBS: dict[str, Callable[[int], bytes]] = {
    "M01 multiparts in multiparts": nested_multiparts,
    "M01 messages in messages": nested_messages,
    "M01 90 deep and a million lines": deep_and_long,
    "M02 a million parts": parts(b"b", b"\r\n\r\n"),
    "M02 parts after the end": parts(b"b", b"\r\nx\r\n--b--\r\n"),
    "M02 a boundary without letters": parts(b"", b"\r\n\r\n"),
    "M02 a boundary of 10 KB": parts(b"b" * 10_000, b"\r\n\r\n"),
    "M02 a boundary that begins others": parts(b"b", b"b\r\n--bb\r\n\r\n"),
    "M03 fields": fields,
    "M03 one field": lambda size: field("X", b"y", size),
    "M03 continuation lines": lambda size: field("X", b"\r\n y", size),
    "M04 recipients": recipients,
    "M04 an author of escaped quotes": lambda size: field("From", b'\\"', size, b'" <a@b.example>'),
    "M04 parentheses": lambda size: field("Cc", b"(", size),
    "M05 encoded words": lambda size: field("Subject", b"=?utf-8?q?a?= ", size),
    "M05 encoded words that never end": lambda size: field("Subject", b"=?utf-8?q?a ", size),
    "M05 words in unknown charsets": lambda size: field("Subject", b"=?x-no-such?b?YQ==?= ", size),
    "M06 semicolons in an open quote": lambda size: field('Content-Type: text/plain; x="', b";", size),
    "M06 parameters": lambda size: field("Content-Type: text/plain", b";\r\n a=b", size),
    "M06 a part of a name far away": lambda size: field("Content-Type: a/b", b"; filename*9999999999=x", size),
    "M07 line ends": body(b"\r\n"),
    "M07 one line": body(b"x"),
    "M07 lines of 997 blanks": body(b" " * 997 + b"\r\n"),
    "M07 dots": body(b".\r\n"),
    "M07 ordinary lines": body(LINE),
    "M08 comments that begin": html(b"<!--"),
    "M08 links that begin": html(b"<a "),
    "M08 elements in elements": html(b"<div>"),
    "M08 an attribute that never ends": html(b"x", b'<a href="'),
    "M09 punycode": charset("punycode", b"a-b" * 20 + b"\r\n"),
    "M09 idna": charset("idna", b"xn--a." * 10 + b"\r\n"),
    "M09 UTF-7": charset("utf-7"),
    "M09 unicode_escape": charset("unicode_escape"),
    "M09 zlib": charset("zlib"),
    "M09 rot13": charset("rot13"),
    "M09 a NUL in the name": charset("utf-8\0"),
    "M09 UTF-16 without a mark": charset("utf-16"),
    "M09 bytes of no charset": charset("", b"\x81\xe4\xff\xc3" * 19 + b"\r\n"),
    "M10 uuencode": body(b"begin 644 x\r\n" + b"M" + b"8" * 60 + b"\r\n"),
    "M10 yEnc": body(b"=ybegin line=128 size=9 name=x\r\n" + b"z" * 120 + b"\r\n"),
    "M10 winmail.dat": attached("application/ms-tnef", "winmail.dat", b"\x78\x9f\x3e\x22"),
    "M10 an archive": attached("application/zip", "a.zip", b"PK\x03\x04\0\0\0\0"),
    "M11 a date of digits": lambda size: field("Date", b"9", size),
    "M12 author lines": inline(b"From: bob@client.example\r\n"),
    "M12 blanks": inline(b" " * 70 + b"\r\n"),
    "M12 no-break blanks": inline("\xa0".encode() * 35 + b"\r\n"),
    "M12 quote marks": inline(b">" * 70 + b"\r\n"),
}

SIGNATURES: dict[str, Callable[[int], bytes]] = {
    "S23 a key of 16,384 bits": signatures(1, "bits16384"),
    "S23 an exponent of 2,048 bits": signatures(1, "exponent2048"),
    "S23 the largest key there may be": signatures(10, "bits4096"),
    "S31 a hundred signatures": signatures(100, "bits4096"),
    "S31 a signature of blanks": signatures(1, "bits4096", 16_000),
    "S31 a signature of 100 KB": signatures(1, "bits4096", 100_000),
}
"""In a user's name; the keys are those of fixtures/zones."""
