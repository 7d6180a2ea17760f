"""What is a forward, how sure that is, and what only looks like one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, ClassVar

import pytest
from fakes.effort import bounded
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.core import message
from gateway.core.unwrap import inline, labels
from gateway.core.unwrap.original import HIGH, MEDIUM, Unwrapped

_MARKER = "---------- Forwarded message ---------"
_ORIGINAL = "-----Original Message-----"
_RULE = "_" * 32
_HEADER = """From: Bob Client <bob@client.example>
Date: Tue, 4 Mar 2025 10:12:00 +0100
Subject: Drawing 12
To: ana@us.example
"""
_WROTE = "On Tue, Mar 4, 2025 at 10:12 AM Bob Client <bob@client.example> wrote:"
_TEXT = "Here it is."


def _find(text: str, subject: str | None = None, *, kind: str = "text/plain", header: str = "") -> Unwrapped | None:
    lines = [
        "From: Ana <ana@us.example>",
        "To: k7f3@forward.log.example",
        "Date: Thu, 6 Mar 2025 08:00:00 +0100",
        "MIME-Version: 1.0",
        *([header] if header else []),
        f"Content-Type: {kind}; charset=utf-8",
        "",
        text.replace("\n", "\r\n"),
    ]
    reading = message.read_parts("\r\n".join(lines).encode("utf-8", "replace"))
    return inline.find(reading, subject, reading.message.date)


def _confidence(text: str, subject: str | None = None) -> float:
    found = _find(text, subject)
    return found.chain[0].confidence if found and found.chain else 0.0


def _finding(text: str, subject: str | None = None) -> str | None:
    """Why nothing was unwrapped; None where nothing looked like a forward."""
    found = _find(text, subject)
    if found is None:
        return None
    assert found.kind == "none"
    assert not found.chain
    return found.findings[0]


class TestConfidence:
    def test_a_forward_marker_and_three_labels_are_high(self) -> None:
        assert _confidence(f"{_MARKER}\n{_HEADER}\n{_TEXT}") == HIGH
        assert _confidence(f"{_MARKER}\n{_HEADER}\n{_TEXT}", "Anything at all") == HIGH

    def test_a_forward_marker_and_the_author_alone_are_medium(self) -> None:
        found = _find(f"{_MARKER}\nFrom: bob@client.example\n\n{_TEXT}", "Fwd: Drawing 12")

        assert found is not None
        assert found.chain[0].confidence == MEDIUM
        assert found.findings == ("forward.ambiguous",)

    @pytest.mark.parametrize("above", ["", f"{_RULE}\n", f"{_ORIGINAL}\n"])
    def test_a_whole_header_under_a_forward_prefix_with_the_same_subject_is_high(self, above: str) -> None:
        assert _confidence(f"{above}{_HEADER}\n{_TEXT}", "FW: [EXT] drawing 12") == HIGH

    @pytest.mark.parametrize("subject", ["FW: Something else", "FW:", "I: Drawing 12", "VS: Drawing 12", None])
    def test_without_prefix_or_equal_subject_it_is_medium(self, subject: str | None) -> None:
        assert _confidence(f"{_RULE}\n{_HEADER}\n{_TEXT}", subject) == MEDIUM

    def test_a_header_without_recipients_is_medium_under_a_forward_prefix(self) -> None:
        header = _HEADER.replace("To: ana@us.example\n", "")
        assert _confidence(f"{header}\n{_TEXT}", "FW: Drawing 12") == MEDIUM

    def test_an_author_line_under_a_forward_prefix_is_medium(self) -> None:
        found = _find(f"{_WROTE}\n\n    {_TEXT}", "FW: Drawing 12")

        assert found is not None
        assert found.chain[0].confidence == MEDIUM
        assert found.chain[0].subject == "Drawing 12"
        assert found.chain[0].text == _TEXT

    def test_two_authors_are_medium(self) -> None:
        two = _HEADER.replace("Date:", "From: Eve <eve@rival.example>\nDate:")
        assert _confidence(f"{_MARKER}\n{two}\n{_TEXT}") == MEDIUM

    def test_an_address_beside_another_is_medium(self) -> None:
        other = _HEADER.replace("Bob Client <", "eve@rival.example <")
        assert _confidence(f"{_MARKER}\n{other}\n{_TEXT}") == MEDIUM

    @pytest.mark.parametrize(
        ("labels_of", "subject", "expected"),
        [("fi", "VS: Drawing 12", "forward.is_reply"), ("da", "VS: Drawing 12", None), ("it", "I: Drawing 12", None)],
    )
    def test_a_prefix_of_two_meanings_is_read_in_the_language_of_the_header(
        self, labels_of: str, subject: str, expected: str | None
    ) -> None:
        words = {role: word for word, role in reversed(labels.WRITTEN[labels_of])}
        header = (
            f"{words['from']}: bob@client.example\n{words['date']}: 4.3.2025 10:12\n{words['to']}: ana@us.example\n"
        )
        text = f"{header}{words['subject']}: Drawing 12\n\n{_TEXT}"

        assert _confidence(text, subject) == (0.0 if expected else HIGH)
        found = _find(text, subject)
        assert found is not None
        assert found.findings == ((expected,) if expected else ())


class TestNoForward:
    @pytest.mark.parametrize(
        "text",
        [
            "New request\nFrom: Bob <bob@client.example>\nPhone: 123\nSubject: Offer\nMessage: Hello",
            "2025-03-04 10:12 From: a@b.example To: c@d.example Subject: x\n",
            "    From: Bob <bob@client.example>\n    Date: Tue, 4 Mar 2025 10:12:00 +0100\n    Subject: [PATCH] x\n",
            "Offer\n-----\nFrom: 12 EUR\nTo: 15 EUR\nDate: May\nSubject: to change",
            f"He wrote {_MARKER} and then nothing.",
        ],
    )
    def test_forms_logs_and_listings_are_none(self, text: str) -> None:
        assert _find(text, "Something else") is None

    @pytest.mark.parametrize("subject", ["Re: Drawing 12", "AW: Drawing 12", None, "Drawing 12"])
    def test_an_author_line_with_a_quotation_is_a_reply(self, subject: str | None) -> None:
        assert _finding(f"Thanks!\n\n{_WROTE}\n\n> {_TEXT}", subject) == "forward.is_reply"

    @pytest.mark.parametrize("above", ["", f"{_RULE}\n", f"{_ORIGINAL}\n", "-----Ursprüngliche Nachricht-----\n"])
    def test_a_header_under_a_reply_prefix_is_a_reply(self, above: str) -> None:
        assert _finding(f"Thanks!\n\n{above}{_HEADER}\n{_TEXT}", "Re: Drawing 12") == "forward.is_reply"

    @pytest.mark.parametrize("subject", ["Re: Fwd: Drawing 12", "Fwd: Drawing 12"])
    def test_a_marker_below_an_author_line_belongs_to_the_quotation(self, subject: str) -> None:
        quoted = "\n".join(f"> {line}" for line in f"{_MARKER}\n{_HEADER}\n{_TEXT}".split("\n"))
        found = _find(f"Thanks!\n\nOn Wed, Mar 5, 2025 at 9:00 AM Dan <dan@us.example> wrote:\n{quoted}", subject)

        assert found is not None
        assert [(one.from_.address, one.confidence) for one in found.originals if one.from_] in (
            [],
            [("dan@us.example", MEDIUM)],
        )

    def test_a_quoted_marker_under_a_reply_prefix_is_a_reply(self) -> None:
        quoted = "\n".join(f"> {line}" for line in f"{_MARKER}\n{_HEADER}\n{_TEXT}".split("\n"))
        assert _finding(f"Thanks!\n\n{quoted}", "Re: Fwd: Drawing 12") == "forward.is_reply"

    def test_a_marker_in_the_midst_of_a_quotation_is_part_of_it(self) -> None:
        quoted = "\n".join(f"> {line}" for line in f"Hello\n\n{_MARKER}\n{_HEADER}\n{_TEXT}".split("\n"))
        assert _find(f"Thanks!\n\n{quoted}", "Drawing 12") is None

    def test_an_original_marker_without_a_prefix_is_ambiguous(self) -> None:
        found = _find(f"{_ORIGINAL}\n{_HEADER}\n{_TEXT}", "Drawing 12")

        assert found is not None
        assert found.findings == ("forward.ambiguous",)

    def test_fewer_than_three_labels_are_no_header(self) -> None:
        assert _find("From: bob@client.example\nSubject: Drawing 12\n\nHere", "FW: Drawing 12") is None

    @pytest.mark.parametrize(
        "author",
        ["Bob Client", "Bob/Client@NOTES", "bob@client.example, kim@client.example", "", "bob@@client.example"],
    )
    def test_an_author_without_exactly_one_address_is_not_found(self, author: str) -> None:
        header = _HEADER.replace("Bob Client <bob@client.example>", author)
        assert _finding(f"{_MARKER}\n{header}\n{_TEXT}", "Fwd: Drawing 12") == "forward.not_found"

    def test_no_deeper_author_stands_in_for_one_that_can_t_be_read(self) -> None:
        outer = _HEADER.replace(" <bob@client.example>", "")
        assert _finding(f"{_MARKER}\n{outer}\n{_MARKER}\n{_HEADER}\n{_TEXT}", "Fwd: x") == "forward.not_found"

    def test_labels_of_several_languages_are_a_form_and_no_header(self) -> None:
        form = "From: bob@client.example\nDatum: 4.3.2025\nObjet: Anfrage\nPara: ana@us.example\n"
        assert _find(f"{form}\nHello", "Anfrage") is None
        assert _finding(f"{_MARKER}\n{form}\nHello", "Fwd: Anfrage") == "forward.not_found"

    def test_english_labels_go_with_any_language(self) -> None:
        assert (
            _confidence(f"{_MARKER}\nVon: bob@client.example\nDate: 4. März 2025 10:12\nSubject: x\n\n{_TEXT}") == HIGH
        )

    @pytest.mark.parametrize("below", ["Ana Ames\nExample Ltd", "int main(void) {\n  return 0;\n}", ""])
    def test_a_marker_without_labels_below_is_overlooked(self, below: str) -> None:
        assert _find(f"Hello\n\n{_MARKER}\n{below}", "Hello") is None
        assert _confidence(f"Hello\n\n{_MARKER}\n{below}\n\n{_MARKER}\n{_HEADER}\n{_TEXT}") == HIGH

    def test_a_prefix_and_nothing_else_is_nothing(self) -> None:
        assert _find("Please write to kim@client.example", "FW: Drawing 12") is None

    @pytest.mark.parametrize("report", ["disposition-notification", "delivery-status", "feedback-report"])
    def test_a_report_about_a_mail_is_no_forward_of_it(self, report: str) -> None:
        text = f"--b\nContent-Type: text/plain\n\n{_MARKER}\n{_HEADER}\n{_TEXT}\n"
        body = f"{text}--b\nContent-Type: message/{report}\n\nx\n--b--\n"
        assert _find(body, "Fwd: x", kind=f'multipart/report; report-type={report}; boundary="b"') is None

    def test_a_mail_about_forwarding_is_no_forward(self) -> None:
        text = f"Press Forward, and you see {_MARKER} in the text:\nBegin forwarded message: then a header. From: you"
        assert _find(text, "How to forward") is None

    def test_captions_of_a_newsletter_are_no_header(self) -> None:
        assert _find("From: Munich\nTo: Paris\nDate: 4 March 2025\nSubject: to availability\n", "Cheap flights") is None

    @pytest.mark.parametrize("word", ["De", "A", "Da", "Do", "Od", "An", "Pre", "Prima"])
    def test_ordinary_words_before_a_colon_prove_nothing(self, word: str) -> None:
        assert _find(f"{word}: bob@client.example\n{word}: kim@client.example\n\nHello", "Fwd: x") is None

    def test_an_author_line_of_the_writer_s_own_sentence_hides_no_forward(self) -> None:
        assert _confidence(f"See what Bob wrote on 4 March 2025:\n\n{_MARKER}\n{_HEADER}\n{_TEXT}") == HIGH


class TestReading:
    def test_the_note_is_what_stands_above(self) -> None:
        found = _find(f"Please call him.\n\nAna\n\n{_MARKER}\n{_HEADER}\n{_TEXT}")

        assert found is not None
        assert found.note == "Please call him.\n\nAna"
        assert found.originals[0].text == _TEXT

    def test_without_words_of_the_forwarder_there_is_no_note(self) -> None:
        found = _find(f"\n\n{_RULE}\n{_HEADER}\n{_TEXT}", "FW: Drawing 12")

        assert found is not None
        assert found.note is None

    def test_the_original_holds_all_and_the_chain_each_message_apart(self) -> None:
        outer = _HEADER.replace("Subject: ", "Subject: Fwd: ").replace("Bob Client <bob@client", "Kim <kim@client")
        found = _find(f"{_MARKER}\n{outer}\nLook!\n\n{_MARKER}\n{_HEADER}\n{_TEXT}")

        assert found is not None
        assert [(one.from_.address, one.text) for one in found.chain if one.from_] == [
            ("kim@client.example", "Look!"),
            ("bob@client.example", _TEXT),
        ]
        assert found.originals[0].text.startswith("Look!")
        assert found.originals[0].text.endswith(_TEXT)

    def test_a_forward_without_a_note_stands_directly_below_the_outer_header(self) -> None:
        found = _find(f"{_MARKER}\n{_HEADER.replace('bob@', 'kim@')}\n{_MARKER}\n{_HEADER}\n{_TEXT}")

        assert found is not None
        assert [one.text for one in found.chain] == ["", _TEXT]

    def test_the_last_closing_line_ends_the_forward(self) -> None:
        end = "----- End forwarded message -----"
        found = _find(f"{_MARKER}\n{_HEADER}\nOne\n{end}\nTwo\n{end}\nAna")

        assert found is not None
        assert found.originals[0].text == f"One\n{end}\nTwo"

    def test_a_name_and_its_address_may_stand_in_two_lines(self) -> None:
        found = _find(f"{_MARKER}\n{_HEADER.rstrip()}, Kim\nClient <kim@client.example>\n\n{_TEXT}")

        assert found is not None
        assert [mailbox.name for mailbox in found.originals[0].to] == ["", "Kim Client"]
        assert found.originals[0].text == _TEXT

    def test_the_chain_ends_at_four_messages(self) -> None:
        one = f"{_MARKER}\n{_HEADER.replace('Subject: ', 'Subject: Fwd: ')}\n"
        found = _find(one * 6)

        assert found is not None
        assert len(found.chain) == 4

    def test_hidden_recipients_are_kept_apart(self) -> None:
        found = _find(f"{_MARKER}\n{_HEADER}Bcc: kim@client.example\n\n{_TEXT}")

        assert found is not None
        assert [mailbox.address for mailbox in found.originals[0].bcc] == ["kim@client.example"]
        assert found.originals[0].cc == ()

    def test_labels_below_the_header_are_the_author_s_own_words(self) -> None:
        found = _find(f"{_MARKER}\n{_HEADER}\nCc: eve@rival.example\nHello")

        assert found is not None
        assert found.originals[0].cc == ()
        assert found.originals[0].text.startswith("Cc: eve@rival.example")

    def test_a_header_may_have_an_empty_line_between_all_its_lines(self) -> None:
        spaced = _HEADER.replace("\n", "\n\n")
        assert _confidence(f"{spaced}\n{_TEXT}", "FW: Drawing 12") == HIGH

    def test_a_marker_that_names_the_forwarder_may_be_wrapped(self) -> None:
        found = _find(
            f"Note\n----- Forwarded by Ana Ames/US/Example on 03/06/2025 08:00\nAM -----\n\n{_HEADER}\n{_TEXT}"
        )

        assert found is not None
        assert (found.note, found.originals[0].text) == ("Note", _TEXT)

    def test_words_between_dashes_that_nobody_knows_part_note_and_header(self) -> None:
        found = _find(f"Note\n\n----- Sendita mesaĝo -----\n{_HEADER}\n{_TEXT}", "Fwd: Drawing 12")

        assert found is not None
        assert (found.note, found.chain[0].confidence) == ("Note", HIGH)

    def test_fields_that_tell_nothing_of_people_are_no_part_of_note_and_text(self) -> None:
        whole = f"Return-Path: <bob@client.example>\nReceived: from a\n\tby b\nX-Spam: no\n{_HEADER}X-Mailer: m\n\tv1\n"
        found = _find(f"{_MARKER}\n{whole}\n{_TEXT}")

        assert found is not None
        assert (found.note, found.originals[0].text) == (None, _TEXT)
        assert found.originals[0].subject == "Drawing 12"

    def test_the_header_alone_may_be_quoted(self) -> None:
        quoted = "\n".join(f"> {line}" for line in _HEADER.split("\n"))
        found = _find(f"{_MARKER}\n{quoted}\n\n{_TEXT}")

        assert found is not None
        assert found.originals[0].text == _TEXT

    def test_to_whom_answers_go_is_told(self) -> None:
        found = _find(f"{_MARKER}\n{_HEADER}Reply-To: Office <office@client.example>\n\n{_TEXT}")

        assert found is not None
        assert [mailbox.address for mailbox in found.originals[0].reply_to] == ["office@client.example"]

    def test_a_note_of_nothing_visible_is_none(self) -> None:
        found = _find(f"\u200b\n\u00a0\n{_MARKER}\n{_HEADER}\n{_TEXT}")

        assert found is not None
        assert found.note is None

    def test_html_is_read_where_the_plain_text_says_less(self) -> None:
        html = f"<p>Look</p><div style='border-top:solid #E1E1E1 1pt'>{_HEADER.replace('<', '&lt;')}</div>"
        html = html.replace("\n", "<br>")
        body = (
            "--b\nContent-Type: text/plain\n\nLook\n\nFrom: Bob Client\nSubject: Drawing 12\n"
            f"--b\nContent-Type: text/html\n\n{html}\n--b--\n"
        )
        found = _find(body, "FW: Drawing 12", kind='multipart/alternative; boundary="b"')

        assert found is not None
        assert found.chain[0].confidence == HIGH
        assert found.note == "Look"

    def test_recipients_beyond_what_is_read_one_by_one_stay_known_to_the_never_log_list(self) -> None:
        many = "".join(f"c{n}@client.example,\n" for n in range(1500))
        found = _find(f"{_MARKER}\n{_HEADER.replace('ana@us.example', many + ' eve@rival.example')}\n{_TEXT}")

        assert found is not None
        tokens = {token for mailbox in found.originals[0].to for token in mailbox.tokens}
        assert {f"c{n}@client.example" for n in range(1500)} | {"eve@rival.example"} <= tokens


@pytest.mark.parametrize("locale", labels.LOCALES)
class TestWords:
    """Every word of the table does its work in a forward, on lines of its own and glued together."""

    _VALUES: ClassVar = {
        "from": "Bob Client <bob@client.example>",
        "date": "Tue, 4 Mar 2025 10:12:00 +0100",
        "to": "ana@us.example",
        "cc": "kim@client.example",
        "reply_to": "office@client.example",
        "subject": "Drawing 12",
    }

    def _headers(self, locale: str) -> list[list[str]]:
        """Headers that together have every label of the locale."""
        words = {role: [word for word, own in labels.WRITTEN[locale] if own == role] for role in self._VALUES}
        count = max(map(len, words.values()))
        return [
            [f"{words[role][n % len(words[role])]}: {value}" for role, value in self._VALUES.items() if words[role]]
            for n in range(count)
        ]

    def test_labels(self, locale: str) -> None:
        for header in self._headers(locale):
            found = _find("\n".join(["Note", "", *header, "", _TEXT]), "FW: Drawing 12")
            assert found is not None, header
            assert found.chain[0].confidence == HIGH, header
            assert found.note == "Note"

    def test_glued_labels(self, locale: str) -> None:
        for header in self._headers(locale):
            found = _find(f"  ----- Forwarded Message ----- {''.join(header)}\n {_TEXT}", "Fw: Drawing 12")
            assert found is not None, header
            first = found.chain[0]
            assert first.confidence == HIGH
            assert first.from_ is not None
            assert first.from_.address == "bob@client.example"
            assert [mailbox.address for mailbox in (*first.to, *first.cc)] == ["ana@us.example", "kim@client.example"]
            assert (first.date_text, first.subject) == (self._VALUES["date"], "Drawing 12"), header
            assert first.text == _TEXT


@pytest.mark.parametrize("kind", ["forwarded", "original"])
def test_every_marker_s_message_is_found(kind: str) -> None:
    known = [words for words, own in labels.MARKERS.items() if own == kind]
    for words in known:
        line = words if words.endswith(":") else f"------ {words} ------"
        found = _find(f"Note\n{line}\n{_HEADER}\n{_TEXT}")
        assert found is not None, words
        assert found.chain[0].confidence == (HIGH if kind == "forwarded" else MEDIUM), words
        assert found.note == "Note", words


_PIECES = st.sampled_from(
    [
        *_HEADER.split("\n"),
        _MARKER,
        _ORIGINAL,
        _RULE,
        _WROTE,
        "----- Forwarded Message ----- From: a@b.exampleTo: c@d.exampleSubject: x",
        "Begin forwarded message:",
        "> ",
        ">> ",
        "    ",
        "\n",
        "<",
        '"',
        "*From:* ",
        "\u202b",
    ]
)


@given(st.lists(_PIECES | st.text(max_size=12), max_size=25), st.sampled_from(["Fwd: Drawing 12", "Re: x", ""]))
@example(["From: ", "\n"], "")
def test_no_text_raises_and_what_is_unwrapped_has_an_author(pieces: list[str], subject: str) -> None:
    found = _find("\n".join(pieces), subject)

    if found and found.chain:
        assert all(one.from_ and one.from_.canonical and one.confidence >= MEDIUM for one in found.chain)
        assert len(found.originals) == 1
    elif found:
        assert found.findings in (("forward.is_reply",), ("forward.not_found",))


_UNITS = [
    "From:\n",
    "From: a@b.example\n",
    " ",
    "\u00a0",
    ">",
    ">\n",
    "> a\n",
    f"{_MARKER}\n",
    f"{_MARKER}\nFrom: a@b.example\n",
    f"{_MARKER}\n{_HEADER}\n",
    _HEADER,
    f"{_HEADER}X-Spam: no\n",
    "Priority: high\n",
    "To: a,\n",
    " a@b.example,\n",
    "X-Spam: no\n\tat all\n",
    "----- Forwarded Message ----- De: Para: ",
    f"{_WROTE}\n",
    "On 4 2025 <\n",
    "> From: a@b.example\n>> From: c@d.example\nTo: e@f.example\n",
    "- ",
    "---------- ",
    "<hr>",
    "<td><p>",
    '<a href="mailto:a@b.example">a<b>',
    "To: a, b <a@b.example>, ",
    "a <a@b.example> on behalf of ",
    ">>> a@b.example 1 ",
    "To: a\nSubject: b\n4 Mar 2025 10:12, a <a@b.example>:\n",
]


def _repeated(unit: str, size: int, before: str = "") -> str:
    return before + unit * (size // len(unit))


@pytest.mark.parametrize("unit", _UNITS)
@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
def test_time_grows_with_the_text_at_most(unit: str, kind: str) -> None:
    text = _repeated(unit, 256 * 1024, f"{_MARKER}\n{_HEADER}")
    with bounded():
        _find(text if kind == "text/plain" else text.replace("\n", "<br>"), "Fwd: x", kind=kind)


@pytest.mark.parametrize("unit", _UNITS)
@pytest.mark.parametrize("before", ["", f"{_MARKER}\n{_HEADER}", f'{_MARKER}\n{_HEADER}Cc: "'])
def test_twice_the_text_takes_no_more_than_twice_the_steps(unit: str, before: str) -> None:
    once, twice, again = (_steps(before + unit * (100 * n)) for n in (1, 2, 4))
    assert again - twice <= 2.5 * (twice - once) + 1000  # of what is remembered, each finds another share


def _steps(text: str) -> int:
    """How many lines of the reader's code are run for a text."""
    reading = message.read_parts(f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}".encode())
    count = 0

    def step(frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        nonlocal count
        count += 1
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        inline.find(reading, "Fwd: x", reading.message.date)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    ("text", "kind", "finding", "length"),
    [
        ("\u00a0" * 20 * 1024, None, None, 0),
        ("\u00a0" * 20 * 1024 + f"\n{_MARKER}\n{_HEADER}\n{_TEXT}", "inline_forward", None, len(_TEXT)),
        (f"{_MARKER}\n" + "From: a@b.example\n" * 10_000, "inline_forward", "forward.ambiguous", 179_963),
        ("From: a@b.example\n" * 10_000, None, None, 0),
        (f"{_WROTE}\n" + "> a\n" * 100_000, "none", "forward.is_reply", 0),
        (f"{_MARKER}\n{_HEADER}\n" + "> a\n" * 50_000, "inline_forward", None, 99_999),
        (f"{_MARKER}\n{_HEADER.rstrip()},\n" + " a@b.example,\n" * 10_000, "none", "forward.not_found", 0),
    ],
)
def test_a_huge_text_is_read_for_what_it_is(text: str, kind: str | None, finding: str | None, length: int) -> None:
    found = _find(text, "Fwd: x" if "wrote:" not in text else "Re: x")

    assert (found.kind if found else None) == kind
    assert (found.findings[0] if found and found.findings else None) == finding
    assert (len(found.originals[0].text) if found and found.originals else 0) == length
