"""Bytes of every kind: noise, pieces of mail in any order, and mail that was damaged on its way."""

from __future__ import annotations

from fakes.world import FIXTURES
from hypothesis import strategies as st

SAMPLES = [file.read_bytes() for file in sorted(FIXTURES.rglob("*.eml"))]
PIECES = [
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b">", b"> > ", b"-", b"_" * 32, b":", b";", b",", b"@", b"<", b'"', b"(",
    b"=", b"From: ", b"To: a@b.example, ", b"Von: ", b"Subject: Fwd: ", b"Date: Mon, 3 Mar 2025 09:00 ",
    b"Message-ID: <a@b>\r\n", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", b"--b\r\n", b"--b--",
    b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: text/html\r\n\r\n<blockquote><hr>", b"charset=utf-16",
    b"Content-Transfer-Encoding: base64\r\n", b"---------- Forwarded message ---------\r\n",
    b"-----Original Message-----\r\n", b"Begin forwarded message:", b"On 3 Mar 2025 Bob <b@c.example> wrote:",
    b"X-MS-Journal-Report:\r\n", b"Sender: <>\r\n", b"Recipient: a@b, Expanded: c@d\r\n",
    b"Resent-From: a@b.example\r\n", b"Action: failed\r\nFinal-Recipient: rfc822; a@b\r\n", b"=?utf-8?q?=FF?=",
    b"\xff\xfe", "Ä 差出人：".encode(), "\u202e\u00a0\ufeff".encode(),
]  # fmt: skip


def damaged(raw: bytes, changes: list[tuple[int, int, int]]) -> bytes:
    """The bytes with pieces of them taken out, doubled, moved on, or replaced by others; the numbers say which."""
    for what, at, length in changes:
        start = at % (len(raw) + 1)
        span = raw[start : start + length]
        put = [b"", span + span, PIECES[length % len(PIECES)], PIECES[at % len(PIECES)] + span][what]
        raw = raw[:start] + put + raw[start + len(span) :]
    return raw


ANY_BYTES = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join),
    st.builds(
        damaged,
        st.sampled_from(SAMPLES),
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5_000), st.integers(0, 200)), max_size=8),
    ),
)
