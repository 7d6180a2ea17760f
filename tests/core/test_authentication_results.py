"""Authentication-Results (RFC 8601): what is read, and what is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.authentication_results import MethodResult, Results, read


def test_server_method_result_and_properties_are_read() -> None:
    value = (
        "MX.Corp.Example 1; dkim=pass (2048-bit key; secure) header.d=corp.example header.s=s1 header.b=Ab/c=; "
        "SPF=SoftFail smtp.mailfrom=alice@corp.example;\r\n\tdmarc = pass header . from = corp.example action=none"
    )
    assert read(value) == Results(
        "mx.corp.example",
        (
            MethodResult("dkim", "pass", {"header.d": "corp.example", "header.s": "s1", "header.b": "Ab/c="}),
            MethodResult("spf", "softfail", {"smtp.mailfrom": "alice@corp.example"}),
            MethodResult("dmarc", "pass", {"header.from": "corp.example", "action": "none"}),
        ),
    )


@pytest.mark.parametrize("value", ["mx.corp.example; none", "mx.corp.example", "mx.corp.example;", "mx.corp.example 1"])
def test_a_server_that_checked_nothing_tells_nothing(value: str) -> None:
    assert read(value) == Results("mx.corp.example", ())


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        "; dkim=pass header.d=corp.example",
        "dkim=pass header.d=corp.example; spf=pass",
        "mx.corp.example 2; dkim=pass header.d=corp.example",
        "mx.corp.example; dkim=pass (never closed header.d=corp.example",
        "mx.corp.example; spf=none ); dkim=pass header.d=corp.example",
        'mx.corp.example; spf=none reason="never closed; dkim=pass header.d=corp.example',
    ],
)
def test_a_field_without_a_server_or_with_text_that_nobody_can_read_says_nothing(value: str) -> None:
    assert read(value) is None


@pytest.mark.parametrize(
    "clause",
    [
        "dkim",
        "=pass",
        "dkim=",
        "dkim=pass header.d",
        "dkim=pass;header.d=corp.example",
        "dkim/2=pass header.d=corp.example",
        "dkim=pass header.d=corp.example header.d=evil.example",
        "dkim=pass,fail header.d=corp.example",
        "dkim=pass header.d=corp.example stray",
    ],
)
def test_a_check_that_the_grammar_does_not_allow_is_left_out_alone(clause: str) -> None:
    found = read(f"mx.corp.example; {clause}; spf=pass")
    assert found
    assert [(m.method, m.properties) for m in found.methods if m.properties or m.method == "spf"] == [("spf", {})]


def test_what_stands_in_a_comment_or_in_quotes_is_no_result() -> None:
    value = (
        'mx.corp.example; spf=fail (domain of "x; dkim=pass header.d=corp.example\\); no) '
        'smtp.mailfrom="a; dkim=pass header.d=corp.example"@evil.example reason="said \\"no\\""'
    )
    assert read(value) == Results(
        "mx.corp.example",
        (
            MethodResult(
                "spf",
                "fail",
                {
                    "smtp.mailfrom": "a; dkim=pass header.d=corp.example@evil.example",
                    "reason": 'said "no"',
                },
            ),
        ),
    )


def test_a_quoted_server_name_is_unquoted() -> None:
    found = read('"MX.corp.example"; none')
    assert found
    assert found.authserv_id == "mx.corp.example"


@given(st.text(alphabet='ab=;. \t\r\n"\\()1/d', max_size=60))
def test_any_text_is_read_without_trouble(value: str) -> None:
    found = read("mx.example;" + value)
    assert found is None or found.authserv_id == "mx.example"


@pytest.mark.parametrize("piece", ["(", ")", '"', "\\", ";", " ", "a=b ", "a=b;", '"a" ', "()", ".=", "a.a"])
def test_long_text_is_read_in_one_pass(piece: str) -> None:
    """The patterns give back nothing, so a field of the greatest length is done at once."""
    read("mx.example; dkim=pass " + piece * (200_000 // len(piece)))
