"""`inspect`: read messages and print what is in them. No configuration, no store, no network."""

from __future__ import annotations

import sys
import unicodedata
from itertools import chain
from typing import Any

import click
import orjson

from gateway.cli import mail_files
from gateway.core import message as reader
from gateway.core import reply_text
from gateway.core.limits import ReadingLimits
from gateway.core.model import Channel, Mailbox, Message
from gateway.core.unwrap import journal
from gateway.core.unwrap.find import find, forwarded
from gateway.core.unwrap.original import JournalReport, Original, Unwrapped
from gateway.operator_log import escape

_LIMITS = ReadingLimits()

Line = dict[str, Any]
"""What one message is to be printed as; the shape of `inspect --json`."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each message.")
@click.option(
    "--channel",
    type=click.Choice([channel.value for channel in Channel]),
    help="Unwrap only as this channel does. Without it every unwrapping is tried, as from a trusted peer.",
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
def inspect(paths: tuple[str, ...], channel: str | None, *, as_json: bool) -> None:
    """Read messages and print what is in them.

    A PATH is a message file, a folder (every file below it, sorted), an mbox, or - for standard input.
    """
    failed = False
    for path in paths:
        names, faults = mail_files.files(path, maildirs=False)
        for piece in chain(faults, mail_files.read(names)):
            if isinstance(piece, mail_files.Unreadable):
                click.echo(f"bcc-gateway inspect: {_visible(piece.file)}: {piece.reason}", err=True)
                failed = True
                continue
            line = describe(piece.file, piece.index, piece.raw, Channel(channel) if channel else None)
            output = escape(orjson.dumps(line).decode()) if as_json else _readable(line)
            sys.stdout.buffer.write(f"{output}\n".encode())
            sys.stdout.buffer.flush()
    if failed:
        sys.exit(1)


def describe(name: str, index: int, raw: bytes, channel: Channel | None) -> Line:
    """The line of one message."""
    reading = reader.read_parts(raw)
    message = reading.message
    found = _unwrapped(reading, channel)
    report = found.journal if found and found.kind == "journal" else None
    reported = found.chain[0].message if found and report and found.chain else None
    judged = reported or message  # the report itself is always a machine's
    return {
        "file": name.encode("utf-8", "replace").decode(),
        "index": index,
        "headers": _headers(message),
        "automated": judged.automated,
        "failed_recipients": judged.failed_recipients,
        "unwrap": found.kind if found else "none",
        "note": found.note if found else None,
        "chain": [_original(one) for one in found.chain] if found else [],
        "original": _original(found.chain[0]) if found and found.chain else None,
        "journal": _journal(report) if report else None,
        "text": message.text,
        "reply_text": reply_text.trim(message.text),
        "attachments": message.attachments,
        "findings": (*message.findings, *(found.findings if found else ())),
    }


def _unwrapped(reading: reader.Reading, channel: Channel | None) -> Unwrapped | None:
    """What the message wraps: a journal report, a forward, a redirected message. Of one channel also why nothing."""
    if channel in (None, Channel.JOURNAL):
        report = journal.find(reading, _LIMITS, captures=channel is Channel.JOURNAL)
        if report or channel:
            return report
    if channel:
        return find(reading, channel, _LIMITS, frozenset())
    found = forwarded(reading, _LIMITS)
    return found if found and found.chain else None


def _original(original: Original) -> Line:
    return {
        "from": _people((original.from_,))[0] if original.from_ else None,
        "to": _people(original.to),
        "cc": _people(original.cc),
        "subject": original.subject,
        "date": original.date.isoformat() if original.date else None,
        "date_text": original.date_text,
        "message_id": original.message_id,
        "text": original.text,
        "confidence": original.confidence,
    }


def _journal(report: JournalReport) -> Line:
    return {"sender": report.sender, "recipients": report.recipients}


def _headers(message: Message) -> Line:
    return {
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to,
        "references": message.references,
        "subject": message.subject,
        "date": message.date.isoformat() if message.date else None,
        "from": _people(message.from_),
        "sender": _people(message.sender),
        "reply_to": _people(message.reply_to),
        "to": _people(message.to),
        "cc": _people(message.cc),
        "bcc": _people(message.bcc),
    }


def _people(mailboxes: tuple[Mailbox, ...]) -> list[dict[str, str]]:
    return [{"name": mailbox.name, "address": mailbox.address} for mailbox in mailboxes]


def _readable(line: Line) -> str:
    """The same for a person at a terminal; what a message says can't steer it."""
    headers = line["headers"]
    shown = {
        "from": _listed(headers["from"]),
        "to": _listed(headers["to"]),
        "cc": _listed(headers["cc"]),
        "date": headers["date"],
        "subject": headers["subject"],
        "id": headers["message_id"],
        "automated": line["automated"],
        "failed": ", ".join(line["failed_recipients"]),
        "unwrap": line["unwrap"] if line["unwrap"] != "none" else None,
        "attached": ", ".join(f"{a.name or '(no name)'} {a.content_type} {a.size} bytes" for a in line["attachments"]),
        "findings": ", ".join(line["findings"]),
    }
    title = f"{line['file']}[{line['index']}]" if line["index"] else line["file"]
    rows = [f"  {label:<10}{_visible(value)}" for label, value in shown.items() if value]
    rows += [f"  | {_visible(text)}" for text in line["reply_text"].split("\n")[:5] if text.strip()]
    return "\n".join([_visible(title), *rows])


def _listed(people: list[dict[str, str]]) -> str:
    return ", ".join(f"{p['name']} <{p['address']}>".strip() if p["address"] else p["name"] for p in people)


def _visible(text: str) -> str:
    """With every character escaped that a terminal would obey or that would turn letters round."""
    return "".join(c if unicodedata.category(c) not in _STEERING else repr(c)[1:-1] for c in text)


_STEERING = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
