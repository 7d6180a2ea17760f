"""Where our dialogue differs from that of the library's own class, and why; in all else they are the same."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """To what matches `asked`, the library's class answers one of `stock`, and we `ours`."""

    asked: re.Pattern[bytes]
    stock: frozenset[int]
    ours: frozenset[int]
    why: str

    def covers(self, asked: bytes, stock: int, ours: int) -> bool:
        return stock in self.stock and ours in self.ours and self.asked.fullmatch(asked) is not None


def _difference(asked: bytes, stock: set[int], ours: set[int], why: str) -> Difference:
    return Difference(re.compile(asked, re.IGNORECASE | re.DOTALL), frozenset(stock), frozenset(ours), why)


DIFFERENCES = (
    _difference(rb"HELP.*", {250, 501}, {214}, "214 is the code for it (RFC 5321 §4.2.3), whatever the argument"),
    _difference(rb"VRFY .+", {502}, {252}, "nothing is told of any text, not even whether it is an address"),
    _difference(rb"AUTH.*", {500, 503, 538}, {502}, "a listener without AUTH doesn't know it in any state"),
    _difference(rb"(?:EHLO|HELO) .{256,}", {250}, {501}, "no domain has more than 255 bytes (RFC 5321 §4.5.3.1.2)"),
    _difference(rb"[A-Z]{4} .{508,}", {500}, {250, 501, 503}, "a command line may have 2048 bytes, not 512"),
    _difference(rb"[A-Z]{4}\r+", {250, 221}, {500}, "a line ends in one CRLF or LF; a bare CR is part of the command"),
    _difference(rb"RSET[ ]\s+", {250}, {501}, "only blanks separate (RFC 5321 §4.1.1); a tab is an argument"),
    _difference(rb"RCPT TO:<broken@.*", {500}, {451}, "our own fault is temporary"),
    _difference(rb".*\bFault\b.*\r\n\.\r\n", {500}, {451}, "our own fault is temporary"),
    _difference(rb"MAIL.*", {500, 501, 553, 555}, {503}, "in a transaction, MAIL is out of order whatever it says"),
    _difference(
        rb"(?:MAIL|RCPT).*",
        {250, 500, 501, 550, 555},
        {501, 553},
        "paths keep to the grammar of RFC 5321 §4.1.2 and RFC 6531 §3.3, and one that doesn't has a code of its own",
    ),
    _difference(rb"RCPT TO:<@.*", {250}, {550}, "a source route asks to relay"),
    _difference(rb".* BODY.*", {501}, {555}, "a body that isn't offered is a parameter that isn't known"),
    _difference(
        rb"MAIL .* (?:AUTH=|RET=|ENVID=).*|RCPT .* (?:NOTIFY|ORCPT)=.*",
        {555},
        {250},
        "real senders give these parameters, which change nothing here",
    ),
)

ODD = (
    (b"EHLO " + b"x" * 300, b"EHLO client.example"),
    (b"HELO " + b"x" * 256, b"HELO client.example"),
    (b"NOOP " + b"x" * 600, b"RSET"),
    (b"RSET " + b"x" * 600, b"RSET"),
    (b"NOOP\r", b"RSET"),
    (b"RSET\r\r", b"RSET"),
    (b"RSET \t", b"RSET"),
    (b"RCPT TO:<broken@bcc.example>", b"RSET"),
    *(
        (line, b"RSET")
        for line in (
            b"MAIL FROM:a@example.com",
            b"MAIL FROM:<a@example.com",
            b"MAIL FROM:<a(comment)@example.com>",
            b"MAIL FROM:<a b@example.com>",
            b"MAIL FROM:<a@example..com>",
            b"MAIL FROM:<a@>",
            b"MAIL FROM:",
            b"MAIL a@example.com",
            b"MAIL FROM:<\xc3\xbc@example.com>",
            b"MAIL FROM:<\xff@example.com> SMTPUTF8",
            b"MAIL FROM:<" + b"a" * 300 + b"@example.com>",
            b"MAIL FROM:<a@example.com> SIZE=1 SIZE=2",
            b"MAIL FROM:<a@example.com> SIZE=-1",
            b"MAIL FROM:<a@example.com> BODY=BINARYMIME",
            b"MAIL FROM:<a@example.com> BODY",
            b"MAIL FROM:<a@example.com> AUTH=<>",
            b"MAIL FROM:<a@example.com> RET=HDRS ENVID=x",
            b"MAIL FROM:<a@example.com>SIZE=1",
            b"MAIL FROM:<a@example.com> =1",
            b"RCPT TO:key@bcc.example",
            b"RCPT TO:<key@bcc.example",
            b"RCPT TO:<key @bcc.example>",
            b"RCPT TO:<>",
            b"RCPT TO:<@a.example,@b.example:key@bcc.example>",
            b"RCPT TO:<\xc3\xbc@bcc.example>",
            b"RCPT TO:<key@bcc.example> NOTIFY=NEVER",
            b"RCPT TO:<key@bcc.example> ORCPT=rfc822;x@example.com",
        )
    ),
)
"""What is answered otherwise, or may be, with a command after which both are in the same state again."""
