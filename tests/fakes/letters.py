"""Few letters that touch each other in every way, and the copies by which each may come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fakes.copies import DAN, FORWARD, LAWYER, NEW, asked_for, attached, ids, journalled, quoted, relayed, tagged
from fakes.deliveries import ANA, BCC, BOB, DANS_BCC, EVE, KIM, RELAY, Delivery, mail

from gateway.core.model import Evidence, Proof

OTHER = "ana@home-office.example"
"""Ana's, too, but nobody has said so yet: what comes from it by Bcc is held."""
SIGNED = (Proof("dkim", "us.example"), Proof("dkim", "home-office.example"))
STRANGER, DAEMON = "m@evil.example", "mailer-daemon@us.example"


@dataclass(frozen=True)
class Letter:
    """A message as its author wrote it. Name, author and `second` tell it from every other one."""

    title: str
    name: str
    author: str
    to: str
    cc: str = ""
    answers: tuple[str, ...] = ()
    refers: bool = True
    """References as well as In-Reply-To."""
    was: str = ""
    """The name that it had before a server gave it another."""
    second: int = 0
    bounces: str = ""
    """Whom the answered message did not reach."""

    def __repr__(self) -> str:
        return f"<{self.title}>"

    @property
    def outsider(self) -> str:
        """Somebody who is no colleague."""
        return next(a for a in (self.bounces, self.author, self.to) if a and not a.endswith("@us.example"))

    @property
    def raw(self) -> bytes:
        """No two letters have one date, so that "the latest" and "the oldest" are never two."""
        minute = 3 * int((self.was or self.name)[1:] or "17") + (self.author in (DAN, STRANGER))
        fields = {"Cc": self.cc} if self.cc else {}
        if self.answers:
            fields["In_Reply_To"] = ids(*self.answers)
        if self.answers and self.refers:
            fields["References"] = ids(*self.answers)
        if self.was:
            fields["X_Google_Original_Message_ID"] = ids(self.was)
        text = "Hello."
        if self.bounces:
            fields["Content_Type"] = "multipart/report; report-type=delivery-status; boundary=b"
            text = _report(self.answers[0], self.bounces)
        return mail(
            self.author,
            self.to,
            "Lunch?" if self.second else "Re: Offer" if self.answers else "Offer",
            message_id=self.name,
            date=f"Tue, 4 Mar 2025 10:{minute:02}:0{self.second} +0000",
            text=text,
            **fields,
        )


def _report(name: str, recipient: str) -> str:
    status = f"Reporting-MTA: dns; mx.us.example\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: failed"
    about = f"Content-Type: message/delivery-status\r\n\r\n{status}\r\nStatus: 5.1.1"
    original = f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: {ids(name)}"
    return f"--b\r\n{about}\r\n--b\r\n{original}\r\n\r\n--b--"


OFFER = Letter("Ana's offer to Bob", "m0", ANA, BOB)
ANSWER = Letter("Bob's answer to it", "m1", BOB, ANA, answers=("m0",))
NAMES_NEW = Letter("Ana's answer to that, which names somebody new", "m2", ANA, BOB, cc=NEW, answers=("m1",))
TO_ALL = Letter("the new one's answer to all", "m3", NEW, ANA, cc=BOB, answers=("m2",))
DANS = Letter("Dan's own letter to Bob", "m4", DAN, BOB)
TO_BOTH = Letter("Bob's answer to Ana's offer and to Dan's letter", "m5", BOB, ANA, cc=DAN, answers=("m0", "m4"))
QUESTION = Letter("Kim's question to Ana and Dan", "m6", KIM, ANA, cc=DAN)
TO_KIM = Letter("Ana's letter to Kim", "m7", ANA, KIM)
DANS_TO_KIM = Letter("Dan's letter to Kim", "m8", DAN, KIM, cc=NEW)
KIMS = Letter("Kim's answer to Dan's letter, by In-Reply-To", "m9", KIM, DAN, cc=ANA, answers=("m8",), refers=False)
RENAMED = Letter("Ana's offer under another id", "m10", ANA, BOB, was="m0")
TO_RENAMED = Letter("Bob's answer to that id", "m11", BOB, ANA, answers=("m10",))
REUSED = Letter("another letter under the id of Ana's offer", "m0", ANA, BOB, cc=KIM, second=1)
CLAIMED = Letter("a stranger's letter under the id of Bob's answer", "m1", STRANGER, ANA, answers=("m0",))
WITH_EVE = Letter("Ana's letter to Bob and to one on the list", "m12", ANA, BOB, cc=EVE, answers=("m5",))
NAMELESS = Letter("Bob's letter without an id", "", BOB, ANA, answers=("m0",))
BOUNCE = Letter("a bounce of Ana's offer", "m13", DAEMON, ANA, answers=("m0",), bounces=BOB)
KIMS_BOUNCE = Letter("a bounce of Dan's letter to Kim", "m14", DAEMON, DAN, answers=("m8",), bounces=KIM)
FROM_HOME = Letter("Ana's letter to Bob from her other address", "m15", OTHER, BOB, answers=("m1",))

PLOTS = (
    (OFFER, ANSWER, NAMES_NEW, TO_ALL),
    (OFFER, DANS, TO_BOTH, WITH_EVE),
    (QUESTION, TO_KIM, DANS_TO_KIM, KIMS),
    (OFFER, RENAMED, ANSWER, TO_RENAMED),
    (OFFER, REUSED, ANSWER, CLAIMED),
    (OFFER, BOUNCE, DANS_TO_KIM, KIMS_BOUNCE),
    (DANS_TO_KIM, TO_ALL, NAMES_NEW, QUESTION),
    (OFFER, NAMELESS, FROM_HOME, ANSWER),
    (OFFER, BOUNCE),
    (OFFER, DANS, TO_BOTH),
    (TO_KIM, DANS_TO_KIM, QUESTION),
)
"""Letters that have to do with each other."""
LETTERS = tuple(dict.fromkeys(letter for plot in PLOTS for letter in plot))


def _showing_the_lawyer(letter: Letter) -> Delivery:
    """He is on the list with the whole message: it keeps out all other copies."""
    return journalled(letter.raw, letter.author, (f"To: {letter.to}", f"Bcc: {LAWYER}"))


def _relayed(letter: Letter, source: str = "office") -> Delivery:
    return relayed(letter.raw, "" if letter.bounces else letter.author, source)


def _bcc(letter: Letter) -> Delivery:
    return asked_for(letter.raw, letter.author)


LAWYERS_REPORT = "in a report that shows the lawyer"
WITHIN_THE_TEXT = "forwarded by Ana within the text"
COPIES: Mapping[str, Callable[[Letter], Delivery]] = {
    "by Bcc": _bcc,
    "by relay": _relayed,
    "in a report": lambda x: journalled(x.raw, x.author, (f"To: {x.to}", *([f"Cc: {x.cc}"] if x.cc else []))),
    LAWYERS_REPORT: _showing_the_lawyer,
    "in a report that shows Kim": lambda x: journalled(x.raw, x.author, (f"To: {x.to}", f"Bcc: {KIM}")),
    "in a report that shows Dan": lambda x: journalled(x.raw, x.author, (f"To: {x.to}", f"Bcc: {DAN}")),
    "by relay on another route": lambda x: replace(_relayed(x), raw=b"X-Route: b\r\n" + x.raw),
    "by relay with a tag and a footer": lambda x: replace(_relayed(x), raw=tagged(x.raw)),
    "by relay from a server that can't be believed": lambda x: _relayed(x, "hosted"),
    "by Bcc on another route": lambda x: replace(_bcc(x), raw=b"X-Route: c\r\n" + x.raw),
    "by Bcc to Dan's address": lambda x: replace(_bcc(x), to=[DANS_BCC]),
    "by Bcc and relay at once": lambda x: replace(_bcc(x), to=[BCC, RELAY]),
    "by Bcc, proven by a signature": lambda x: replace(_bcc(x), source="hosted", proofs=SIGNED),
    "by Bcc, proven by its server's address only": lambda x: replace(
        _bcc(x), source="hosted", proofs=(Proof("spf", "us.example"),)
    ),
    "by Bcc, proven by nothing": lambda x: replace(_bcc(x), source="hosted"),
    "by Bcc and forward, proven by nothing": lambda x: replace(_bcc(x), to=[BCC, FORWARD], source="hosted"),
    "by Bcc, proven by what DNS doesn't tell": lambda x: replace(
        _bcc(x), source="hosted", seen=Evidence(pending=SIGNED)
    ),
    "forwarded by Ana as an attachment": lambda x: attached(x.raw, name=f"fwd{x.name}{x.second}"),
    WITHIN_THE_TEXT: lambda x: quoted(
        author=x.author, people=f"To: {x.to}", answers=x.name, name=f"told{x.name}{x.second}"
    ),
}




def copies_of(letter: Letter) -> Sequence[str]:
    """The usual ones more often. What Ana sends from home comes by Bcc only, so that nobody takes her for a contact."""
    asked = "by Bcc" if letter.author in (ANA, DAN, OTHER) else "forwarded by Ana as an attachment"
    usual = ("by relay", "by relay", asked, asked, "in a report", LAWYERS_REPORT)
    return [name for name in (*3 * usual, *COPIES) if letter is not FROM_HOME or "by Bcc" in name]
