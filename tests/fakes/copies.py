"""One message in the copies by which it may come: from users, from mail servers, in reports and in forwards."""

from __future__ import annotations

from collections.abc import Sequence

from fakes.deliveries import ANA, BCC, BOB, DANS_BCC, KIM, RELAY, Delivery, mail

JOURNAL = "archivekey@journal.log.example"
FORWARD, DANS_FORWARD = "passkey@forward.log.example", "danspasskey@forward.log.example"
DAN, LAWYER, NEW = "dan@us.example", "x@lawyer.example", "new@lead.example"


def ids(*names: str) -> str:
    """As In-Reply-To and References give them."""
    return " ".join(f"<{name}@mail.example>" for name in names)


def asked_for(raw: bytes, by: str = ANA, to: str = BCC) -> Delivery:
    """A user's own mail, by Bcc."""
    return Delivery(raw, [to], by)


def relayed(raw: bytes, author: str = BOB, source: str = "office") -> Delivery:
    """A mail server's copy; that of "office" vouches for senders, that of "hosted" doesn't."""
    return Delivery(raw, [RELAY], author, source)


def journalled(
    raw: bytes, author: str = BOB, recipients: Sequence[str] = (f"To: {ANA}",), source: str = "office"
) -> Delivery:
    """A report about it; `recipients` are its lines."""
    known = next((line for line in raw.decode().splitlines() if line.startswith("Message-ID")), "Message-Id: <>")
    report = "\r\n".join((f"Sender: {author}", "Subject: Offer", known, *recipients))
    whole = (
        f"From: postmaster@us.example\r\nTo: {JOURNAL}\r\nX-MS-Journal-Report:\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain\r\n\r\n{report}\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    )
    return Delivery(whole.encode() + raw + b"\r\n--b--", [JOURNAL], "", source)


def attached(raw: bytes, by: str = ANA, to: str = FORWARD, name: str = "fwd") -> Delivery:
    """Forwarded by a user as an attachment."""
    text = f"See below.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{raw.decode()}\r\n--b--"
    outer = mail(by, to, "Fwd: Offer", message_id=name, text=text, Content_Type="multipart/mixed; boundary=b")
    return Delivery(outer, [to], by)


def quoted(
    text: str = "Hello.",
    author: str = BOB,
    people: str = f"To: {ANA}",
    *,
    answers: str = "one",
    subject: str = "Offer",
    by: str = ANA,
    to: str = FORWARD,
    name: str = "told",
) -> Delivery:
    """Forwarded by a user within the text, as an answer to the original (unless `answers` is "")."""
    header = f"From: {author}\r\nDate: Tue, 4 Mar 2025 at 12:00\r\nSubject: {subject}\r\n{people}"
    body = f"---------- Forwarded message ---------\r\n{header}\r\n\r\n{text}"
    fields = {"In_Reply_To": ids(answers)} if answers else {}
    return Delivery(mail(by, to, f"Fwd: {subject}", message_id=name, text=body, **fields), [to], by)


TAGGED = {b"Subject: ": b"Subject: [EXT] ", b"Hello.": b"Hello.\r\n--\r\nA footer."}


def tagged(raw: bytes) -> bytes:
    for before, after in TAGGED.items():
        raw = raw.replace(before, after)
    return raw


SENT = mail(ANA, BOB, Cc=NEW)
OUTGOING = {
    "asked for": asked_for(SENT),
    "asked for of Dan's address": asked_for(SENT, to=DANS_BCC),
    "asked for with another recipient": asked_for(mail(ANA, BOB, Cc=f"{NEW}, {KIM}")),
    "relay": relayed(SENT, ANA),
    "relay with a tag": relayed(tagged(SENT), ANA),
    "report of a hidden contact": journalled(SENT, ANA, (f"To: {BOB}", f"Bcc: {KIM}")),
    "report of a hidden user": journalled(SENT, ANA, (f"To: {BOB}", f"Cc: {NEW}", f"Bcc: {DAN}")),
    "forward": attached(SENT),
    "forward within the text": quoted(author=ANA, people=f"To: {BOB}\r\nCc: {NEW}"),
}
HEARD = mail(BOB, f"{ANA}, {DAN}", Cc=KIM)
INCOMING = {
    "relay": relayed(HEARD),
    "relay with a tag": relayed(tagged(HEARD)),
    "relay of the copy for somebody else": relayed(mail(BOB, "zoe@us.example")),
    "relay without proof": relayed(b"X-Route: b\r\n" + HEARD, source="hosted"),
    "report": journalled(HEARD, BOB, (f"To: {ANA}",)),
    "report of hidden ones": journalled(HEARD, BOB, (f"To: {DAN}", f"Bcc: {KIM}")),
    "report by a list": journalled(HEARD, BOB, (f"To: {DAN}, Expanded: dl@us.example",), "hosted"),
    "forward": attached(HEARD),
    "forward within the text": quoted(people=f"To: {ANA}, {DAN}\r\nCc: {KIM}"),
}
