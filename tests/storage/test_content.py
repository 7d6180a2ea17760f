"""Stored bytes are the message's, and no larger than they need be."""

from __future__ import annotations

import base64
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.content import compressed, packed, unpacked
from storage.errors import StoreBroken
from storage.mail_keys import MailKeys

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
    assert (stored.encoding, MailKeys().raw_bytes(stored)) == ("zstd", raw)
    assert len(stored.data) <= most * len(raw)


@given(st.binary(max_size=200), st.integers(1, 2000))
def test_any_bytes_come_back(piece: bytes, times: int) -> None:
    assert MailKeys().raw_bytes(compressed(piece * times)) == piece * times


@given(st.data())
def test_damage_is_noticed_and_never_shown_as_the_message(data: st.DataObject) -> None:
    stored = packed(TEXT)
    at = data.draw(st.integers(0, len(stored) - 1))
    damaged = stored[:at] + bytes([stored[at] ^ data.draw(st.integers(1, 255))]) + stored[at + 1 :]
    with suppress(StoreBroken):
        assert unpacked(damaged) == TEXT  # where the bit means nothing


def test_threads_that_compress_at_once_do_not_disturb_each_other() -> None:
    raws = [bytes([65 + number]) * 50_000 + ATTACHED[: 1000 * number] for number in range(20)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda raw: unpacked(packed(raw)), 10 * raws)) == 10 * raws
