"""MIME values and parameters as real clients write them (RFC 2045, RFC 2231)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.limits import ReadingLimits
from gateway.core.parameters import parse

LIMITS = ReadingLimits()


@pytest.mark.parametrize(
    ("written", "value", "parameters"),
    [
        ("", "", {}),
        ("Text/Plain", "text/plain", {}),
        ("image/ jpeg", "image/jpeg", {}),
        ("/plain; a=b", "", {"a": "b"}),
        ("text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}),
        ('text/plain; Charset= "us-ascii";', "text/plain", {"charset": "us-ascii"}),
        ("text/plain (a comment); charset=us-ascii (another)", "text/plain", {"charset": "us-ascii"}),
        ('a/b; name="a \\"b\\" \\\\ c"', "a/b", {"name": 'a "b" \\ c'}),
        ("a/b; boundary==_x=y;type=z", "a/b", {"boundary": "=_x=y", "type": "z"}),
        ("a/b ;;;; = ;; name=c", "a/b", {"name": "c"}),
        ("a/b; name=first; NAME=second", "a/b", {"name": "first"}),
    ],
)
def test_value_and_parameters(written: str, value: str, parameters: dict[str, str]) -> None:
    assert parse(written, LIMITS) == (value, parameters)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a/b; name=my file (1).pdf", "my file (1).pdf"),
        ('a/b; name="my "best" file.pdf"; x=y', 'my "best" file.pdf'),
        ('a/b; name="never closed.pdf; x=y', "never closed.pdf"),
        ("a/b\tname=x.pdf", "x.pdf"),
        ("a/b; x=y name=z.pdf", "z.pdf"),
        ('a/b; name="=?utf-8?q?gr=C3=BCn?=.pdf"', "grün.pdf"),
        ("a/b; name==?utf-8?q?gr=C3=BCn?=", "grün"),
        ('a/b; name*0="=?utf-8?q?gr=C3"; name*1="=BCn?="', "grün"),
        ("a/b; name*=utf-8''gr%C3%BCn.pdf", "grün.pdf"),
        ("a/b; name*=\"iso-8859-1'de'gr%FCn.pdf\"", "grün.pdf"),
        ("a/b; name=gruen.pdf; name*=utf-8''gr%C3%BCn.pdf", "grün.pdf"),
        ("a/b; name*1*=%BCn; name*0*=utf-8''gr%C3; name*2=.pdf", "grün.pdf"),
        ("a/b; name*0=one; name*9999999999=x; name*1=two", "onetwo"),
    ],
)
def test_names_of_files_survive_their_senders(written: str, name: str) -> None:
    assert parse(written, LIMITS)[1]["name"] == name


def test_no_more_parameters_than_the_limit_are_read() -> None:
    assert len(parse("a/b" + "".join(f"; p{n}=x" for n in range(500)), LIMITS)[1]) == LIMITS.mime_parameters


def test_no_more_bytes_than_the_limit_are_read() -> None:
    assert parse("a/b; a=b;" + " " * LIMITS.mime_field + "c=d", LIMITS) == ("a/b", {"a": "b"})


@given(st.text(max_size=60) | st.text("a/;=*0'\"\\ %41()?", max_size=60))
def test_any_text_gives_text(written: str) -> None:
    value, parameters = parse(written, LIMITS)
    assert value == value.lower()
    assert all(name and name == name.lower() for name in parameters)
