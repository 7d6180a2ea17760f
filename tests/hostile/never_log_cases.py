"""How somebody on the never-log list may be written, where he may stand, and by which way the copy comes."""

from __future__ import annotations

import base64
import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from fakes.deliveries import ANA, BCC, BOB, KEY, KEYED, RELAY, Delivery, cases, keeper
from fakes.gateway import counting_ids
from fakes.world import EntryRow, World, load_world, seed

from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.model import Outcome
from gateway.smtp import paths
from storage import migrate
from storage.content import unpacked
from storage.errors import StoreBroken
from storage.interface import Recorder
from storage.sealing import Sealing
from storage.settle import settle
from storage.sqlite.connection import run

LISTED = "ceo@straße.example"
ALABEL = "xn--strae-oqa.example"
FORWARD, JOURNAL = "passkey@forward.log.example", "archivekey@journal.log.example"
_WHOLE = base64.b64encode(LISTED.encode()).decode()
_QUOTED = "ceo=40stra=C3=9Fe.example"

SPELLINGS: dict[str, str | bytes] = {
    "N01-case": "CEO@Straße.Example",
    "N02-idna2003": "ceo@strasse.example",
    "N03-a-label": f"ceo@{ALABEL}",
    "N04-quoted": '"ceo"@straße.example',
    "N05-quoted-pair": '"c\\eo"@straße.example',
    "N06-comment-behind-name": "ceo(x)@straße.example",
    "N07-comment-before-domain": "ceo@(x)straße.example",
    "N08-source-route": "<@a.example,@b.example:ceo@straße.example>",
    "N09-subaddress": "ceo+crm@straße.example",
    "N10-full-width": "ｃｅｏ@straße.example",
    "N11-ideographic-stop": "ceo@straße。example",
    "N12-soft-hyphen": "ceo@stra\u00adße.example",
    "N12-joiner": "ceo@stra\u200dße.example",
    "N13-blanks": "ceo @ straße . example",
    "N14-trailing-dot": "ceo@straße.example.",
    "N15-encoded-name": f"=?utf-8?q?ceo?=@{ALABEL}",
    "N16-group": "x: ceo@straße.example;",
    "N17-latin-1": b"ceo@stra\xdfe.example",
    "N18-folded": "ceo@\r\n straße.example",
    "N19-open-quote": '"x <ceo@straße.example>',
    "N19-open-comment": "(x ceo@straße.example",
    "N20-semicolon": "x@other.example; ceo@straße.example",
    "N20-side-by-side": "x@other.example ceo@straße.example",
    "N20-double-angles": "<<ceo@straße.example>>",
    "N20-mailto": "mailto:ceo@straße.example",
    "N21-name-only": '"ceo@straße.example" <x@other.example>',
    "N22-base64-word": f"=?utf-8?b?{_WHOLE}?=",
    "N22-quoted-word": f"=?utf-8?q?{_QUOTED}?=",
    "N23-upper-case-punycode": "CEO@XN--STRAE-OQA.EXAMPLE",
    "N23-odd-case-punycode": "ceo@Xn--StRaE-OqA.ExAmPlE",
}
FIELDS = (
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Resent-From",
    "Resent-Sender",
    "Resent-To",
    "Resent-Cc",
    "Resent-Bcc",
    "Return-Path",
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "Apparently-To",
    "X-Forwarded-To",
    "X-Forwarded-For",
    "Disposition-Notification-To",
    "cC",
    "tO",
    "Cc ",
    "dElIvErEd-tO\t",
)
AUTHORS = frozenset({"From", "Sender", "Reply-To"})
JOURNAL_LINES = ("Sender", "On-Behalf-Of", "To", "Cc", "Bcc", "Recipient", "Expanded", "Forwarded")
BLOCK_LABELS = ("From", "To", "Cc", "Bcc", "Reply-To")
WAYS = (
    "bcc",
    "relay-out",
    "relay-in",
    "bcc-inner",
    "relay-inner",
    "attached",
    "forwarder",
    "journal-in",
    "journal-out",
)


@dataclass(frozen=True)
class Attack:
    """One copy that names the listed person."""

    id: str
    spelling: str | bytes
    delivery: Delivery
    author: bool
    """He is an author of incoming mail."""


def written(spelling: str | bytes) -> bytes:
    return spelling if isinstance(spelling, bytes) else spelling.encode()


def attacks(name: str, spelling: str | bytes) -> Iterator[Attack]:
    """Every copy that can name him so."""
    for way in WAYS:
        for place in FIELDS:
            author = way in ("relay-in", "attached", "journal-in") and place in AUTHORS
            yield Attack(f"{name} {way} {place}", spelling, by(way, place, spelling), author)
    for line in JOURNAL_LINES:
        delivery = Delivery(_journal(_mail(BOB, ANA), line, spelling), [JOURNAL], "")
        yield Attack(f"{name} journal-line {line}", spelling, delivery, line in ("Sender", "On-Behalf-Of"))
    for label in BLOCK_LABELS:
        delivery = Delivery(_inline(label, spelling), [FORWARD], ANA)
        yield Attack(f"{name} inline {label}", spelling, delivery, label in ("From", "Reply-To"))
    if path := _path(spelling):
        incoming, outgoing, forward = _mail(BOB, ANA), _mail(ANA, BOB), _forward(_mail(BOB, ANA))
        for raw, address in ((outgoing, BCC), (incoming, RELAY), (forward, FORWARD), (_journal(incoming), JOURNAL)):
            yield Attack(f"{name} mail-from {address}", spelling, Delivery(raw, [address], path), author=False)
        local, _, domain = path.rpartition("@")
        tagged = RELAY.replace("@", f"+{local}={domain}@")
        for to in ([tagged], [RELAY, tagged], [tagged, RELAY]):
            if local.isalpha():
                yield Attack(f"{name} rcpt {to}", spelling, Delivery(incoming, to, BOB), author=False)


def _path(spelling: str | bytes) -> str:
    """The spelling as a reverse-path, or "" if it can't be one (RFC 5321 §4.1.2)."""
    if isinstance(spelling, bytes):
        return ""
    path = spelling if spelling.startswith("<") else f"<{spelling}>"
    said = paths.mail(f"FROM:{path} SMTPUTF8", extended=True)
    return said.path if isinstance(said, paths.Mail) else ""


def by(way: str, place: str, spelling: str | bytes) -> Delivery:
    """A copy that comes this way and has the spelling in this field."""
    outgoing, incoming = _with(_mail(ANA, BOB), place, spelling), _with(_mail(BOB, ANA), place, spelling)
    match way:
        case "bcc":
            return Delivery(outgoing, [BCC], ANA)
        case "relay-out":
            return Delivery(outgoing, [RELAY], ANA)
        case "relay-in":
            return Delivery(incoming, [RELAY], BOB)
        case "bcc-inner":
            return Delivery(_around(ANA, BOB, incoming), [BCC], ANA)
        case "relay-inner":
            return Delivery(_around(ANA, BOB, _around(BOB, ANA, incoming)), [RELAY], ANA)
        case "attached":
            return Delivery(_forward(incoming), [FORWARD], ANA)
        case "forwarder":
            return Delivery(_with(_forward(_mail(BOB, ANA)), place, spelling), [FORWARD], ANA)
        case "journal-in":
            return Delivery(_journal(incoming), [JOURNAL], "")
        case _:
            return Delivery(_journal(outgoing, sender=ANA, to=BOB), [JOURNAL], "")


def _mail(author: str, to: str) -> bytes:
    head = f"From: {author}\r\nTo: {to}\r\nSubject: Offer\r\nDate: Tue, 4 Mar 2025 12:00:00 +0000\r\n"
    return f"{head}Message-ID: <one@mail.example>\r\n\r\nHello.\r\n".encode()


def _with(raw: bytes, place: str, spelling: str | bytes) -> bytes:
    """The message with the field in front, in the place of the one that it has; never without any recipient."""
    name = place.strip().lower()
    block, _, body = raw.partition(b"\r\n\r\n")
    lines = [line for line in block.split(b"\r\n") if not line.lower().startswith(name.encode() + b":")]
    if name == "to":
        lines += [line.replace(b"To:", b"Cc:") for line in block.split(b"\r\n") if line.startswith(b"To:")]
    return b"\r\n".join([place.encode() + b": " + written(spelling), *lines]) + b"\r\n\r\n" + body


def _around(author: str, to: str, *inner: bytes) -> bytes:
    """A message with others attached."""
    parts = b"".join(b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + raw + b"\r\n" for raw in inner)
    head = _mail(author, to).partition(b"\r\n\r\n")[0].replace(b"<one@", b"<outer@")
    text = b"--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n"
    return head + b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + text + parts + b"--b--\r\n"


def _forward(raw: bytes) -> bytes:
    return _around(ANA, FORWARD, raw).replace(b"Subject: Offer", b"Subject: Fwd: Offer", 1)


def _inline(label: str, spelling: str | bytes) -> bytes:
    values = {"From": BOB.encode(), "Date": b"Tue, 4 Mar 2025 09:00:00 +0000", "Subject": b"Offer", "To": ANA.encode()}
    values[label] = written(spelling)
    block = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in values.items())
    head = _mail(ANA, FORWARD).partition(b"\r\n\r\n")[0].replace(b"Subject: Offer", b"Subject: Fwd: Offer")
    kind = b"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return head + kind + b"---------- Forwarded message ---------\r\n" + block + b"\r\nHello.\r\n"


def _journal(raw: bytes, line: str = "", spelling: str | bytes = b"", sender: str = BOB, to: str = ANA) -> bytes:
    lines = [b"Sender: " + sender.encode(), b"Subject: Offer", b"Message-Id: <one@mail.example>", b"To: " + to.encode()]
    if line == "Sender":
        lines[0] = b"Sender: " + written(spelling)
    elif line == "On-Behalf-Of":
        lines.insert(1, b"On-Behalf-Of: " + written(spelling))
    elif line in ("Expanded", "Forwarded"):
        lines.append(b"To: dan@us.example, " + line.encode() + b": " + written(spelling))
    elif line:
        lines.append(line.encode() + b": " + written(spelling))
    kind = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    report = b"--j\r\n" + kind + b"\r\n".join(lines)
    inner = b"\r\n--j\r\nContent-Type: message/rfc822\r\n\r\n" + raw + b"\r\n--j--\r\n"
    head = b"X-MS-Journal-Report:\r\nFrom: mailer@us.example\r\nContent-Type: multipart/mixed; boundary=j\r\n\r\n"
    return head + report + inner


# --- what becomes of it, in a real database ---


def world(effect: str = "participant", *others: EntryRow) -> World:
    everything = load_world().with_settings(rule="log_all")
    return replace(everything, never_log=(EntryRow(LISTED, effect), *others))


class Books:
    """A database of one account in memory, from which each message is taken back again."""

    def __init__(self, there: World, path: Path, crowd: int = 0) -> None:
        """`path`: a migrated database to begin with; `crowd`: that many other entries."""
        self.world = there
        self.statements = 0
        self._entry = f"{there.account}/{LISTED}"
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        template = sqlite3.connect(path)
        template.backup(self._db)
        template.close()
        self._db.execute("PRAGMA foreign_keys = ON")
        run(self._db, seed(there, KEYED))
        if crowd:
            self._crowd(crowd)
        self._db.set_trace_callback(self._count)

    def _count(self, _statement: str) -> None:
        self.statements += 1

    def _crowd(self, others: int) -> None:
        acc, patterns = self.world.account, [f"p{n}@crowd{n % 997}.example" for n in range(others)]
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT INTO never_log_entry (id, account_id, pattern, kind, effect, added_by, added_at)"
            " VALUES (?, ?, ?, 'address', 'message', 'seed', 0)",
            [(f"crowd/{p}", acc, p) for p in patterns],
        )
        self._db.executemany(
            "INSERT INTO never_log_key (account_id, key_hash, entry_id) VALUES (?, ?, ?)",
            [(acc, KEYED("never-log", f"a:{p}"), f"crowd/{p}") for p in patterns],
        )
        self._db.execute("COMMIT")

    @contextmanager
    def settled(self, delivery: Delivery) -> Iterator[list[Decision]]:
        """The decisions, while their rows are there."""
        recorder = Recorder(counting_ids(lambda: delivery.at), KEYED, keeper(delivery, self.world))
        self._db.execute("BEGIN")
        try:
            yield run(self._db, settle(cases(self.world, delivery), decide, recorder))
        finally:
            self._db.execute("ROLLBACK")

    def kept(self) -> Iterator[tuple[str, str]]:
        """(table, text) of every value that is stored, but for the list itself."""
        tables = self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if table in ("never_log_entry", "never_log_key"):
                continue
            for row in self._db.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - the name comes from the schema
                for value in row:
                    if isinstance(value, bytes) and value:
                        raw = _opened(value)
                        yield table, raw.decode("utf-8", "replace")
                        yield table, raw.decode("latin-1")
                    elif isinstance(value, str):
                        yield table, value.replace(self._entry, "")  # an id of the test's own, which tells the pattern

    def close(self) -> None:
        self._db.close()


def _opened(value: bytes) -> bytes:
    """A stored value as it was before it was compressed or sealed."""
    with suppress(StoreBroken):
        return unpacked(value)
    for place in ("held", "waiting"):
        with suppress(StoreBroken):
            return Sealing(KEY).unseal_bytes(value, place)
    return value


def migrated(path: Path) -> Path:
    migrate.migrate(path, 0)
    return path


_NAMED = re.compile("ceo|stra(?:ss|e-oqa)|c\\\\eo")
_BLANKS = re.compile("[\u00ad\u200d]")


def shows(text: str, spelling: str | bytes) -> bool:
    """Whether the text holds the listed person's name or domain in any spelling, or this very spelling."""
    if isinstance(spelling, str) and spelling in text:
        return True
    folded = unicodedata.normalize("NFKC", _BLANKS.sub("", text)).casefold()
    return _NAMED.search(folded) is not None


def hit(decision: Decision) -> bool:
    """The list has kept the message or the person out, or nothing of it is kept for another reason."""
    if decision.outcome is Outcome.REFUSED:
        return decision.reason == "smtp.malformed"
    if decision.outcome is Outcome.SKIPPED:
        return decision.tombstone or decision.reason == "sender.unknown"
    return bool(decision.redact)
