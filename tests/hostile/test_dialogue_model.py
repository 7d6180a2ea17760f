"""The server's dialogue against a plain model of it: the same replies and the same messages, whatever a client sends.

How the bytes come in packets makes no difference, and neither do other clients, who come and go beside it.
"""

from __future__ import annotations

import itertools

from fuzz.dialogue import heard, loop
from fuzz.dialogue_model import Model
from fuzz.spoken import nameless, unheard_of
from fuzz.virtual_smtp import ROOMY, VirtualClient, VirtualServer
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from smtp.smtp_fakes import FakeJourney

COMMANDS = st.sampled_from(
    [
        b"EHLO client.example", b"HELO client.example", b"ehlo a", b"NOOP", b"NOOP x", b"RSET", b"HELP", b"VRFY x",
        b"MAIL FROM:<a@example.com>", b"mail from:<>", b"MAIL FROM:<> SIZE=1999", b"RCPT TO:<key1@bcc.example>",
        b"MAIL FROM:<a@example.com> BODY=8BITMIME SMTPUTF8", b"RCPT TO:<key2@relay.example>", b"DATA",
        b"RCPT TO:<key3@bcc.example>", b"RCPT TO:<key4@bcc.example>", b"RCPT TO:<key1@bcc.example> NOTIFY=NEVER",
        b"RCPT TO:<nobody@bcc.example>", b"RCPT TO:<x@elsewhere.example>", b"RCPT TO:<broken@bcc.example>",
        b"RCPT TO:<postmaster@bcc.example>", b"RCPT TO:<@a.example:key1@bcc.example>",
    ]
)  # fmt: skip
ODD = st.sampled_from(
    [
        b"ehlo", b"EHLO " + b"a" * 256, b"RSET x", b"VRFY", b"EXPN x", b"AUTH PLAIN", b"STARTTLS", b"STARTTLS x", b"",
        b"MAIL FROM:<> SIZE=2001", b"MAIL FROM:a@example.com", b"MAIL FROM:<a@x> FOO=1", b"MAIL", b"RCPT", b"DATA x",
        "MAIL FROM:<é@example.com>".encode(), b"MAIL FROM:<\xff@example.com>", b"RCPT TO:<key1@bcc.example", b"QUIT x",
        b"XCLIENT ADDR=192.0.2.1", b"BDAT 3 LAST", b"\xff\xfe\0", b"MAIL FROM:<\r>",
    ]
) | st.sampled_from([505, 506, 600, 33_000, 70_000]).map(lambda n: b"NOOP %b" % (b"x" * n))  # fmt: skip
LINE_ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\n"])
LINES = st.builds(bytes.__add__, COMMANDS, LINE_ENDS)
BODIES = st.lists(
    st.sampled_from(
        [b".", b"..", b"\r\n", b"\r", b"\n", b"\0", b"a", b"\r\n.", b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r",
         b"\r\n.\r", b"Subject: x\r\n", b"word " * 300, b"\xff", b"MAIL FROM:<evil@example.com>\r\n", b"\r\n.\r\n"]
    ),
    max_size=12,
).map(b"".join)  # fmt: skip
MESSAGES = st.builds(
    lambda lines, to, end, body: b"%bMAIL FROM:<>%bRCPT TO:<%b>%bDATA%b%b\r\n.\r\n" % (lines, end, to, end, end, body),
    st.lists(LINES, max_size=3).map(b"".join),
    st.sampled_from([b"key@bcc.example", b"key@bcc.example", b"postmaster@bcc.example"]),
    LINE_ENDS,
    BODIES,
)
PIECES = st.one_of(LINES, LINES, MESSAGES, MESSAGES, BODIES, st.builds(bytes.__add__, ODD, LINE_ENDS))
STREAMS = st.builds(
    bytes.__add__, st.sampled_from([b"EHLO a\r\n", b"HELO a\n", b""]), st.lists(PIECES, max_size=20).map(b"".join)
)
SIZES = st.lists(st.sampled_from([1, 2, 3, 7, 60, 500, 40_000, 10**6]), min_size=1, max_size=5)


def segments(stream: bytes, sizes: list[int]) -> list[bytes]:
    """A thousand at most, in turn of these sizes."""
    found, at, least = [], 0, len(stream) // 1000
    for size in itertools.cycle(sizes):
        if at >= len(stream):
            break
        found.append(stream[at : at + size + least])
        at += size + least
    return found


@settings(max_examples=200, deadline=None)
@given(STREAMS, SIZES)
def test_any_bytes_in_any_segments_give_the_dialogue_of_the_model(stream: bytes, sizes: list[int]) -> None:
    model = Model(ROOMY)
    model.hear(stream)
    for at_once in (False, True):
        said, messages = heard(segments(stream, sizes), at_once=at_once)
        assert said == model.said
        assert messages == model.messages


WHO = st.integers(0, 3)


class Clients(RuleBasedStateMachine):
    """Some clients at once, who stall, leave and come back; each hears what the model says to it alone."""

    def __init__(self) -> None:
        super().__init__()
        self.server = VirtualServer(loop(), FakeJourney(), limits=ROOMY)
        self.here: dict[int, VirtualClient] = {}
        self.sent: dict[VirtualClient, bytes] = {}

    def client(self, who: int) -> VirtualClient:
        if who not in self.here:
            self.here[who] = self.server.connect(f"192.0.2.{who // 2}")
            self.sent[self.here[who]] = b""
        return self.here[who]

    @rule(who=WHO, segment=PIECES)
    def send(self, who: int, segment: bytes) -> None:
        client = self.client(who)
        if not client.last:
            self.sent[client] += segment
        client.send(segment)

    @rule(who=WHO)
    def stall_or_go_on(self, who: int) -> None:
        self.client(who).stall()

    @rule(who=WHO)
    def half_close(self, who: int) -> None:
        self.client(who).half_close()

    @rule(who=WHO)
    def leave(self, who: int) -> None:
        self.client(who).leave()
        del self.here[who]

    @rule(seconds=st.sampled_from([0.1, 0.5, 2]))
    def wait(self, seconds: float) -> None:
        self.server.loop.pass_time(seconds)

    @invariant()
    def only_the_table_is_heard(self) -> None:
        for client in self.here.values():
            assert unheard_of(client.said, "mx.example") == []

    def teardown(self) -> None:
        for client in self.sent:
            if client.stalled and not client.left:
                client.stall()
        self.server.loop.pass_time(5)
        self.server.end()
        assert self.server.loop.faults == []
        for client, stream in self.sent.items():
            model = Model(ROOMY)
            model.hear(stream)
            said = nameless(client.said)
            assert model.said.startswith(said) if client.left else said == model.said


TestClients = Clients.TestCase
TestClients.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
