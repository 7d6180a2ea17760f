"""Stored bytes are the message's, and no larger than they need be."""

from __future__ import annotations

import base64
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.content import compressed

TEXT = b"<tr><td>The quick brown fox jumps over the lazy dog.</td></tr>\r\n" * 8000
ATTACHED = base64.encodebytes(random.Random(1).randbytes(400_000)).replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("raw", "most"),
    [
        pytest.param(b"From: a@us.example\r\n\r\nHello.\r\n", 1.5, id="small"),
        pytest.param(TEXT, 0.02, id="text"),
        pytest.param(ATTACHED, 0.77, id="an attachment"),
        pytest.param(TEXT + ATTACHED, 0.5, id="text and an attachment"),
    ],
)
def test_what_is_stored_is_the_message_and_no_larger_than_this_share_of_it(raw: bytes, most: float) -> None:
    stored = compressed(raw)
    assert (stored.encoding, zlib.decompress(stored.data)) == ("zlib", raw)
    assert len(stored.data) <= most * len(raw)


@given(st.binary(max_size=200), st.integers(1, 2000))
def test_any_bytes_come_back(piece: bytes, times: int) -> None:
    assert zlib.decompress(compressed(piece * times).data) == piece * times
