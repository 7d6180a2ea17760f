"""Which parts are text, and which are attachments."""

import base64
import hashlib

import pytest

from gateway.core import message
from gateway.core.limits import ReadingLimits


def part(content_type: str, content: str, *fields: str) -> str:
    return "\r\n".join([f"Content-Type: {content_type}", *fields, "", content])


def multipart(subtype: str, *parts: str, boundary: str = "b") -> str:
    inside = "".join(f"--{boundary}\r\n{one}\r\n" for one in parts)
    return f"Content-Type: multipart/{subtype}; boundary={boundary}\r\n\r\n{inside}--{boundary}--\r\n"


def read(raw: str) -> tuple[str, list[tuple[str, str, bool]]]:
    found = message.read(raw.encode())
    return found.text, [(a.name, a.content_type, a.inline) for a in found.attachments]


PLAIN, HTML = part("text/plain", "plain"), part("text/html", "<p>rich")
PDF = part("application/pdf; name=a.pdf", "x", "Content-Disposition: attachment")
PDF_LISTED = ("a.pdf", "application/pdf", False)
LOG = part("text/plain; name=log.txt", "log")
ATTACHED_TEXT = part("text/plain", "x", "Content-Disposition: attachment")
IMAGE = part("image/png", "x", "Content-ID: <i@example.com>")


@pytest.mark.parametrize(
    ("raw", "text", "attached"),
    [
        (PLAIN, "plain", []),
        (HTML, "rich", []),
        (PDF, "", [PDF_LISTED]),
        (multipart("alternative", PLAIN, HTML), "plain", []),
        (multipart("alternative", part("text/plain", " "), HTML), "rich", []),
        (multipart("alternative", HTML), "rich", []),
        (multipart("mixed", PLAIN, PDF, part("text/plain", "footer")), "plain\nfooter", [PDF_LISTED]),
        (multipart("related", HTML, IMAGE), "rich", [("", "image/png", True)]),
        (multipart("mixed", PLAIN, LOG), "plain", [("log.txt", "text/plain", False)]),
        (multipart("mixed", ATTACHED_TEXT), "", [("", "text/plain", False)]),
        (
            multipart("alternative", PLAIN, multipart("mixed", HTML, PDF, part("text/html", "end"), boundary="c")),
            "plain",
            [PDF_LISTED],
        ),
        (
            multipart("mixed", multipart("alternative", PLAIN, HTML, boundary="c"), part("text/html", "<p>end")),
            "plain\nend",
            [],
        ),
        (multipart("mixed", PLAIN, part("message/rfc822", PLAIN)), "plain", [("", "message/rfc822", False)]),
    ],
)  # fmt: skip
def test_text_and_attachments(raw: str, text: str, attached: list[tuple[str, str, bool]]) -> None:
    assert read(raw) == (text, attached)


def test_size_and_digest_are_those_of_the_decoded_content() -> None:
    raw = part("application/pdf", "aGVsbG8=", "Content-Transfer-Encoding: base64")
    (attachment,) = message.read(raw.encode()).attachments
    assert (attachment.size, attachment.sha256) == (5, hashlib.sha256(b"hello").hexdigest())


def test_flowed_lines_are_joined_at_one_quote_depth() -> None:
    raw = part("text/plain; format=flowed", "one \r\ntwo\r\n> a \r\n> b\r\n from\r\n-- \r\nsig")
    assert read(raw)[0] == "one two\n> a b\nfrom\n--\nsig"
    raw = part("text/plain; format=flowed; delsp=yes", "日本 \r\n語")
    assert read(raw)[0] == "日本語"


@pytest.mark.parametrize("letter", ["x", "ü", "語"])
def test_text_is_cut_to_its_limit_in_bytes(letter: str) -> None:
    limits = ReadingLimits(text=1000)
    text = message.read(part("text/plain; charset=utf-8", letter * 2000).encode(), limits).text
    assert set(text) == {letter}
    assert 990 < len(text.encode()) <= 1000


def test_all_html_parts_together_are_read_up_to_their_limit() -> None:
    pages = [part("text/html", f"<p hidden>{'x' * 100}</p><p>{word}</p>") for word in ("one", "two", "three")]
    raw = multipart("mixed", *pages)
    assert message.read(raw.encode(), ReadingLimits(html=300)).text == "one\ntwo"


def test_text_holds_no_nul_and_no_lone_surrogate() -> None:
    content = base64.b64encode(b"a\0\0\0\x00\xd8b\0").decode()
    text, _ = read(part("text/plain; charset=utf-16le", content, "Content-Transfer-Encoding: base64"))
    assert text.encode()
    assert "\0" not in text


def test_a_broken_tree_has_no_text() -> None:
    found = message.read(b"Content-Type: multipart/mixed\r\n\r\nhello")
    assert (found.text, found.attachments, found.findings) == ("", (), ("body.unparsed",))
