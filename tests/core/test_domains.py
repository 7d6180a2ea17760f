"""A domain has one form for comparison."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.domains import a_label


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("CORP.EXAMPLE", "corp.example"),
        ("corp.example.", "corp.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("Straße。Example", "xn--strae-oqa.example"),
        ("XN--STRAE-OQA.straße.example", "xn--strae-oqa.xn--strae-oqa.example"),
        ("stra\u00adße.example", "xn--strae-oqa.example"),
        ("ｃorp.example", "corp.example"),
        ("under_score.example", "under_score.example"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:DB8::1]", "[ipv6:2001:db8::1]"),
    ],
)
def test_one_form(written: str, form: str) -> None:
    assert a_label(written) == form


def test_look_alikes_stay_apart() -> None:
    assert a_label("c\u043erp.example") == "xn--crp-sed.example"
    assert a_label("strasse.example") != a_label("straße.example")


@pytest.mark.parametrize(
    "written", ["", ".", "a..b", ".a", "a b", "a@b", "x" * 64 + ".example", "ü" * 300, "\u200d", "a\0b"]
)
def test_what_can_have_no_form_has_none(written: str) -> None:
    assert a_label(written) == ""


@given(st.text(max_size=40))
def test_the_form_is_stable(written: str) -> None:
    form = a_label(written)
    assert a_label(form) == form
    assert form.isascii()
