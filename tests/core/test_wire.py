"""The canonical form of a message's bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.wire import irregular, repair


@pytest.mark.parametrize("raw", [b"", b"a\r\nb\r\n", b"\r\n\r\n"])
def test_lines_that_end_in_crlf_are_regular(raw: bytes) -> None:
    assert not irregular(raw)
    assert repair(raw) == raw


@pytest.mark.parametrize(
    ("raw", "repaired"),
    [(b"a\rb", b"a\r\nb"), (b"a\nb", b"a\r\nb"), (b"a\0b", b"a b"), (b"\r\r\n\n", b"\r\n\r\n\r\n")],
)
def test_lone_cr_and_lf_become_crlf_and_nul_a_blank(raw: bytes, repaired: bytes) -> None:
    assert irregular(raw)
    assert repair(raw) == repaired


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\0", b"x"])).map(b"".join))
def test_what_is_repaired_is_regular(raw: bytes) -> None:
    assert not irregular(repair(raw))


@pytest.mark.parametrize("at", range((1 << 20) - 3, (1 << 20) + 4))
@pytest.mark.parametrize("damage", [b"", b"\r", b"\n", b"\0"])
def test_a_large_message_is_looked_at_in_stretches_that_cut_no_line_end(at: int, damage: bytes) -> None:
    raw = b"x" * at + b"\r\n" + damage + b"x" * 100
    assert irregular(raw) == bool(damage)
