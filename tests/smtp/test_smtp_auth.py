"""SMTP AUTH in the session: how often, by whom it is heard, and what becomes of the session."""

from __future__ import annotations

import asyncio
import base64
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smtp_fakes import PASSWORD, Client, FakeJourney, Running, client_context, serving, stuffed, until

from gateway.core.model import Login
from gateway.smtp import auth, replies
from gateway.smtp.auth import Credentials
from gateway.smtp.listener import Listener, Tls
from gateway.smtp.replies import Reply

MODE = Listener(Tls.IMPLICIT, auth=True)
FAILED = "535 5.7.8 Authentication failed"
DONE = "235 2.7.0 Authentication successful"
BUSY = "421 4.7.0 Too many connections or errors, try again later"


def plain(name: str, password: str = PASSWORD) -> str:
    return "AUTH PLAIN " + base64.b64encode(f"\0{name}\0{password}".encode()).decode()


async def secure(running: Running) -> Client:
    """A client behind its handshake, greeted."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port, ssl=client_context())
    client = Client(reader, writer)
    await client.reply()
    await client.say("EHLO client.example")
    return client


async def answered(argument: str, *lines: bytes) -> Credentials | Reply:
    """What comes of "AUTH argument" when the client then says these lines."""
    waiting = list(lines)

    async def ask(question: Reply) -> bytes | Reply:
        assert question.code == 334
        return waiting.pop(0)

    return await auth.credentials(argument, ask)


names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(names, names)
async def test_every_name_and_password_comes_through_as_it_is(name: str, password: str) -> None:
    encoded = [base64.b64encode(part.encode()) for part in (f"\0{name}\0{password}", name, password)]
    expected = Credentials(name, password)
    assert await answered("PLAIN", encoded[0]) == expected
    assert await answered(f"plain {encoded[0].decode()}") == expected
    assert await answered("LOGIN", *encoded[1:]) == expected
    assert await answered(f"Login {encoded[1].decode()}", encoded[2]) == expected


@pytest.mark.parametrize(("identity", "name"), [("", "ana"), ("ana", "ana"), ("dan", ""), ("ANA", "")])
async def test_nobody_acts_for_somebody_else(identity: str, name: str) -> None:
    response = base64.b64encode(f"{identity}\0ana\0{PASSWORD}".encode())
    assert await answered("PLAIN", response) == Credentials(name, PASSWORD)


@given(st.sampled_from(["PLAIN", "LOGIN"]), st.binary(max_size=60), st.binary(max_size=60))
async def test_any_bytes_get_an_answer(mechanism: str, first: bytes, second: bytes) -> None:
    for one in (first, base64.b64encode(first)):
        found = await answered(mechanism, one, base64.b64encode(second))
        assert isinstance(found, Credentials) or found is replies.ARGUMENT


def test_a_password_is_not_shown_where_its_credentials_are() -> None:
    assert PASSWORD not in repr(Credentials("ana@us.example", PASSWORD))


async def test_who_signed_in_is_the_peer_of_the_message(tls: ssl.SSLContext) -> None:
    async with serving(tls=tls, listener=MODE) as running:
        client = await secure(running)
        assert await client.say(plain("ana@us.example")) == DONE
        await client.deliver(b"Subject: x\r\n")
        [(envelope, _)] = running.journey.messages
        assert (envelope.peer.login, envelope.peer.account_id, envelope.peer.tls) == ("ana@us.example", "a", True)
        assert envelope.peer.sources == ()
        await client.close()


async def test_a_failed_attempt_is_told_by_address_and_never_by_name(tls: ssl.SSLContext) -> None:
    async with serving(tls=tls, listener=MODE) as running:
        client = await secure(running)
        assert await client.say(plain("ana@us.example", "wrong password")) == FAILED
        assert ("login_refused", "127.0.0.1", "wrong") in running.events.seen
        assert "ana" not in str(running.events.seen)
        await client.deliver(b"Subject: x\r\n")
        assert running.journey.messages[0][0].peer.login == ""
        await client.close()


async def test_only_so_many_attempts_of_a_network_fail_over_all_its_sessions(tls: ssl.SSLContext) -> None:
    """P06. What succeeds doesn't count."""
    async with serving(tls=tls, listener=MODE, auth_attempts_per_ip=4) as running:
        for _ in range(6):
            client = await secure(running)
            assert await client.say(plain("ana@us.example")) == DONE
            await client.close()
        said = []
        for _ in range(6):
            client = await secure(running)
            said.append(await client.say(plain("ana@us.example", "wrong password")))
            await client.close()
        assert said == [FAILED] * 4 + [BUSY] * 2
        assert len(running.journey.tried) == 10
        assert running.events.seen.count(("login_refused", "127.0.0.1", "limit")) == 2


async def test_attempts_at_once_are_no_more_than_one_after_another(tls: ssl.SSLContext) -> None:
    """P06. None of them has failed yet when the next one begins."""
    gate = asyncio.Event()

    class Slow(FakeJourney):
        async def login(self, name: str, password: str) -> Login | None:
            self.tried.append((name, password))
            await gate.wait()
            return None

    async with serving(Slow(), tls, listener=MODE, auth_attempts_per_ip=3) as running:
        clients = [await secure(running) for _ in range(8)]
        saying = [asyncio.create_task(client.say(plain("ana@us.example"))) for client in clients]
        await until(lambda: sum(task.done() for task in saying) == 5)
        gate.set()
        assert sorted(await asyncio.gather(*saying)) == [BUSY] * 5 + [FAILED] * 3
        assert len(running.journey.tried) == 3
        for client in clients:
            await client.close()


async def test_trouble_of_ours_is_temporary_and_no_failed_attempt(tls: ssl.SSLContext) -> None:
    async with serving(tls=tls, listener=MODE, auth_attempts_per_ip=1) as running:
        client = await secure(running)
        for _ in range(5):
            assert await client.say(plain("ana@us.example", "broken")) == "451 4.3.0 Temporary failure, try again later"
        assert await client.say(plain("ana@us.example")) == DONE
        await client.close()


async def test_who_leaves_during_the_comparison_has_tried(tls: ssl.SSLContext) -> None:
    class Slow(FakeJourney):
        async def login(self, name: str, password: str) -> Login | None:
            self.tried.append((name, password))
            await asyncio.Event().wait()
            return None

    async with serving(Slow(), tls, listener=MODE, auth_attempts_per_ip=1) as running:
        client = await secure(running)
        await client.send(plain("ana@us.example").encode() + b"\r\n")
        await until(lambda: len(running.journey.tried) == 1)
        client.reset()
        await until(lambda: not running.server._shared.sessions)
        another = await secure(running)
        assert await another.say(plain("ana@us.example")) == BUSY
        await another.close()


@pytest.mark.parametrize("said", ["AUTH PLAIN", "AUTH LOGIN", "AUTH LOGIN eA=="])
async def test_who_leaves_instead_of_answering_is_no_trouble(tls: ssl.SSLContext, said: str) -> None:
    async with serving(tls=tls, listener=MODE) as running:
        client = await secure(running)
        assert (await client.say(said)).startswith("334 ")
        client.reset()
        await until(lambda: not running.server._shared.sessions)
        assert "internal_error" not in running.events.names()


async def test_who_never_answers_is_cut(tls: ssl.SSLContext) -> None:
    async with serving(tls=tls, listener=MODE, command_wait=0.1) as running:
        client = await secure(running)
        assert await client.say("AUTH PLAIN") == "334 "
        assert await client.reply() == "421 4.4.2 Timeout"
        await client.close()


async def test_answers_to_questions_count_as_commands(tls: ssl.SSLContext) -> None:
    """P06. Whoever goes on cancelling comes to the end like everybody else."""
    async with serving(tls=tls, listener=MODE, commands_base=20, errors=1000) as running:
        client = await secure(running)
        said = [await client.say("AUTH PLAIN" if number % 2 else "*") for number in range(19)]
        assert BUSY not in said
        assert BUSY in [await client.say("AUTH PLAIN"), await client.say("*")]
        await client.close()


async def test_a_message_may_follow_in_one_packet_with_the_last_answer(tls: ssl.SSLContext) -> None:
    async with serving(tls=tls, listener=MODE) as running:
        client = await secure(running)
        lines = (plain("ana@us.example"), "MAIL FROM:<a@example.com>", "RCPT TO:<key@bcc.example>", "DATA")
        await client.send("\r\n".join(lines).encode() + b"\r\n")
        assert [(await client.reply())[:3] for _ in lines] == ["235", "250", "250", "354"]
        await client.send(stuffed(b"Subject: x\r\n"))
        assert (await client.reply()).startswith("250 ")
        await client.close()
