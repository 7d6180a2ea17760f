"""What HTML shows otherwise than by text."""

import pytest

from gateway.core.unwrap import html_marks


def _header(html: str) -> str:
    return html_marks.with_addresses(html_marks.add(html))


def test_the_address_behind_a_name_is_marked_for_headers_and_left_out_of_texts() -> None:
    link = '<a title=x href="mailto:b%40client.example?subject=y"><b>Bob</b></a>'

    assert _header(link).replace("</a>", "") == f"{link.replace('</a>', '')} <b@client.example> "
    assert html_marks.without(html_marks.add(link)) == link


@pytest.mark.parametrize(
    "link",
    [
        '<a href="mailto:eve@rival.example">b@client.example</a>',
        '<a href="mailto:nobody">Bob</a>',
        '<a href="https://client.example/b@client.example">Bob</a>',
        '<a href="mailto:b@client.example">',
    ],
)
def test_what_shows_an_address_or_has_none_behind_it_is_as_it_was(link: str) -> None:
    assert html_marks.add(link) == link


def test_marks_that_stand_in_a_message_are_none() -> None:
    forged = "Bob \ue0f2eve@rival.example\ue0f3"

    assert html_marks.without(forged) == "Bob "
    assert _header(forged) == "Bob eve@rival.example"
