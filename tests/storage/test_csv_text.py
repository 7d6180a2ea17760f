"""CSV from people and for spreadsheets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.csv_text import read, write
from storage.errors import Refused

CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20).map(str.strip)


@pytest.mark.parametrize(
    "cell",
    ['=HYPERLINK("http://e","x")', "+1+1", "-2", "@SUM(1)", "\t=1", "\r=1", "＝1", " =1", "'=1"],
)
def test_no_cell_is_a_formula(cell: str) -> None:
    (line,) = write([[cell, "plain, 'text'"]])
    doubled = cell.replace('"', '""')
    assert line == f'"\'{doubled}","plain, \'text\'"\r\n'


@given(st.lists(st.tuples(CELLS, CELLS.filter(bool)), max_size=5))
def test_what_was_written_is_read_back(rows: list[tuple[str, str]]) -> None:
    table = read(write([("name", "email"), *rows]), "email", ["name"])
    assert [(line.cells["name"], line.cells["email"]) for line in table.lines] == rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_come_in_any_order_and_case(delimiter: str) -> None:
    text = ["\ufeff Other, EMAIL ,Name\n".replace(",", delimiter), "o,a@b,N\n".replace(",", delimiter), "o\n"]
    table = read(text, "email", ["name", "owner"])
    assert table.ignored == ("other",)
    assert [(line.number, line.cells) for line in table.lines] == [
        (2, {"email": "a@b", "name": "N", "owner": ""}),
        (3, {"email": "", "name": "", "owner": ""}),
    ]


@pytest.mark.parametrize(
    ("first", "reason"), [("", "has no column 'email'"), ("name\n", "columns: email, name"), ("email,email\n", "twice")]
)
def test_the_first_line_must_fit(first: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read([first] if first else [], "email", ["name"])


def test_a_line_that_is_no_csv_is_a_fault_and_the_next_one_is_read() -> None:
    text = ["email,name\n", "a@b," + "x" * 200_000 + "\n", 'c@d,"two\n', 'lines"\n', "e@f,\udcff\n", "g@h,i\n"]
    lines = list(read(text, "email", ["name"]).lines)
    assert [(line.number, bool(line.fault)) for line in lines] == [(2, True), (4, True), (5, True), (6, False)]
    assert lines[2].fault == "It is not UTF-8."
