"""Text from HTML: lines as a reader sees them, nothing that is hidden."""


import pytest
from fakes.effort import bounded
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.html_text import render
from gateway.core.limits import ReadingLimits

LIMITS = ReadingLimits()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one<p>two", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<p>one</p><p>&nbsp;</p><p>two</p>", "one\n\ntwo"),
        ("a  b\n\tc <b>d</b>e", "a b c de"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a \tb\nc"),
        ("<pre>a  b\nc</pre>", "a  b\nc"),
        ("1 &lt; 2 &amp;amp; &#8364;", "1 < 2 &amp; €"),
        ("<noscript>shown, as mail runs no scripts</noscript>", "shown, as mail runs no scripts"),
        ("a\u200b\u00adb", "ab"),
        ("", ""),
    ],
)
def test_blocks_and_breaks_make_lines(html: str, text: str) -> None:
    assert render(html, LIMITS) == text


def test_quotations_begin_with_a_mark_a_level() -> None:
    html = "hi<blockquote>one<br><br>two<blockquote>three</blockquote></blockquote>bye"
    assert render(html, LIMITS) == "hi\n\n> one\n>\n> two\n>\n> > three\n\nbye"


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>From: x</script>",
        "<style>From: x</style>",
        "<title>From: x</title>",
        '<div style="display: none">From: x<div>y</div></div>',
        '<span STYLE="color:red; Visibility:Hidden">From: x</span>',
        '<span style="font-size:0px">From: x</span>',
        '<b style="mso-hide:all">From: x</b>',
        "<p hidden>From: x</p>",
        "<!-- From: x -->",
        "<!-- <div hidden> -->",
        "<iframe><div>From: x</iframe>",
        '<img alt="<div>From: x</div>">',
        '<img style="display:none">',
    ],
)
def test_what_a_reader_cannot_see_is_left_out(hidden: str) -> None:
    assert render(f"a{hidden}b", LIMITS).replace("\n", "") == "ab"


@pytest.mark.parametrize(
    "shown", ["margin:0", "text-decoration:none", "overflow:hidden", "font-size:0.9em", "opacity:0.5"]
)
def test_what_only_looks_like_hiding_is_read(shown: str) -> None:
    assert render(f'<span style="{shown}">text</span>', LIMITS) == "text"


def test_deeper_nesting_than_allowed_gives_no_text() -> None:
    assert render("<div>" * 500 + "x", LIMITS) == "x"
    assert render("<div>" * 600 + "x", LIMITS) == ""
    assert render("<p>x" * 600, LIMITS).startswith("x\n\nx")
    assert render("<div><!-- </div> -->" * 600 + "x", ReadingLimits(html_nesting=10_000)) == "x"


def test_only_the_first_characters_are_read() -> None:
    assert render("x" * 300 * 1024, LIMITS) == "x" * LIMITS.html


@pytest.mark.parametrize(
    "unit", ["<", "<a ", "<!--", "&", "<b>", "<p>x", "<font a>x", "<blockquote>x", "<td hidden>", ":0 display"]
)
def test_no_repetition_is_slow(unit: str) -> None:
    html = "<p>" + "".join(f"<font a{i}>" for i in range(200)) + unit * (LIMITS.html // len(unit))
    with bounded():
        render(html, LIMITS)


PIECES = [
    "<div>",
    "</div>",
    "<p hidden>",
    "<!--",
    "-->",
    "<pre>",
    "</pre>",
    "<br>",
    "<script>",
    "</script>",
    "&lt;",
    "x",
    " ",
    '"',
    "<",
    ">",
    "\x01",
]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_soup_gives_lines_without_marks(html: str) -> None:
    text = render(html, LIMITS)
    assert not set(text) & set("\r\x0b\x01\x02\x03")
    assert text == text.strip("\n")


def test_the_cells_of_a_row_share_a_line_whatever_blocks_are_in_them() -> None:
    rows = "<tr><td><p><b>From:</b></p></td><td><p>Bob</p></td></tr>"
    rows += "<tr><td>To:</td><td></td><td><div>Ana</div></td></tr>"
    lines = render(f"<table>{rows}</table><p>Text</p>", LIMITS).split("\n")
    assert [line.split() for line in lines if line] == [["From:", "Bob"], ["To:", "Ana"], ["Text"]]
