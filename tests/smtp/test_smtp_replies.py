"""The table of replies."""

import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.smtp import replies
from gateway.smtp.replies import Reply

TABLE = [value for _, value in inspect.getmembers(replies) if isinstance(value, Reply)]


@pytest.mark.parametrize("reply", TABLE, ids=lambda r: f"{r.code}-{r.status}")
def test_every_reply_but_the_intermediate_ones_has_the_enhanced_code_of_its_class(reply: Reply) -> None:
    if reply.code in (334, 354):
        assert reply.status == ""
    else:
        assert re.fullmatch(r"[245]\.[0-9]\.[0-9]{1,2}", reply.status)
        assert reply.status[0] == str(reply.code)[0]


@pytest.mark.parametrize(
    ("reason", "code", "status"),
    [
        ("smtp.unknown_recipient", 550, "5.1.1"),
        ("smtp.peer_denied", 550, "5.7.1"),
        ("smtp.too_large", 552, "5.3.4"),
        ("smtp.malformed", 550, "5.6.0"),
        ("smtp.routing_loop", 554, "5.4.6"),
        ("smtp.store_unavailable", 451, "4.3.0"),
        ("smtp.dns_unavailable", 451, "4.4.3"),
        ("smtp.busy", 450, "4.7.1"),
        ("sender.unverified", 550, "5.7.26"),
    ],
)
def test_each_reason_has_its_reply(reason: str, code: int, status: str) -> None:
    assert (replies.refusal(reason).code, replies.refusal(reason).status) == (code, status)


def test_an_unknown_reason_and_an_unknown_text_are_our_own_fault() -> None:
    assert replies.refusal("no.such") is replies.TEMPORARY
    assert replies.built_in("999 surprise") is replies.TEMPORARY


@given(st.text())
def test_a_reply_is_ascii_lines_of_512_bytes_at_most(text: str) -> None:
    wire = Reply(250, "2.0.0", text, (text, text)).wire
    lines = wire.split(b"\r\n")
    assert lines.pop() == b""
    assert len(lines) == 3
    assert len(Reply(250, "2.0.0", text + "x" * 600).wire) == 512
    assert all(len(line) <= 510 and line.isascii() and line.decode().isprintable() for line in lines)


def test_only_the_last_line_of_an_answer_to_ehlo_has_no_dash() -> None:
    assert replies.hello("mx.example", "PIPELINING", "HELP").wire == b"250-mx.example\r\n250-PIPELINING\r\n250 HELP\r\n"
