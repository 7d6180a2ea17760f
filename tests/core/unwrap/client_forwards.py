"""Forwards as mail programs write them: every program in the languages whose words it is known to write.

`write` makes a whole message of what the table says of a program, as text, as HTML or as both.
"""

from __future__ import annotations

import base64
import quopri
from dataclasses import dataclass
from datetime import datetime
from email.header import Header

import client_html
from client_dates import written
from client_table import CLIENTS, OUTLOOK, Client

Person = tuple[str, str]


@dataclass(frozen=True)
class Mail:
    """The message that is forwarded."""

    author: Person
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    reply_to: tuple[Person, ...]
    subject: str
    date: datetime
    body: str


def write(
    client: str,
    locale: str,
    mail: Mail,
    *,
    note: str = "",
    form: str = "text",
    charset: str = "utf-8",
    transfer: str = "8bit",
    flowed: bool = False,
    prefix: str | None = None,
) -> bytes:
    """The forward of a mail as this program writes it. `form` is text, html or both."""
    own = CLIENTS[client]
    before = own.prefix or OUTLOOK[locale]["prefix"] if prefix is None else prefix
    subject = f"{before}: {mail.subject}" if before else mail.subject
    text = f"{note}\n\n{plain(own, locale, mail)}\n"
    parts = []
    if form != "html":
        kind = f"text/plain; charset={charset}{'; format=flowed' if flowed else ''}"
        parts.append(_part(kind, _flowed(text) if flowed else text, charset, transfer))
    if form != "text":
        parts.append(_part(f"text/html; charset={charset}", html(own, locale, mail, note), charset, transfer))
    if form == "both":
        inner = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
        parts = [b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n' + inner + b"--b--\r\n"]
    return _HEADER.format(subject=Header(subject, "utf-8").encode(linesep="\r\n")).encode() + parts[0]


_HEADER = (
    "From: Ana Ames <ana@us.example>\r\nTo: k7f3@forward.log.example\r\nSubject: {subject}\r\n"
    "Date: Thu, 06 Mar 2025 08:00:00 +0100\r\nMessage-ID: <forward@us.example>\r\nMIME-Version: 1.0\r\n"
)


def _part(kind: str, text: str, charset: str, transfer: str) -> bytes:
    data = text.encode(charset)
    encoded = {"quoted-printable": quopri.encodestring, "base64": base64.encodebytes}.get(transfer, bytes)(data)
    header = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {transfer}\r\n\r\n"
    return header.encode() + encoded.replace(b"\n", b"\r\n")


def plain(client: Client, locale: str, mail: Mail) -> str:
    """The forwarded message with its header, as text."""
    fields = _fields(client, locale, mail)
    marker = _above(client, locale, mail)
    if client.form == "glued":
        return f"{marker}{''.join(label.strip() + ' ' + value for label, value in fields)}\n{mail.body}"
    lines = [f"{label}{value}" for label, value in fields]
    below = client.below.format(marker=client.words[locale].get("marker", ""))
    text = "\n".join([*lines, *([below] if below else []), *[""] * client.gap, mail.body])
    text = "\n".join(part for part in (marker, text, client.end) if part)
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n")) if client.form == "quoted" else text


def html(client: Client, locale: str, mail: Mail, note: str) -> str:
    """The whole page."""
    layout = getattr(client_html, client.html)
    page: str = layout(note, _above(client, locale, mail).strip(), _fields(client, locale, mail), mail.body)
    return page


def _above(client: Client, locale: str, mail: Mail) -> str:
    date = f"{mail.date:%d/%m/%y %H:%M}"
    return client.above.format(marker=client.words[locale].get("marker", ""), date=date)


def _fields(client: Client, locale: str, mail: Mail) -> list[tuple[str, str]]:
    """Label with colon, and value, in the program's order; empty ones are left out."""
    people = {"from": (mail.author,), "to": mail.to, "cc": mail.cc, "reply_to": mail.reply_to}
    values = {role: client.separator.join(_person(client, one) for one in some) for role, some in people.items()}
    values |= {"subject": mail.subject, "date": written(mail.date, locale, client.date)}
    label = client.label.replace(":", "\xa0:", 1) if locale == "fr" and client.label == "{word}: " else client.label
    words = client.words[locale]
    told = [role for role in client.order.split() if words.get(role) and values[role]]
    return [(label.format(word=words[role]), values[role]) for role in told]


def _person(client: Client, person: Person) -> str:
    name, address = person
    shown = f'"{name}"' if "," in name and '"' not in client.people and client.separator == ", " else name
    return (client.people if name else client.nameless).format(name=shown, address=address)


def _flowed(text: str) -> str:
    """RFC 3676: long lines broken behind a blank."""
    lines: list[str] = []
    for line in text.split("\n"):
        rest, mark = line.removeprefix("> "), "> " if line.startswith("> ") else ""
        while len(rest) > 66 and " " in rest[:66]:
            cut = rest.rindex(" ", 0, 66) + 1
            lines.append(mark + rest[:cut])
            rest = rest[cut:]
        lines.append(mark + rest)
    return "\n".join(lines)
