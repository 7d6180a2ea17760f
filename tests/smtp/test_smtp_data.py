"""The reader of DATA, without a socket."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_fakes import stuffed

from gateway.smtp import data, replies
from gateway.smtp.data import Budget, DataReader, Holding
from gateway.smtp.limits import SmtpLimits
from gateway.smtp.replies import Reply

PIECES = st.sampled_from([b".", b"..", b"\r\n", b"\r", b"\n", b"\0", b"a", b"\r\n.", b"\n.\n", b"Subject: x", b"\xff"])


@pytest.fixture(scope="module", autouse=True, params=[256 * 1024, 6])
def block(request: pytest.FixtureRequest) -> Iterator[None]:
    """Stuffing is removed at the end, or again and again on the way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "_BLOCK", request.param)
        yield


def memory(size: int, per_ip: int = 10**6, for_sources: int = 0) -> Budget:
    return Budget(
        SmtpLimits(data_in_memory=size, data_in_memory_per_ip=per_ip, data_in_memory_for_sources=for_sources)
    )


def reader_of(limit: int, budget: Budget, network: str = "192.0.2.1") -> DataReader:
    return DataReader(limit, Holding(budget, network))


def read(chunks: list[bytes], limit: int = 1000) -> tuple[bytes | Reply, bytes | None, Budget]:
    budget = memory(10_000)
    reader, rest = reader_of(limit, budget), None
    for chunk in chunks:
        rest = reader.feed(chunk) if rest is None else rest + chunk
    content = reader.content()
    reader.release()
    return content, rest, budget


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=20).map(b"".join), st.lists(st.integers(0, 80), max_size=12))
def test_content_comes_back_byte_for_byte_however_it_is_cut(raw: bytes, cuts: list[int]) -> None:
    raw = raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"
    if b"\r\n.\r\n" in b"\r\n" + raw:
        assert raw  # a lone dot is stuffed like any other
    wire = stuffed(raw) + b"NOOP\r\n"
    edges = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    chunks = [wire[a:b] for a, b in itertools.pairwise(edges)]
    content, rest, budget = read(chunks)
    assert content == raw
    assert rest == b"NOOP\r\n"
    assert budget.used == 0


def test_the_end_marker_is_found_though_it_comes_byte_by_byte() -> None:
    wire = b"a\r\n.\r\nrest"
    content, rest, _ = read([wire[i : i + 1] for i in range(len(wire))])
    assert (content, rest) == (b"a\r\n", b"rest")


def test_an_empty_message_is_empty() -> None:
    assert read([b".\r\n"])[:2] == (b"", b"")


def test_look_alikes_of_the_end_marker_are_content() -> None:
    for mark in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r\n.\0"):
        content, rest, _ = read([b"one" + mark + b"MAIL FROM:<x@example.com>\r\n.\r\n"])
        assert isinstance(content, bytes)
        assert content.endswith(b"MAIL FROM:<x@example.com>\r\n")
        assert rest == b""


def test_a_message_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    for raw in (b"a" * 98 + b"\r\n", b".\r\n" * 32 + b"..\r\n"):
        assert read([stuffed(raw)], limit=len(raw))[0] == raw
        assert read([stuffed(raw)], limit=len(raw) - 1)[0] is replies.TOO_LARGE


def test_beyond_the_limit_bytes_are_read_but_not_kept() -> None:
    budget = memory(10_000)
    reader = reader_of(100, budget)
    for _ in range(30):
        assert reader.feed(b"b" * 10 + b"\r\n") is None
        assert len(reader._buffer) < 200
    assert budget.used == 0
    assert reader.feed(b".\r\n") == b""
    assert reader.content() is replies.TOO_LARGE


def test_a_client_that_sends_four_times_the_limit_is_not_going_to_stop() -> None:
    reader = reader_of(100, memory(10_000))
    reader.feed(b"b" * 400)
    assert not reader.endless
    reader.feed(b"b")
    assert reader.endless


def test_when_a_crowd_has_gone_its_memory_is_given_back_once() -> None:
    gone: list[int] = []
    budget = Budget(SmtpLimits(), lambda: gone.append(budget.used))
    for size, expected in ((12 << 20, []), (100 << 20, [0]), (12 << 20, [0])):
        holdings = [Holding(budget, "") for _ in range(2)]
        assert all(holding.cover(size // 2) for holding in holdings)
        for holding in holdings:
            holding.release()
            holding.release()
        assert gone == expected


def test_all_messages_share_one_budget_and_give_it_back() -> None:
    budget = memory(150)
    first, second = reader_of(1000, budget), reader_of(1000, budget)
    first.feed(b"a" * 100)
    second.feed(b"a" * 100)
    assert budget.used == 102
    second.feed(b"\r\n.\r\n")
    assert second.content() is replies.NO_STORAGE
    first.release()
    first.release()
    assert budget.used == 0


def test_a_message_keeps_its_share_until_it_is_released() -> None:
    budget = memory(1000)
    reader = reader_of(1000, budget)
    reader.feed(b"abc\r\n.\r\n")
    assert reader.content() == b"abc\r\n"
    assert budget.used > 0
    reader.release()
    assert budget.used == 0


def test_a_declared_size_and_the_bytes_that_come_are_never_counted_twice() -> None:
    budget = memory(1000)
    holding = Holding(budget, "192.0.2.1")
    assert holding.cover(400)
    assert budget.used == 400
    reader = DataReader(1000, holding)
    reader.feed(b"a" * 300)
    assert budget.used == 400
    reader.feed(b"a" * 300)
    assert budget.used == 602
    reader.feed(b"\r\n.\r\n")
    assert len(reader.content()) == 602  # type: ignore[arg-type]
    reader.release()
    assert budget.used == 0


def test_of_a_size_declared_too_large_only_the_messages_own_stays_held_once_it_has_ended() -> None:
    budget = memory(1000)
    holding = Holding(budget, "192.0.2.1")
    holding.cover(900)
    reader = DataReader(1000, holding)
    reader.feed(b"abc\r\n.\r\n")
    assert reader.content() == b"abc\r\n"
    assert budget.used == len(b"\r\nabc\r\n")


def test_one_network_of_strangers_gets_its_part_of_the_memory_only() -> None:
    budget = memory(1000, per_ip=300)
    assert budget.take("192.0.2.1", 300)
    assert not budget.take("192.0.2.1", 1)
    assert budget.take("192.0.2.2", 300)
    assert budget.take("", 400)
    assert not budget.take("", 1)
    budget.give_back("192.0.2.1", 300)
    assert budget.take("192.0.2.1", 300)


def test_strangers_leave_memory_to_sources() -> None:
    budget = memory(1000, for_sources=400)
    assert budget.take("192.0.2.1", 500)
    assert not budget.take("192.0.2.2", 101)
    assert budget.take("", 500)
    for network in ("192.0.2.1", ""):
        budget.give_back(network, 500)
    assert (budget.used, budget._strangers, budget._networks) == (0, 0, {})


def test_above_four_fifths_of_the_memory_it_is_crowded() -> None:
    budget = memory(1000)
    budget.take("", 800)
    assert not budget.crowded
    budget.take("", 1)
    assert budget.crowded
