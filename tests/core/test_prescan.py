"""The pre-scan: plain mail passes, and whatever makes reading dear doesn't."""

from __future__ import annotations

import pytest
from fakes.effort import bounded

from gateway.core.message import read_parts
from gateway.core.prescan import usual

HEADER = b"From: Ana <ana@us.example>\r\nTo: Bob <bob@client.example>\r\nSubject: Offer\r\n"
TEXT = HEADER + b"\r\n" + b"The quick brown fox jumps over the lazy dog, and then some more of it.\r\n" * 400

UNUSUAL = {
    "no end of the header": HEADER,
    "a long header": b"".join(b"X-%d: %s\r\n" % (n, b"y" * 70) for n in range(110)) + TEXT,
    "a long field": b"X: " + b"y" * 2100 + b"\r\n" + TEXT,
    "a long field in folds": b"X: y" + b"\r\n y" * 1000 + b"\r\n" + TEXT,
    "many addresses": HEADER + b"Cc: " + b"a@b.example," * 101 + b"\r\n\r\n",
    "many addresses below": HEADER + b"\r\n" + b"a@b.example\r\n" * 101,
    "many encoded words": HEADER + b"X: " + b"=?utf-8?q?a?= " * 101 + b"\r\n\r\n",
    "many lines": TEXT + b"x\r\n" * 101,
    "many tags": HEADER + b"\r\n" + b"<b>" * 501,
    "many lines as HTML characters": HEADER + b"\r\n" + b"x&#10;" * 101,
    "many parts": HEADER + b"\r\n" + b"--b\r\n" * 51,
    "base64": HEADER + b"Content-Transfer-Encoding: BASE64\r\n\r\nQQ==",
    "quoted-printable that hides lines": HEADER + b"\r\nx=0Ax",
    "quoted-printable that hides tags": HEADER + b"\r\nx=3cb",
    "UTF-7": HEADER + b"Content-Type: text/plain; charset=UTF-7\r\n\r\n",
    "a charset in pieces": HEADER + b"Content-Type: text/plain; charset*0=utf;\r\n charset*1=-7\r\n\r\n",
    "a message inside": HEADER + b"Content-Type: message/rfc822\r\n\r\n",
    "a message inside, with blanks": HEADER + b"Content-Type: MESSAGE /\r\n RFC 822\r\n\r\n",
    "a digest": HEADER + b"Content-Type: multipart/digest; boundary=b\r\n\r\n",
    "a file of mail": HEADER + b'Content-Disposition: attachment; filename="x.EML"\r\n\r\n',
    "a file name that is encoded": HEADER + b"Content-Disposition: attachment; filename*=utf-8''x%2Eeml\r\n\r\n",
    "much of an unknown charset": HEADER + b"\r\n" + b"gr\xfc\xdfe " * 4000,
}


@pytest.mark.parametrize("raw", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_what_may_take_long_is_unusual(raw: bytes) -> None:
    assert not usual(raw)


USUAL = {
    "text": TEXT,
    "no text": HEADER + b"\r\n",
    "UTF-8": HEADER + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "Grüße\r\n".encode() * 100,
    "quoted-printable": HEADER + b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe =\r\nx",
    "two forms": HEADER
    + b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\n\r\nHello\r\n'
    + b"--b\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--b--\r\n",
    "ten recipients": b"Cc: " + b", ".join(b"Somebody <a%d@b.example>" % n for n in range(10)) + b"\r\n" + TEXT,
}


@pytest.mark.parametrize("raw", USUAL.values(), ids=USUAL.keys())
def test_plain_mail_is_usual(raw: bytes) -> None:
    assert usual(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"From: " + b"a," * 1000 + b"\r\n\r\n",
        b"From: " + b"(\\" * 1000 + b"\r\n\r\n",
        b"To: " + b"a@\xc3\xbc.example," * 100 + b"\r\n\r\n",
        HEADER + b"\r\n" + b"From: a\r\nTo: b\r\nDate: c\r\nSubject: d\r\n" * 120,
        HEADER + b"Content-Type: text/html\r\n\r\n" + b"<br>From: a<br>To: b" * 240,
    ],
)
def test_the_worst_that_is_usual_is_read_in_no_time(raw: bytes) -> None:
    assert usual(raw)
    with bounded(5):
        read_parts(raw)
