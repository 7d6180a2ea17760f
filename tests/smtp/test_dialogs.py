"""The dialogues of fixtures/dialogs, over real sockets."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest
from smtp_fakes import Client, FakeJourney, Running, client_context, serving

from config.values import listener
from gateway.smtp.limits import SmtpLimits

DIALOGS = Path(__file__).parents[2] / "fixtures" / "dialogs"
SCRIPTS = sorted(DIALOGS.glob("*.txt"))
IN_ONE_PACKET = "starttls-injected"  # alone, its second command would be a broken handshake
LIMITS = {field.name for field in fields(SmtpLimits)}


class Player:
    """Plays one script; what the client sends in a row goes out in one write, or byte by byte."""

    def __init__(self, running: Running, client: Client, *, split: bool) -> None:
        self.running = running
        self.client = client
        self.split = split
        self.outgoing = b""
        self.draining: asyncio.Task[int] | None = None

    async def send(self) -> None:
        data, self.outgoing = self.outgoing, b""
        size = 1 if self.split and len(data) < 2000 else max(len(data), 1)
        with suppress(ConnectionError):  # a server that has hung up is seen by what it says
            for at in range(0, len(data), size):
                await self.client.send(data[at : at + size])
                await asyncio.sleep(0)

    async def play(self, line: str) -> None:
        if line[:2] in ("C:", "C>"):
            self.outgoing += line[3:].encode().decode("unicode_escape").encode("latin-1")
            self.outgoing += b"\r\n" if line[1] == ":" else b""
            return
        await self.send()
        if line.startswith("S: "):
            assert (await asyncio.wait_for(self.client.reader.readline(), 5)).decode() == line[3:] + "\r\n"
        elif line == "END":
            assert await self.client.rest() == b""
        elif line == "HALF-CLOSE":
            self.client.writer.write_eof()
        elif line == "TLS":
            await self.client.writer.start_tls(client_context())
        else:
            assert line == "DRAIN"
            self.draining = asyncio.create_task(self.running.server.drain())
            await asyncio.sleep(0)


@pytest.mark.parametrize("split", [False, True], ids=["whole", "byte-by-byte"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
async def test_dialog(script: Path, split: bool, tls: ssl.SSLContext) -> None:  # noqa: FBT001 - a parameter
    lines = [line for line in script.read_text("utf-8").splitlines() if not line.startswith("#")]
    options = dict(line[2:].split(" ", 1) for line in lines if line.startswith("= "))
    journey = FakeJourney(source=options.pop("source", "") == "yes")
    _, listener_ = listener(f"127.0.0.1:0 {options.pop('listener', '')}")
    context = tls if options.pop("tls", "") else None
    need = bool(options.pop("sources_need_tls", ""))
    assert options.keys() <= LIMITS
    split = split and script.stem != IN_ONE_PACKET
    limits = {name: float(value) if "." in value else int(value) for name, value in options.items()}
    async with serving(journey, context, sources_need_tls=need, listener=listener_, **limits) as running:
        client = await running.connect()
        player = Player(running, client, split=split)
        for line in lines:
            if not line.startswith("= "):
                await player.play(line)
        await client.close()
        if player.draining:
            assert await player.draining == 0
    assert ("internal_error" in running.events.names()) == (script.stem == "451-recipient-fault")
    assert ("bare_line_feed",) not in running.events.seen or script.stem == "bare-line-feeds"
