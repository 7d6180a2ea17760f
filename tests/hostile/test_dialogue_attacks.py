"""What a client may try in the dialogue, with the whole product behind it: how many messages came of it, and which."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
from fakes.copies import relayed
from fakes.deliveries import ANA, BCC, BOB, RELAY, Delivery, mail
from hostile.attacked import STRANGER, Attacked
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.model import Envelope
from storage.content import unpacked
from storage.plan import ask

OFFICE = "127.0.0.1"
SECOND = f"MAIL FROM:<{ANA}>\r\nRCPT TO:<{BCC}>\r\nDATA\r\n".encode() + mail(ANA, BOB, "Smuggled", message_id="two")
LOOK_ALIKES = {
    "LF.LF": b"\n.\n", "LF.CRLF": b"\n.\r\n", "CRLF.LF": b"\r\n.\n", "CR.CR": b"\r.\r", "CR.CRLF": b"\r.\r\n",
    "CRLF.CR": b"\r\n.\r", "CRLF.NUL": b"\r\n.\0", "CRLF.NUL.CRLF": b"\r\n.\0\r\n", "LF.CR": b"\n.\r",
    "CRLF..CRLF": b"\r\n..\r\n", "CRLF. CRLF": b"\r\n. \r\n", "CRCRLF.CRLF": b"\r\r\n.\r\r\n",
}  # fmt: skip
MALFORMED = "550 5.6.0 Message is malformed"
REGULAR = {"CRLF..CRLF", "CRLF. CRLF"}


@pytest.mark.parametrize("mark", LOOK_ALIKES.values(), ids=[f"P01 {name}" for name in LOOK_ALIKES])
@pytest.mark.parametrize("to", [BCC, RELAY], ids=["bcc", "relay"])
async def test_what_looks_like_the_end_of_a_message_never_makes_two(mark: bytes, to: str, gateway: Attacked) -> None:
    """To an explicit address such bytes are refused; a mail server's copy is one message, repaired."""
    first = mail(ANA, BOB, "First")[:-2] + mark + SECOND
    replies = await gateway.transaction(first, to, ANA, ip=OFFICE)
    assert len(replies) == 5
    regular = mark in (LOOK_ALIKES[name] for name in REGULAR)
    taken = regular or to == RELAY
    assert replies[3].startswith("250 2.0.0 Accepted ") if taken else replies[3] == MALFORMED
    assert replies[4] == "221 2.0.0 Bye"
    assert len(await gateway.decisions()) == taken
    assert [a.subject for a in await gateway.activities()] in ([], ["First"])


@pytest.mark.parametrize("body", [b"", b".\r\n", b"..\r\n", b".hidden\r\n", b"a\r\n.\r\nb\r\n", b"...\r\n\r\n.\r\n"])
async def test_dots_come_back_byte_for_byte(body: bytes, gateway: Attacked) -> None:
    """P02, up to what is stored."""
    raw = mail(ANA, BOB, text="")[:-2] + body
    assert await gateway.send(Delivery(raw, [BCC], ANA)) == [250]
    [(stored,)] = await gateway.running.store.read(ask("SELECT content FROM raw_message"))
    assert isinstance(stored, bytes)
    assert unpacked(stored) == raw


async def test_an_end_marker_may_come_in_any_pieces(gateway: Attacked) -> None:
    """P02."""
    head = f"HELO c\r\nMAIL FROM:<{ANA}>\r\nRCPT TO:<{BCC}>\r\nDATA\r\n".encode()
    for number in range(5):
        raw = mail(ANA, BOB, f"{number}", message_id=f"m{number}")
        end = raw[-2:] + b".\r\n"
        said = await gateway.talk(head + raw[:-2] + end[:number], end[number:], b"QUIT\r\n", ip=OFFICE)
        assert said.count(b" Accepted ") == 1
    assert len(await gateway.activities()) == 5


HEAD = b"EHLO client.example\r\n"
START = HEAD + b"MAIL FROM:<a@example.com>\r\n"
ENCODED_WORD = b"=?utf-8?q?" + BCC.encode().replace(b"@", b"=40") + b"?="
PATHS = [
    b"a@b.example", b"<a@b.example", b"<a(c)@b.example>", b"<" + ENCODED_WORD + b">", b"<=?utf-8?q?a?=@b.example>",
    b"<a\0@b.example>", b"<a b@b.example>", b"<a@b. example>", b"<\xff@b.example>", "<ä@b.example>".encode(),
    b"<" + b"a" * 300 + b"@b.example>", b"<a@b..example>", b"<a@@b.example>", b"<@b.example>", b"<a@>",
    b"<<a@b.example>>", b"<a@b.example>>", b"<a\r@b.example>", b"<a\t@b.example>", b"<a@b.example\x7f>",
    b"<\"a\0\"@b.example>",
]  # fmt: skip


@pytest.mark.parametrize("command", [b"MAIL FROM:", b"RCPT TO:"])
async def test_a_malformed_path_is_refused_and_the_session_lives(command: bytes, gateway: Attacked) -> None:
    """P08: 501, 553 or 555, and what follows is heard."""
    for path in PATHS:
        for utf8 in (b"", b" SMTPUTF8"):
            if path.isascii() and utf8:
                continue
            start = HEAD if command == b"MAIL FROM:" else HEAD + b"MAIL FROM:<a@b.example>" + utf8 + b"\r\n"
            parameter = utf8 if command == b"MAIL FROM:" else b""
            said = await gateway.talk(start + command + path + parameter + b"\r\nNOOP\r\nQUIT\r\n")
            *_, answer, noop, bye = said.decode().splitlines()
            lawful = "ä".encode() in path and utf8
            assert answer[:3] in (("250", "550") if lawful else ("501", "553", "555")), path
            assert (noop, bye) == ("250 2.0.0 OK", "221 2.0.0 Bye")
    assert await gateway.count("decision") == 0


PARAMETERS = {
    b"AUTH=<>": "250", b"RET=HDRS ENVID=x": "250", b"BODY=8BITMIME SMTPUTF8": "250", b"SIZE=100": "250",
    b"FOO=1": "555", b"SIZE=1 SIZE=1": "501", "SIZE=\u00b2".encode(): "501", b"SIZE=-1": "501", b"SIZE=": "501",
    b"SIZE": "501", b"SIZE=1e9": "501", b"SIZE=99999999999999999999": "552", b"SIZE=" + b"9" * 21: "501", b"=": "501",
    b"BODY=BINARYMIME": "555", b"REQUIRETLS": "555", b"MT-PRIORITY=9": "555", b"SMTPUTF8=1": "501",
}  # fmt: skip


@pytest.mark.parametrize(("given", "code"), PARAMETERS.items(), ids=[f"P09 {p.decode()}" for p in PARAMETERS])
async def test_parameters_of_mail_are_taken_ignored_or_refused(given: bytes, code: str, gateway: Attacked) -> None:
    """P14: those of extensions that aren't offered are refused."""
    said = await gateway.talk(HEAD + b"MAIL FROM:<a@b.example> " + given + b"\r\nNOOP\r\n")
    answer, noop = said.decode().splitlines()[-2:]
    assert (answer[:3], noop) == (code, "250 2.0.0 OK")


async def test_parameters_of_rcpt_change_nothing(gateway: Attacked) -> None:
    """P09."""
    rcpt = f"RCPT TO:<{BCC}> NOTIFY=NEVER ORCPT=rfc822;x@y.example\r\n".encode()
    said = await gateway.talk(START + rcpt + f"RCPT TO:<{BCC}> FOO=1\r\n".encode())
    assert [line[:3] for line in said.decode().splitlines()[-2:]] == ["250", "555"]


async def test_a_pipelined_transaction_with_bare_line_feeds_and_a_half_close_is_answered(gateway: Attacked) -> None:
    """P10: the commands may end in a bare LF, the message may not."""
    raw = mail(ANA, BOB)
    said = await gateway.talk(
        f"EHLO c\nMAIL FROM:<{ANA}>\nRCPT TO:<{BCC}>\nDATA\n".encode() + raw + b".\r\nQUIT\n", ip=OFFICE
    )
    assert said.decode().splitlines()[-2][:19] == "250 2.0.0 Accepted "
    assert await gateway.decisions() == ["bcc logged explicit.bcc"]


ELSEWHERE = [
    "x@elsewhere.example", "x%elsewhere.example@bcc.log.example", "@bcc.log.example:x@elsewhere.example",
    '"x@elsewhere.example"@bcc.log.example', "x@[127.0.0.1]", "x@[IPv6:::1]", f"{BCC}@elsewhere.example",
    "elsewhere.example!x@bcc.log.example", "anakey@bcc.log.example.elsewhere.example", "anakey@log.example",
    "anakey@xbcc.log.example", "anakey@bcc.elsewhere.example", "x@localhost",
]  # fmt: skip


@pytest.mark.parametrize("address", ELSEWHERE, ids=[f"P11 {a}" for a in ELSEWHERE])
@pytest.mark.parametrize("ip", [STRANGER, OFFICE], ids=["stranger", "source"])
async def test_nobody_relays_through_the_gateway(address: str, ip: str, gateway: Attacked) -> None:
    said = await gateway.talk(START + f"RCPT TO:<{address}>\r\nDATA\r\n".encode(), ip=ip)
    rcpt, data = said.decode().splitlines()[-2:]
    assert rcpt in ("550 5.7.1 Relaying denied", "550 5.1.1 No such recipient", "553 5.1.3 Malformed address")
    assert data[:3] == "503"


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY TCP4 127.0.0.1 127.0.0.1 1 25\r\n", b"PROXY TCP4 999.1.1.1 1.1.1.1 1 25\r\n", b"PROXY UNKNOWN\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\0\x01\0\x19", b"XCLIENT ADDR=127.0.0.1\r\n",
        b"XFORWARD ADDR=127.0.0.1\r\n", b"XOORG x\r\n", b"BDAT 10 LAST\r\n", b"TURN\r\n", b"ETRN x\r\n", b"SEND x\r\n",
    ],
)  # fmt: skip
async def test_a_client_cant_say_that_it_is_another_or_use_what_isnt_offered(line: bytes, gateway: Attacked) -> None:
    """P12, P14: refused, and a stranger stays one."""
    said = await gateway.talk(line + START + f"RCPT TO:<{RELAY}>\r\n".encode())
    assert b"500 5.5.2 Syntax error\r\n" in said
    assert said.endswith((b"550 5.7.1 Relaying denied\r\n", b"221 2.0.0 Bye\r\n"))


async def test_what_follows_quit_is_not_executed(gateway: Attacked) -> None:
    """P15."""
    raw = mail(ANA, BOB)
    rest = f"MAIL FROM:<{ANA}>\r\nRCPT TO:<{BCC}>\r\nDATA\r\n".encode() + raw + b".\r\n"
    assert (await gateway.talk(HEAD + b"QUIT\r\n" + rest, ip=OFFICE)).endswith(b"221 2.0.0 Bye\r\n")
    assert await gateway.count("decision") == 0


async def test_what_follows_the_last_refusal_is_not_executed(gateway: Attacked) -> None:
    """P15: after 421."""
    raw = mail(ANA, BOB)
    rest = f"MAIL FROM:<{ANA}>\r\nRCPT TO:<{BCC}>\r\nDATA\r\n".encode() + raw + b".\r\n"
    said = await gateway.talk(HEAD + b"WHAT\r\n" * 6 + rest, ip=OFFICE)
    assert said.decode().splitlines()[-1][:9] == "421 4.7.0"
    assert await gateway.count("decision") == 0


@pytest.mark.parametrize("size", [0, 20, 60, 100, 130, 180, 280])
async def test_a_client_that_drops_the_connection_leaves_nothing_behind(size: int, gateway: Attacked) -> None:
    """P13: at every state before the end of the message."""
    script = HEAD + f"MAIL FROM:<{ANA}>\r\nRCPT TO:<{BCC}>\r\nDATA\r\n".encode() + mail(ANA, BOB)
    for reset in (False, True):
        _, writer = await asyncio.open_connection("127.0.0.1", gateway.running.port, local_addr=(OFFICE, 0))
        writer.write(script[:size])
        await writer.drain()
        if reset:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    assert await gateway.count("decision") == 0


async def test_a_commit_that_began_is_finished_though_the_client_has_gone(
    gateway: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P13: and its repeat finds what was decided."""
    reached, go_on = asyncio.Event(), asyncio.Event()
    settle = gateway.running.store.settle

    async def slow(*args: object, **kwargs: object) -> object:
        reached.set()
        await go_on.wait()
        return await settle(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(gateway.running.store, "settle", slow)
    raw = mail(ANA, BOB)
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.running.port, local_addr=(OFFICE, 0))
    writer.write(HEAD + f"MAIL FROM:<{ANA}>\r\nRCPT TO:<{BCC}>\r\nDATA\r\n".encode() + raw + b".\r\n")
    await reached.wait()
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    go_on.set()
    async with asyncio.timeout(10):
        while not await gateway.count("decision"):
            await asyncio.sleep(0.01)
    monkeypatch.undo()
    assert await gateway.send(Delivery(raw, [BCC], ANA)) == [250]
    assert await gateway.decisions() == ["bcc logged explicit.bcc"]
    assert await gateway.running.store.read(ask("SELECT deliveries FROM decision")) == [(2,)]


# Messages that are refused to a person and taken from a mail server


@pytest.mark.parametrize(
    "fields",
    [b"", b"From:\r\n", b"From: (comment)\r\n", b"From: undisclosed-recipients:;\r\n", b"X: \r\nFrom: \r\n \r\n"],
)
async def test_a_message_of_nobody_is_refused_to_a_person(fields: bytes, gateway: Attacked) -> None:
    """S08."""
    raw = fields + f"To: {BOB}\r\nSubject: s\r\nMessage-ID: <n@x.example>\r\n\r\nx".encode()
    assert (await gateway.transaction(raw, BCC, ANA, ip=OFFICE))[3] == MALFORMED
    assert (await gateway.transaction(raw, RELAY, ANA, ip=OFFICE))[3][:4] == "250 "
    assert [a.user for a in await gateway.activities()] == []
    assert await gateway.count("decision") == 1


@pytest.mark.parametrize(
    "fields",
    [
        f"From: a\0na@us.example\r\nTo: {BOB}\r\n".encode(),
        f"Subject: x\rFrom: {ANA}\r\nFrom: m@evil.example\r\n".encode(),
        f"Subject: x\nFrom: {ANA}\r\nTo: {BOB}\r\n".encode(),
        f"From: m@evil.example\r\nFrom: {ANA}\r\n".encode(),
        f"From: {ANA}\r\nFrom: m@evil.example\r\n".encode(),
    ],
    ids=["S14 NUL", "S14 CR", "S14 LF", "S06 theirs first", "S06 ours first"],
)
async def test_bytes_that_hide_another_author_are_refused_to_a_person(fields: bytes, gateway: Attacked) -> None:
    """And nobody's from a mail server, whoever it is that vouches."""
    raw = fields + b"Message-ID: <n@x.example>\r\n\r\nx"
    assert (await gateway.transaction(raw, BCC, "m@evil.example"))[3] == MALFORMED
    assert (await gateway.transaction(raw, RELAY, "m@evil.example", ip="127.0.0.2"))[3][:4] == "250 "
    assert await gateway.activities() == []


HOPS = "".join(f"Received: from h{n}.example by x.example; Tue, 4 Mar 2025 12:00:00 +0000\r\n" for n in range(60))


async def test_a_loop_is_told_to_a_person_and_is_one_activity_of_a_mail_server(gateway: Attacked) -> None:
    """L02: each round of it is the same message with more fields above."""
    raw = mail(ANA, BOB)
    assert (await gateway.transaction(HOPS.encode() + raw, BCC, ANA, ip=OFFICE))[3] == "554 5.4.6 Routing loop detected"
    await gateway.send(Delivery(raw, [BCC], ANA))
    for rounds in (1, 20, 60):
        line = b"Received: from a.example by b.example; Tue, 4 Mar 2025 12:00:00 +0000\r\n"
        assert await gateway.send(relayed(line * rounds + raw, ANA)) == [250]
    [activity] = await gateway.activities()
    assert activity.copies.count("relay") == 3


ODD = {
    "60 hops": HOPS.encode() + mail(BOB, ANA),
    "subject twice": b"Subject: other\r\n" + mail(BOB, ANA),
    "bare CR": mail(BOB, ANA).replace(b"Hello.", b"Hel\rlo."),
    "bare LF": mail(BOB, ANA).replace(b"Hello.", b"Hel\nlo."),
    "NUL": mail(BOB, ANA).replace(b"Hello.", b"Hel\0lo."),
    "no author": mail(BOB, ANA).replace(b"From: " + BOB.encode(), b"X: y"),
    "two authors": b"From: x@y.example\r\n" + mail(BOB, ANA),
    "no end of parts": mail(BOB, ANA, Content_Type="multipart/mixed; boundary=b", text="--b\r\n\r\nhi"),
    "no boundary": mail(BOB, ANA, Content_Type="multipart/mixed"),
    "bad encoding": mail(BOB, ANA, Content_Transfer_Encoding="base64", text="*** no base64 ***"),
    "header too long": b"X: " + b"x" * 300_000 + b"\r\n" + mail(BOB, ANA),
    "too many fields": b"X: x\r\n" * 2_000 + mail(BOB, ANA),
    "no bytes": b"",
    "no header": b"\r\nhello\r\n",
}


@pytest.mark.parametrize("raw", ODD.values(), ids=[f"R09 {name}" for name in ODD])
async def test_a_mail_servers_copy_is_never_refused_for_its_content(raw: bytes, gateway: Attacked) -> None:
    replies = await gateway.transaction(raw, RELAY, BOB, ip=OFFICE)
    assert replies[3][:19] == "250 2.0.0 Accepted "
    [decision] = await gateway.decisions()
    assert decision.split()[1] in ("skipped", "held")


async def test_a_mail_servers_copy_is_refused_for_its_size_alone(gateway: Attacked) -> None:
    """R09."""
    size = 50 * 1024 * 1024 + 1
    start = f"EHLO c\r\nMAIL FROM:<{BOB}> SIZE={size}\r\n".encode()
    assert (await gateway.talk(start, ip=OFFICE)).decode().splitlines()[-1] == "552 5.3.4 Message too big"


async def test_a_fault_of_ours_is_a_constant_reply(gateway: Attacked, monkeypatch: pytest.MonkeyPatch) -> None:
    """O05: whatever the exception says, and however it is raised."""

    async def broken(envelope: Envelope, raw: bytes) -> None:
        raise ValueError(f"secret\r\n250 2.0.0 Accepted {raw!r}")

    monkeypatch.setattr(gateway.running.ingest, "message", broken)
    replies = await gateway.transaction(mail(ANA, BOB), BCC, ANA, ip=OFFICE)
    assert replies[3:] == ["451 4.3.0 Temporary failure, try again later", "221 2.0.0 Bye"]


WORDS = st.sampled_from(
    [
        b"EHLO c\r\n", b"MAIL FROM:<ana@us.example>\r\n", b"RCPT TO:<%b>\r\n" % BCC.encode(), b"DATA\r\n", b".\r\n",
        b"RCPT TO:<%b>\r\n" % RELAY.encode(), b"RSET\r\n", b"\r\n", mail(ANA, BOB), mail(BOB, ANA), b"\n.\n",
        b"QUIT\r\n", b"\0", b"NOOP\n",
    ]
)  # fmt: skip


async def test_any_session_leaves_the_database_sound_and_says_nothing_unheard_of(gateway: Attacked) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=40, deadline=None)
    @given(st.lists(WORDS | st.binary(max_size=40), max_size=25), st.sampled_from([OFFICE, STRANGER]))
    def check(words: list[bytes], ip: str) -> None:
        said = asyncio.run_coroutine_threadsafe(gateway.talk(b"EHLO c\r\n", *words, ip=ip), loop).result(30)
        assert said.startswith(b"220 ")

    await asyncio.to_thread(check)
