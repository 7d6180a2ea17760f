"""Every reply of the SMTP dialogue: code, enhanced status code (RFC 3463) and text, by situation.

Nothing else in the product holds a reply code. Texts are constant; only the greeting and the answer to a message
carry a word of ours, and nothing of the peer's is ever echoed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

LONGEST_LINE = 512
"""With its CRLF (RFC 5321 §4.5.3.1.5)."""

_CONTROLS = dict.fromkeys((*range(32), 127), "?")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply; `extensions` are the further lines of the answer to EHLO."""

    code: int
    status: str
    text: str
    extensions: tuple[str, ...] = ()
    wire: bytes = field(init=False, repr=False, compare=False)
    """As sent: ASCII, no line longer than the RFC's 512 bytes."""

    def __post_init__(self) -> None:
        *before, last = (f"{self.status} {self.text}".lstrip(), *self.extensions)
        wire = b"".join([_line(f"{self.code}-{line}") for line in before]) + _line(f"{self.code} {last}")
        object.__setattr__(self, "wire", wire)


def _line(text: str) -> bytes:
    return text.translate(_CONTROLS).encode("ascii", "replace")[: LONGEST_LINE - 2] + b"\r\n"


READY_FOR_TLS = Reply(220, "2.0.0", "Ready to start TLS")
BYE = Reply(221, "2.0.0", "Bye")
HELP = Reply(214, "2.0.0", "See RFC 5321")
OK = Reply(250, "2.0.0", "OK")
SENDER_OK = Reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = Reply(250, "2.1.5", "Recipient OK")
AUTHENTICATED = Reply(235, "2.7.0", "Authentication successful")
CANNOT_VERIFY = Reply(252, "2.5.1", "Cannot VRFY, send some mail")
AUTH_PLAIN = Reply(334, "", "")
AUTH_NAME = Reply(334, "", "VXNlcm5hbWU6")
"""“Username:” in base64, as every server of LOGIN asks."""
AUTH_PASSWORD = Reply(334, "", "UGFzc3dvcmQ6")
SEND_DATA = Reply(354, "", "End data with <CR><LF>.<CR><LF>")

SHUTTING_DOWN = Reply(421, "4.3.2", "Service shutting down, try again later")
TIMEOUT = Reply(421, "4.4.2", "Timeout")
TOO_MUCH = Reply(421, "4.7.0", "Too many connections or errors, try again later")
RATE = Reply(450, "4.7.1", "Too many messages, try again later")
TEMPORARY = Reply(451, "4.3.0", "Temporary failure, try again later")
TEMPORARY_DNS = Reply(451, "4.4.3", "Temporary DNS failure, try again later")
NO_STORAGE = Reply(452, "4.3.1", "Insufficient system storage")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients")
NO_TLS = Reply(454, "4.7.0", "TLS not available")

SYNTAX = Reply(500, "5.5.2", "Syntax error")
ARGUMENT = Reply(501, "5.5.4", "Syntax error in parameters")
NOT_IMPLEMENTED = Reply(502, "5.5.1", "Command not implemented")
SEQUENCE = Reply(503, "5.5.1", "Bad sequence of commands")
NO_MECHANISM = Reply(504, "5.5.4", "Authentication mechanism not supported")
TLS_REQUIRED = Reply(530, "5.7.0", "Must issue a STARTTLS command first")
AUTH_FAILED = Reply(535, "5.7.8", "Authentication failed")
ENCRYPTION_REQUIRED = Reply(538, "5.7.11", "Encryption required")
UNKNOWN_RECIPIENT = Reply(550, "5.1.1", "No such recipient")
RELAYING_DENIED = Reply(550, "5.7.1", "Relaying denied")
MALFORMED = Reply(550, "5.6.0", "Message is malformed")
UNVERIFIED = Reply(550, "5.7.26", "This copy was not logged: its sender could not be verified by DKIM, SPF or DMARC")
TOO_LARGE = Reply(552, "5.3.4", "Message too big")
MALFORMED_ADDRESS = Reply(553, "5.1.3", "Malformed address")
ROUTING_LOOP = Reply(554, "5.4.6", "Routing loop detected")
PARAMETER = Reply(555, "5.5.4", "Parameter not recognised")

LAST_WORDS = {BYE: "quit", SHUTTING_DOWN: "shutdown", TIMEOUT: "timeout", TOO_MUCH: "limit"}
"""The replies after which the connection is closed, each with the operators' word for it."""

CLOSING = frozenset(reply.code for reply in LAST_WORDS)

PROTOCOL_ERRORS = frozenset({500, 501, 502, 503, 504, 538, 553, 555})
"""Codes that say the client speaks badly; those about recipients and messages are no fault of its program."""

_BY_REASON = {
    "smtp.unknown_recipient": UNKNOWN_RECIPIENT,
    "smtp.peer_denied": RELAYING_DENIED,
    "smtp.too_large": TOO_LARGE,
    "smtp.malformed": MALFORMED,
    "smtp.routing_loop": ROUTING_LOOP,
    "smtp.store_unavailable": TEMPORARY,
    "smtp.dns_unavailable": TEMPORARY_DNS,
    "smtp.busy": RATE,
    "sender.unverified": UNVERIFIED,
}

_BUILT_IN = {"250": OK, "501": ARGUMENT, "502": NOT_IMPLEMENTED}


@lru_cache
def greeting(hostname: str) -> Reply:
    """The banner."""
    return Reply(220, "", f"{hostname} ESMTP")


@lru_cache
def hello(hostname: str, *extensions: str) -> Reply:
    """The answer to HELO, and with extensions to EHLO."""
    return Reply(250, "", hostname, extensions)


def accepted(trace_id: str) -> Reply:
    """The answer to a message that was committed; the only one that names a trace id."""
    return Reply(250, "2.0.0", f"Accepted {trace_id}")


def refusal(reason: str) -> Reply:
    """The answer to a recipient or message refused or deferred for `reason`; one that isn't known here is our fault."""
    return _BY_REASON.get(reason, TEMPORARY)


def built_in(text: str) -> Reply:
    """Our reply for one of the library's own, by its code; one that it never sent before is our fault."""
    return _BUILT_IN.get(text[:3], TEMPORARY)
