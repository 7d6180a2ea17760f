"""Somebody who uses the console in a browser, and sends mail meanwhile."""

from __future__ import annotations

import asyncio
import re
import smtplib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, Request

from tests.running_gateway import Gateway

PASSWORD = "a few words do well"  # noqa: S105 — a test's


@dataclass
class Walker:
    """A browser's window. `troubles`: what its console, dialogs and requests have shown that they shouldn't."""

    page: Page
    gateway: Gateway
    url: str
    troubles: list[str] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def on(cls, browser: Browser, gateway: Gateway, **screen: Any) -> AsyncIterator[Walker]:
        """A new window; `screen`: what Playwright takes of one."""
        context = await browser.new_context(**screen)
        page = await context.new_page()
        opened = re.search(r'"url":\s*"([^"]+)"', gateway.log())
        assert opened, gateway.log()
        walker = cls(page, gateway, opened[1])
        walker._listen()
        yield walker
        await context.close()

    def _listen(self) -> None:
        def said(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.troubles.append(f"console: {message.text}")

        def asked(request: Request) -> None:
            if not request.url.startswith(self.url):
                self.troubles.append(f"request: {request.url}")

        self.page.on("console", said)
        self.page.on("request", asked)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("dialog", lambda dialog: self.troubles.append(f"dialog: {dialog.message}"))

    async def go(self, path: str) -> None:
        """To a page."""
        await self.page.goto(self.url + path)

    async def choose_a_password(self) -> None:
        """By the link that the gateway printed at its start."""
        found = re.search(r"http://\S+/setup/\S+", self.gateway.log())
        assert found, self.gateway.log()
        await self.page.goto(found[0])
        await self.page.get_by_label("New password").fill(PASSWORD)
        await self.page.get_by_label("Once more").fill(PASSWORD)
        await self.page.get_by_role("button", name="Set it and sign in").click()
        await self.page.wait_for_url(self.url + "/start")

    async def text(self) -> str:
        """What stands on the page."""
        return await self.page.locator("main").inner_text()

    async def mail(self, raw: bytes, channel: str = "bcc") -> str:
        """Delivers a message; the gateway's answer."""
        return await asyncio.to_thread(self._mail, raw, channel)

    def _mail(self, raw: bytes, channel: str) -> str:
        with smtplib.SMTP("127.0.0.1", self.gateway.port, timeout=30) as client:
            client.ehlo("client.example")
            client.mail("ana@us.example")
            client.rcpt(self.gateway.addresses[channel])
            return client.data(raw)[1].decode()

    async def until(self, words: str, patience: float = 10) -> None:
        """Waits until the page says it, by itself."""
        end = time.monotonic() + patience
        while words not in await self.text():
            assert time.monotonic() < end, await self.text()
            await asyncio.sleep(0.05)
