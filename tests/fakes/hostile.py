"""Copies that are made to be costly, of any size, so that the work for one and for twice as much can be compared."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

HEAD = (
    "From: Ana <ana@us.example>\r\n"
    "To: key@forward.log.example\r\n"
    "Date: Tue, 04 Mar 2025 10:12:00 +0000\r\n"
    "Message-ID: <copy@us.example>\r\n"
)
BLOCK = (
    "From: Bob <bob@client.example>\r\n"
    "Date: Mon, 3 Mar 2025 09:00\r\n"
    "Subject: Offer\r\n"
    "To: Ana <ana@us.example>\r\n\r\n"
)
FORWARDED = "---------- Forwarded message ---------\r\n"
ORIGINAL = "-----Original Message-----\r\n"
INNER = (
    "Content-Type: message/rfc822\r\n\r\n"
    "From: Bob <bob@client.example>\r\n"
    "To: ana@us.example\r\n"
    "Date: Mon, 3 Mar 2025 09:00:00 +0000\r\n"
    "Message-ID: <offer@client.example>\r\n"
    "Subject: Offer\r\n\r\nHi\r\n"
)
REPORT = "Sender: bob@client.example\r\nSubject: Offer\r\nMessage-Id: <offer@client.example>\r\n"
NBSP = "\xa0"
MEMBER = "a@b.example,\r\n"
LABELS = ("To", "Cc", "Von", "Betreff", "Priority", "Date", "Reply-To", "Bcc", "Objet")


@dataclass(frozen=True)
class Copy:
    """A kind of hostile copy, and what must come out of the largest."""

    make: Callable[[int], bytes]
    size: int
    """Of the largest: lines, parts, characters or what else is repeated."""
    counted: int
    """A size from which twice as much lies within all limits, so that double work would show."""
    unwrap: str = "none"
    findings: tuple[str, ...] = ()
    """Of the message, and of what its channel unwraps."""
    channel: str = "forward"
    automated: str | None = None


def mail(body: str, *, fields: str = "", subject: str = "Fwd: Offer", content_type: str = "text/plain") -> bytes:
    return (
        f"{HEAD}{fields}Subject: {subject}\r\nContent-Type: {content_type}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\n{body}"
    ).encode()


def page(html: str) -> bytes:
    """HTML in base64."""
    plain = mail("", content_type="text/html").replace(b"8bit", b"base64")
    return plain + base64.encodebytes(html.encode()).replace(b"\n", b"\r\n")


def parts(*inside: str, fields: str = "", content_type: str = "multipart/mixed") -> bytes:
    text = "".join(f"--b\r\n{part}\r\n" for part in inside)
    return (
        f"{HEAD}{fields}Subject: Fwd: Offer\r\nContent-Type: {content_type}; boundary=b\r\n\r\n{text}--b--\r\n".encode()
    )


def report(lines: str) -> bytes:
    """A journal report."""
    return parts(f"Content-Type: text/plain\r\n\r\n{REPORT}{lines}", INNER, fields="X-MS-Journal-Report:\r\n")


def returned(status: str) -> bytes:
    """A delivery status notification."""
    explained = "Content-Type: text/plain\r\n\r\nIt could not be delivered."
    about = f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n{status}"
    kind = "multipart/report; report-type=delivery-status"
    return parts(explained, about, INNER, fields="Return-Path: <>\r\n", content_type=kind)


def bounce(text: str) -> bytes:
    """A bounce in words."""
    sent = mail(text, fields="Return-Path: <>\r\n", subject="Undelivered Mail Returned to Sender")
    return sent.replace(b"ana@us.example", b"mailer-daemon@us.example", 1)


def nested_multiparts(n: int) -> bytes:
    opened = "".join(f"Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n" for i in range(n))
    closed = "".join(f"--b{i}--\r\n" for i in reversed(range(n)))
    return f"{HEAD}{opened}\r\nx\r\n{closed}".encode()


def nested_messages(n: int) -> bytes:
    attached = (
        "Content-Type: message/rfc822\r\n\r\nFrom: Bob <bob@client.example>\r\nMessage-ID: <offer@client.example>\r\n"
    )
    return f"{HEAD}{n * attached}\r\nHi\r\n".encode()


AMBIGUOUS, NOT_FOUND, UNPARSED = ("forward.ambiguous",), ("forward.not_found",), ("body.unparsed",)

COPIES = {
    "no-break spaces": Copy(lambda n: mail(NBSP * n), 10_000, 2_000),
    "lines of a no-break space": Copy(lambda n: mail(f"{NBSP}\r\n" * n), 10_000, 1_000),
    "no-break spaces between dashes": Copy(
        lambda n: mail(f"-----{NBSP * n}Forwarded message{NBSP * n}-----\r\n{BLOCK}"), 10_000, 1_000, "inline_forward"
    ),
    "no-break spaces before a label's colon": Copy(
        lambda n: mail(f"{FORWARDED}From{NBSP * n}: bob@client.example\r\n{BLOCK}"), 10_000, 2_000, "inline_forward"
    ),
    "no-break spaces before a value": Copy(
        lambda n: mail(f"{FORWARDED}From:{NBSP * n}bob@client.example\r\nTo: a@b.example\r\nSubject: x\r\n\r\nhi"),
        10_000, 2_000, "inline_forward",
    ),
    "author lines of a header": Copy(lambda n: mail("From: bob@client.example\r\n" * n), 10_000, 1_000),
    "author lines below a marker": Copy(
        lambda n: mail(FORWARDED + "From: bob@client.example\r\n" * n), 10_000, 1_000, "inline_forward",
        AMBIGUOUS,
    ),
    "author lines of different people": Copy(
        lambda n: mail("".join(f"From: Bob <bob{i}@client.example>\r\n" for i in range(n))), 10_000, 1_000
    ),
    "quoted lines": Copy(lambda n: mail("> hello there\r\n" * n), 100_000, 1_000),
    "quoted headers": Copy(
        lambda n: mail(">" + BLOCK.replace("\r\n", "\r\n>") * n), 10_000, 200, "inline_forward",
    ),
    "quote levels": Copy(
        lambda n: mail("".join(f"{'>' * (i % 40)} From: bob@client.example\r\n" for i in range(n))), 20_000, 1_000
    ),
    "quote marks in one line": Copy(lambda n: mail(">" * n), 50_000, 2_000),
    "labels": Copy(
        lambda n: mail("".join(f"{LABELS[i % 9]}: {i}\r\n" for i in range(n))), 5_000, 1_000, findings=NOT_FOUND
    ),
    "labels of no concern": Copy(lambda n: mail("To: x\r\n" + "Importance: high\r\n" * n), 5_000, 1_000),
    "labels apart": Copy(
        lambda n: mail("".join(f"{LABELS[i % 9]}: {i}\r\n\r\n" for i in range(n))), 5_000, 1_000, findings=NOT_FOUND
    ),
    "markers": Copy(
        lambda n: mail(f"{FORWARDED}{ORIGINAL}Begin forwarded message:\r\n{'_' * 32}\r\n" * n), 5_000, 250
    ),
    "markers and authors": Copy(lambda n: mail(f"{ORIGINAL}From: bob@client.example\r\n" * n), 5_000, 500),
    "forwards in forwards": Copy(lambda n: mail(f"{FORWARDED}{BLOCK}" * n), 5_000, 200, "inline_forward"),
    "words that introduce a quotation": Copy(
        lambda n: mail("On Mon, 3 Mar 2025 at 09:00 Bob\r\n" * n), 10_000, 1_000
    ),
    "people, wrapped": Copy(
        lambda n: mail(f"{FORWARDED}From: b@c.example\r\nTo: a,\r\n{n * MEMBER}Subject: y\r\n\r\nhi"),
        3_000, 1_000, "inline_forward",
    ),
    "an author of brackets": Copy(
        lambda n: mail(f"{FORWARDED}From: {'<' * n}\r\nTo: x\r\nSubject: y\r\n\r\nhi"), 50_000, 2_000,
        findings=NOT_FOUND,
    ),
    "a date of numbers": Copy(
        lambda n: mail(f"{FORWARDED}From: b@c.example\r\nDate: {'1 ' * n}\r\nSubject: y\r\n\r\nhi"), 20_000, 2_000,
        "inline_forward",
    ),
    "prefixes of a subject": Copy(
        lambda n: mail(FORWARDED + BLOCK, subject="Fwd: " * n), 5_000, 200, "inline_forward"
    ),
    "a report's line of blanks": Copy(
        lambda n: report(f"{' ' * n}\r\nTo: ana@us.example\r\n"), 200_000, 2_000, "journal", channel="journal"
    ),
    "a report's recipients": Copy(
        lambda n: report("".join(f"To: a{i}@us.example\r\n" for i in range(n))), 20_000, 500, "journal",
        ("journal.malformed",), channel="journal",
    ),
    "a report's wrapped line": Copy(
        lambda n: report("To: ana@us.example" + "\r\n \t" * n), 20_000, 1_000, "journal", channel="journal"
    ),
    "nested parts": Copy(nested_multiparts, 1_000, 20, findings=UNPARSED),
    "nested messages": Copy(nested_messages, 1_000, 20, findings=UNPARSED),
    "attachments": Copy(
        lambda n: parts(*(f"Content-Type: application/pdf; name=a{i}.pdf\r\n\r\nx" for i in range(n))), 10_000, 100,
        findings=UNPARSED,
    ),
    "attached messages": Copy(lambda n: parts(*[INNER] * n), 10_000, 100, findings=UNPARSED),
    "nested HTML": Copy(lambda n: page("<div>" * n + "From: x"), 50_000, 200),
    "quotations in HTML": Copy(lambda n: page("<blockquote>" * n + "From: x"), 20_000, 200),
    "hidden elements of many names": Copy(
        lambda n: page("".join(f"<x{i} style='display:none'>y</x{i}>" for i in range(n))), 10_000, 500
    ),
    "drawn lines of HTML": Copy(
        lambda n: page("<div style='border-top:solid 1px'>From: x</div>" * n), 5_000, 500
    ),
    "labels of HTML": Copy(lambda n: page("<b>From:</b> bob@client.example<br>" * n), 6_000, 500),
    "resendings": Copy(
        lambda n: mail("hi", fields="".join(
            f"Received: from x by y; Mon, 3 Mar 2025 09:00:00 +0000\r\nResent-From: a{i}@us.example\r\n"
            for i in range(n)
        )),
        5_000, 20, "redirect",
    ),
    "references": Copy(
        lambda n: mail("hi", fields="References: " + "\r\n ".join(f"<{i}@us.example>" for i in range(n)) + "\r\n"),
        32_000, 500,
    ),
    "recipients": Copy(
        lambda n: mail("hi", fields="Cc: " + ",\r\n ".join(f"a{i}@client.example" for i in range(n)) + "\r\n"),
        20_000, 500,
    ),
    "encoded words": Copy(lambda n: mail("hi", subject="=?utf-8?q?a?= " * n), 20_000, 100),
    "statuses of a bounce": Copy(
        lambda n: returned(
            "".join(f"Final-Recipient: rfc822; a{i}@client.example\r\nAction: failed\r\n\r\n" for i in range(n))
        ),
        5_000, 200, automated="dsn",
    ),
    "addresses of a bounce": Copy(lambda n: bounce("<a@b.example>\r\n" * n), 20_000, 1_000, automated="bounce"),
    "lists of a bounce in JSON": Copy(
        lambda n: bounce('"bouncedRecipients":[' * n), 20_000, 1_000, automated="bounce"
    ),
    "at signs of a bounce": Copy(lambda n: bounce("a@" * n), 200_000, 2_000, automated="bounce"),
}  # fmt: skip
