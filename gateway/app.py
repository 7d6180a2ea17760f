"""The composition root: settings → parts; start, drain, stop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType

from config.settings import Settings
from config.values import host_and_port
from gateway import operator_log, passwords
from gateway.authenticate import Authenticator
from gateway.authenticate.dns import Resolver
from gateway.clock import ClockTrust, new_id, now
from gateway.core import charsets
from gateway.core.cases import Setting
from gateway.core.keyed_hash import KeyedHash
from gateway.ingest import Ingest
from gateway.parser import NotStarted, Parser
from gateway.process_memory import give_back_large_blocks, keep_private, spare_what_stays
from gateway.smtp.disk import FreeDisk, bytes_free
from gateway.smtp.listener import Listener
from gateway.smtp.server import SmtpServer, descriptor_fault
from gateway.smtp.tls import Contexts, Files, Renewal, UnusableCertificateError
from storage import dns_trouble, held, operator_mail, reads, waiting
from storage.administration.act import Act
from storage.errors import StoreError, StoreFailed
from storage.interface import Store
from storage.open import check, installation_key, open_store
from storage.place import Place
from storage.plan import Plan
from storage.sealing import Sealing
from storage.sqlite import network

ERASE_EVERY = 60.0
"""Seconds."""
DAY = 24 * 60 * 60 * 1000
"""Milliseconds, as the next."""
CONFIRMED_BY = 8 * DAY
"""How old what is on record may be to speak for the clock."""


class FaultError(Exception):
    """Why the gateway can't start or go on, as a sentence, with the exit code."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class App:
    """A running gateway: the store, the journey and the SMTP server."""

    def __init__(
        self,
        store: Store,
        smtp: SmtpServer,
        parser: Parser,
        resolver: Resolver,
        erasing: asyncio.Task[None] | None,
        addresses: list[tuple[str, int]],
        renewal: Renewal | None,
    ) -> None:
        self.store = store
        self._parser = parser
        self._resolver = resolver
        self._erasing = erasing
        self.addresses = addresses
        """Where SMTP is served: host and port."""
        self._smtp = smtp
        self._renewal = renewal
        self._watching = asyncio.create_task(renewal.watch()) if renewal else None

    @classmethod
    async def start(cls, settings: Settings) -> App:
        """Opens everything and serves. Raises FaultError with what to do; then nothing is left open."""
        files, tls = checked(settings)
        store, key = await opened(settings, serving=True)
        operator_log.store_opened()
        try:
            sockets = [(bind(address), mode) for address, mode in settings.listeners()]
        except BaseException:
            await store.close()
            raise
        app = await cls.begin(settings, store, key, sockets, files, tls, erases=True)
        for host, port in app.addresses:
            operator_log.listening(f"{host}:{port}")
        return app

    @classmethod
    async def begin(
        cls,
        settings: Settings,
        store: Store,
        key: bytes,
        listeners: Sequence[tuple[socket.socket, Listener]],
        files: Files | None,
        tls: Contexts | None,
        *,
        erases: bool,
    ) -> App:
        """Serves on these sockets and this store. `erases`: in time, what was kept for a while only."""
        # The first guess of a charset loads models for a tenth of a second: not while somebody waits for an answer.
        await asyncio.to_thread(charsets.decode, "Grüße".encode("latin-1"), None)
        parser = Parser(settings.parser_limits(), operator_log.parser_replaced)
        try:
            await parser.start()
            if any(mode.auth for _, mode in listeners):
                await asyncio.to_thread(passwords.prepare)
            limits = settings.smtp_limits()
            setting = setting_of(settings, key)
            resolver = Resolver(settings.dns.nameservers, settings.dns_limits())
            authenticator = Authenticator(resolver.lookups, settings.dkim_limits())
            ingest = Ingest(store, setting, Sealing(key), authenticator, limits.handler, new_id, now, parser)
            need = settings.smtp.sources_need_tls
            name = settings.hostname
            free = _free_disk(settings.store.place())
            smtp = SmtpServer(ingest, operator_log, limits, name, None, now, sources_need_tls=need, free_disk=free)
            renewal = _use_tls(smtp, files, tls) if files and tls else None
            for sock, mode in listeners:
                await smtp.listen([sock], mode)
        except BaseException as error:
            await parser.close()
            await store.close()
            if isinstance(error, NotStarted):
                raise FaultError("the parser process doesn't start; is parser.memory enough for it?", 69) from None
            raise
        erasing = asyncio.create_task(erase(store, setting.keyed)) if erases else None
        addresses = [sock.getsockname()[:2] for sock, _ in listeners]
        return cls(store, smtp, parser, resolver, erasing, addresses, renewal)

    def renew_certificate(self) -> None:
        """Reads the files of the certificate again; what is no good leaves the one in use."""
        if self._renewal:
            self._renewal.renew()

    async def stop(self) -> None:
        """No new connections, running messages get their answer, then the store is closed."""
        await self._smtp.drain()
        for task in (self._erasing, self._watching):
            if task:
                task.cancel()
        await self._resolver.close()
        await self._parser.close()
        await self.store.close()


def checked(settings: Settings) -> tuple[Files | None, Contexts | None]:
    """The TLS files, and what they hold, if there are any. Raises FaultError before anything is opened."""
    fault = descriptor_fault(settings.smtp_limits())
    if fault:
        raise FaultError(fault, 78)
    files = _tls_files(settings)
    return files, _load(files) if files else None


async def opened(settings: Settings, *, serving: bool) -> tuple[Store, bytes]:
    """The store and the installation's key. Raises FaultError. `serving` claims a file for this process."""
    try:
        place = settings.store.place()
        await check(place)  # without a database the lack of that is told first
        if isinstance(place, Path) and not settings.store.network_file_system:
            network.check(place)
        key = installation_key(settings.store.key_file, create=False)
        timeout = settings.store.busy_timeout
        return await open_store(place, key, new_id, busy_timeout=timeout, serving=serving), key
    except StoreError as error:
        raise FaultError(str(error), error.exit_code) from None


def setting_of(settings: Settings, key: bytes) -> Setting:
    """What is the same for all messages."""
    return Setting(settings.domain, settings.hostname, KeyedHash(key), settings.reading_limits())


async def erase(store: Store, keyed: KeyedHash) -> None:
    """Erases in time what was kept for a while only, as long as the clock can be believed."""
    trust: ClockTrust | None = None
    allowed = True
    while True:
        try:
            trust = trust or await _trust(store)
            at, before = now(), allowed
            allowed = trust.allows(at, time.monotonic())
            if allowed:
                await store.change(_overdue(at))
                await _expire(store, keyed, at)
            elif before:
                operator_log.erasing_paused()
        except StoreError as error:
            operator_log.store_failed(type(error).__name__)
        await asyncio.sleep(ERASE_EVERY)


async def _trust(store: Store) -> ClockTrust:
    """After a start the clock is confirmed by what is on record of the days before, if anything is that is older."""
    at = now()
    yesterday = at - DAY
    lately = await store.read(reads.recorded(at - CONFIRMED_BY, yesterday))
    confirmed = lately or not await store.read(reads.recorded(0, yesterday))
    return ClockTrust(at, time.monotonic(), confirmed=confirmed)


def _overdue(at: int) -> Plan[None]:
    yield from waiting.expire(at)
    yield from dns_trouble.expire(at)
    yield from operator_mail.expire(at)


async def _expire(store: Store, keyed: KeyedHash, at: int) -> None:
    """Erases held mail whose time is over at this moment, page by page."""
    while await store.read(held.due(at)):
        act = Act("gateway", at, new_id, keyed)
        operator_log.held_expired(await store.change(held.expire(act), erases=True))


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then drains."""
    keep_private()
    give_back_large_blocks()
    route_stray_errors()
    told_to_stop = stop_on_signal()
    app = await App.start(settings)
    spare_what_stays()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, app.renew_certificate)
    ends = {asyncio.create_task(event.wait()) for event in (told_to_stop, app.store.failed)}
    _, waiting = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for end in waiting:
        end.cancel()
    await app.stop()
    operator_log.stopped()
    if app.store.failed.is_set():
        raise FaultError(str(StoreFailed()), StoreFailed.exit_code)


def stop_on_signal() -> asyncio.Event:
    """Set by SIGTERM or SIGINT from now on; a second one ends the process at once."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def on_signal(name: str) -> None:
        if ended.is_set():
            os._exit(1)  # the drain hangs; the log has nothing more to say
        operator_log.stopping(name)
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number.name)
    return ended


def route_stray_errors() -> None:
    """Errors that nobody awaits go to the operator log as class and place: their text may hold content."""

    def on_exception(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        operator_log.internal_error(type(error).__name__, operator_log.raised_at(error))

    def on_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        place = operator_log.raised_at(error) if isinstance(error, BaseException) else "event loop"
        operator_log.internal_error(type(error).__name__, place)

    def on_unraisable(unraisable: sys.UnraisableHookArgs) -> None:
        error = unraisable.exc_value
        operator_log.internal_error(type(error).__name__, operator_log.raised_at(error) if error else "")

    sys.excepthook = on_exception
    sys.unraisablehook = on_unraisable
    with suppress(RuntimeError):
        asyncio.get_running_loop().set_exception_handler(on_loop_error)


def _free_disk(place: Place) -> Callable[[], int]:
    """Bytes free where messages are stored; a server looks after its own."""
    if isinstance(place, Path):
        return FreeDisk(partial(bytes_free, place.parent), time.monotonic)
    return lambda: sys.maxsize


def _tls_files(settings: Settings) -> Files | None:
    smtp = settings.smtp
    if smtp.certificate is None or smtp.private_key is None:
        return None
    return Files(smtp.certificate, smtp.private_key, smtp.client_ca)


def _use_tls(smtp: SmtpServer, files: Files, first: Contexts) -> Renewal:
    """Gives the server its certificate, and each one that follows."""

    def use(contexts: Contexts) -> None:
        smtp.use_tls(contexts.plain, contexts.asking)

    use(first)
    return Renewal(files, use, operator_log, lambda: datetime.now(UTC))


def _load(files: Files) -> Contexts:
    try:
        return files.load(datetime.now(UTC))
    except UnusableCertificateError as error:
        raise FaultError(str(error), 78) from None


def bind(address: str, *, shared: bool = False) -> socket.socket:
    """A bound socket, with `shared` one of several there; the fault names the address and why it can't be had."""
    host, port = host_and_port(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise FaultError(f"can't listen on {address}: {error.strerror}", 69) from None
    return sock
