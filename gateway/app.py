"""The composition root: settings → parts; start, drain, stop."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

from config.settings import Settings
from config.values import host_and_port
from gateway import metrics, operator_log, passwords, silence
from gateway.authenticate import Authenticator
from gateway.authenticate.dns import Resolver
from gateway.clock import new_id, now
from gateway.core.cases import Setting
from gateway.core.keyed_hash import KeyedHash
from gateway.expiry import erase
from gateway.health import checks
from gateway.health.checks import Check
from gateway.health.figures import Figures, alone
from gateway.health.lag import measure
from gateway.health.merging import Samples
from gateway.indexing import keep_up
from gateway.ingest import Ingest
from gateway.operator_log import OperatorLog
from gateway.parser import NotStarted, Parser
from gateway.process import end_within, first_of, prepare, reload_on_signal, stop_on_signal
from gateway.process_memory import spare_what_stays
from gateway.reload import allowance, read_again, tls_files, whenever
from gateway.service_manager import ServiceManager
from gateway.smtp.disk import FreeDisk, bytes_free
from gateway.smtp.listener import Listener
from gateway.smtp.server import SmtpServer
from gateway.smtp.tls import Contexts, Files, Renewal, UnusableCertificateError
from gateway.webhooks.post import Post
from gateway.webhooks.sender import Sender
from storage import stored_mail
from storage.errors import StoreError, StoreFailed
from storage.interface import Store
from storage.mail_keys import MailKeys
from storage.open import check, installation_key, open_store
from storage.place import Place
from storage.sealing import Sealing
from storage.sqlite import network

if TYPE_CHECKING:
    from gateway.console.opening import Console
    from gateway.health.listener import Health


class FaultError(Exception):
    """Why the gateway can't start or go on, as a sentence, with the exit code."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class Journey:
    """What messages pass through, with the helpers that it needs."""

    def __init__(self, ingest: Ingest, parser: Parser, resolver: Resolver, key: bytes) -> None:
        self.ingest = ingest
        self.parser = parser
        self._resolver = resolver
        self._key = key

    @classmethod
    async def begin(cls, settings: Settings, store: Store, key: bytes) -> Journey:
        """Starts the parser process. Raises FaultError."""
        parser = Parser(settings.parser_limits(), operator_log.parser_replaced)
        try:
            await parser.start()
        except NotStarted:
            raise FaultError("the parser process doesn't start; is parser.memory enough for it?", 69) from None
        resolver = Resolver(settings.dns.nameservers, settings.dns_limits(), counts=metrics)
        authenticator = Authenticator(resolver.lookups, settings.dkim_limits())
        deadline, setting = settings.smtp_limits().handler, setting_of(settings, key)
        ingest = Ingest(store, setting, sealing_of(settings, key), authenticator, deadline, new_id, now, parser)
        return cls(ingest, parser, resolver, key)

    def use(self, settings: Settings) -> None:
        """Reads and proves by these from now on."""
        self._resolver.use(settings.dns.nameservers, settings.dns_limits())
        authenticator = Authenticator(self._resolver.lookups, settings.dkim_limits())
        self.ingest.use(setting_of(settings, self._key), authenticator, settings.smtp_limits().handler)

    async def close(self) -> None:
        """Ends the helpers."""
        await self._resolver.close()
        await self.parser.close()


class App:
    """A running gateway: the store, the journey and the SMTP server."""

    def __init__(
        self,
        store: Store,
        smtp: SmtpServer,
        journey: Journey,
        beside: Sequence[asyncio.Task[None]],
        addresses: list[tuple[str, int]],
        renewal: Renewal,
        settings: Settings,
    ) -> None:
        self.store = store
        self.journey = journey
        self.console: Console | None = None
        self.health: Health | None = None
        self._beside = beside
        self.addresses = addresses
        """Where SMTP is served: host and port."""
        self._smtp = smtp
        self.settings = settings
        """In force."""
        self.draining = False
        """It has been told to stop: whoever can should go elsewhere."""
        self.renewal = renewal
        self._watching = asyncio.create_task(renewal.watch())

    @classmethod
    async def start(cls, settings: Settings) -> App:
        """Opens everything and serves. Raises FaultError with what to do; then nothing is left open."""
        files, tls = checked(settings)
        if settings.console.listen:  # before anybody is served: it takes a second to load, and many do without it
            import_module("gateway.console.opening")
        store, key = await opened(settings, serving=True)
        operator_log.store_opened()
        try:
            sockets = [(bind(address), mode) for address, mode in settings.listeners()]
            console = bind(settings.console.listen) if settings.console.listen else None
            health = bind(settings.health.listen) if settings.health.listen else None
        except BaseException:
            await store.close()
            raise
        app = await cls.begin(settings, store, key, sockets, files, tls, erases=True)
        for host, port in app.addresses:
            operator_log.listening(f"{host}:{port}")
        if console:
            app.console = await open_console(console, settings, store, key, app.journey)
        if health:
            app.health = open_health(health, settings, store, app.checks(settings), lambda: app.draining)
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
        try:
            journey = await Journey.begin(settings, store, key)
        except BaseException:
            await store.close()
            raise
        try:
            if any(mode.auth for _, mode in listeners):
                await asyncio.to_thread(passwords.prepare)
            limits = settings.smtp_limits()
            need = settings.smtp.sources_need_tls
            name = settings.hostname
            smtp = SmtpServer(
                *(journey.ingest, operator_log, limits, name, None, now),
                sources_need_tls=need,
                free_disk=_free_disk(settings.store.place()),
            )
            renewal = _use_tls(smtp, files, tls)
            for sock, mode in listeners:
                await smtp.listen([sock], mode)
        except BaseException:
            await journey.close()
            await store.close()
            raise
        besides = [measure(metrics.LOOP_LAG.observe), *(beside_mail(settings, store, key) if erases else [])]
        beside = [asyncio.create_task(work) for work in besides]
        metrics.watch(metrics.CONNECTIONS, lambda: smtp.connections)
        metrics.watch(metrics.MESSAGES_IN_FLIGHT, lambda: smtp.in_flight)
        metrics.watch(metrics.PARSERS, lambda: journey.parser.running)
        metrics.WORKERS.set(1)
        addresses = [sock.getsockname()[:2] for sock, _ in listeners]
        return cls(store, smtp, journey, beside, addresses, renewal, settings)

    def checks(self, settings: Settings) -> dict[str, Check]:
        """What /readyz tells of."""
        parser, wanted = self.journey.parser, settings.parser_limits().processes
        return {
            **checks_of_store(lambda: self.settings, self.store),
            "listeners": checks.listeners_check(lambda: self._smtp.listening),
            "parser": checks.count_check(lambda: parser.running, wanted, "parser processes"),
            "certificate": checks.certificate_check(lambda: self._smtp.certificate_expires, lambda: datetime.now(UTC)),
        }

    def use(self, settings: Settings) -> None:
        """What may change while it runs, but for the certificate: for sessions and messages that begin, and at once for
        what all share.
        """
        self.settings = settings
        self._smtp.use(settings.smtp_limits(), sources_need_tls=settings.smtp.sources_need_tls)
        self.journey.use(settings)

    async def stop(self) -> None:
        """No new connections, running messages get their answer, then the store is closed."""
        self.draining = True
        await asyncio.gather(self._smtp.drain(), *([self.console.stop()] if self.console else []))
        ending = [*self._beside, self._watching]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await self.journey.close()
        if self.health:
            await self.health.stop()
        await self.store.close()


def beside_mail(settings: Settings, store: Store, key: bytes) -> Sequence[Coroutine[None, None, None]]:
    """What one process of a gateway does besides: erases in time, sends to webhooks, tells of silent sources, and keeps
    a file's index of words up to date.
    """
    keyed, post = KeyedHash(key), Post(settings.webhook_limits())
    sender = Sender(store, post, Sealing(key), keyed, new_id, now, SystemRandom().random)
    works = [erase(store, keyed), sender.run(), silence.watch(store)]
    return [*works, keep_up(store)] if isinstance(settings.store.place(), Path) else works


async def open_console(sock: socket.socket, settings: Settings, store: Store, key: bytes, journey: Journey) -> Console:
    """Serves the console on this socket, and lets the first admin in."""
    from gateway.console.opening import Console  # noqa: PLC0415 — see App.start

    sealing, limits = sealing_of(settings, key), settings.webhook_limits()
    console = await Console.open(sock, settings.console.url, store, sealing, journey.ingest, limits)
    operator_log.console_opened(console.office.url)
    if link := await console.first_link():
        sys.stdout.write(f"Open this link within a day to choose a password for the console:\n    {link}\n")
        sys.stdout.flush()
    return console


def checks_of_store(settings: Callable[[], Settings], store: Store) -> dict[str, Check]:
    """Those that any process with a store can make. `settings`: those in force."""
    place = settings().store.place()
    found = {
        "store": checks.store_check(store),
        "schema": checks.schema_check(store, "sqlite" if isinstance(place, Path) else "postgres"),
    }
    if isinstance(place, Path):  # a server looks after its own disk
        found["disk"] = checks.disk_check(_free_disk(place), lambda: settings().smtp_limits().least_free_disk)
    return found


def open_health(
    sock: socket.socket,
    settings: Settings,
    store: Store,
    found: Mapping[str, Check],
    draining: Callable[[], bool],
    others: Callable[[], Awaitable[Sequence[Samples]]] = alone,
) -> Health:
    """Answers probes and Prometheus on this socket. `others`: what other processes have counted."""
    from gateway.health.listener import Health  # noqa: PLC0415 — loads the HTTP server, which many do without

    made, place = checks.Checks(found, draining), settings.store.place()
    disk = _free_disk(place) if isinstance(place, Path) else None
    health = Health(sock, made, Figures(store, made, disk, others))
    host, port = health.address
    operator_log.health_opened(f"{host}:{port}")
    return health


def checked(settings: Settings) -> tuple[Files | None, Contexts | None]:
    """The TLS files, and what they hold, if there are any. Raises FaultError before anything is opened."""
    fault = allowance(settings)
    if fault:
        raise FaultError(fault, 78)
    files = tls_files(settings)
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
        store = await open_store(place, key, new_id, busy_timeout=timeout, serving=serving)
        store.committed = metrics.committed
        try:
            await store.read(stored_mail.must_open(sealing_of(settings, key).mail))
        except BaseException:
            await store.close()
            raise
    except StoreError as error:
        raise FaultError(str(error), error.exit_code) from None
    return store, key


def setting_of(settings: Settings, key: bytes) -> Setting:
    """What is the same for all messages."""
    return Setting(settings.domain, settings.hostname, KeyedHash(key), settings.reading_limits())


def sealing_of(settings: Settings, key: bytes) -> Sealing:
    """What encrypts, with the keys of stored mail, read: they stay if their file breaks later. Raises StoreError."""
    keys = MailKeys(settings.store.mail_key_file)
    keys.must_have(())
    return Sealing(key, mail=keys)


STOP_WITHIN = 5.0
"""Seconds that the whole end may take, besides those for draining."""


async def serve(settings: Settings, load: Callable[[], Settings], log: OperatorLog) -> None:
    """Serves until SIGTERM or SIGINT, then drains. `load`: the configuration as it is now, for SIGHUP."""
    prepare()
    told_to_stop, told_to_reload = stop_on_signal(), reload_on_signal()
    manager = ServiceManager(os.environ)
    app = await App.start(settings)
    spare_what_stays()

    def reload() -> bool:
        new = read_again(app.settings, load)
        if new:
            app.use(new.settings)
            app.renewal.take(new.files, new.tls)
            log.use(new.settings.log.level, new.settings.log.format)
        return new is not None

    status = serving_on(app.addresses)
    manager.ready(status)
    beside = [
        asyncio.create_task(whenever(told_to_reload, reload, manager, status)),
        asyncio.create_task(manager.watch(app.store.failed)),
    ]
    await first_of(told_to_stop, app.store.failed)
    app.draining = True
    await leave(app.settings, manager, told=told_to_stop.is_set())
    await app.stop()
    for task in beside:
        task.cancel()
    operator_log.stopped()
    if app.store.failed.is_set():
        raise FaultError(str(StoreFailed()), StoreFailed.exit_code)


def serving_on(addresses: Sequence[tuple[str, int]]) -> str:
    """For the service manager."""
    return "Serving SMTP on " + ", ".join(
        f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in addresses
    )


async def leave(settings: Settings, manager: ServiceManager, *, told: bool) -> None:
    """From now on the end is near, however much hangs. Who was `told` to stop waits until it is known elsewhere."""
    delay = settings.smtp.drain_delay if told else 0
    manager.stopping()
    end_within(delay + settings.smtp_limits().drain + STOP_WITHIN)
    await asyncio.sleep(delay)


def _free_disk(place: Place) -> Callable[[], int]:
    """Bytes free where messages are stored; a server looks after its own."""
    if isinstance(place, Path):
        return FreeDisk(partial(bytes_free, place.parent), time.monotonic)
    return lambda: sys.maxsize


def _use_tls(smtp: SmtpServer, files: Files | None, first: Contexts | None) -> Renewal:
    """Gives the server its certificate, and each one that follows."""

    def use(contexts: Contexts | None) -> None:
        smtp.use_tls(contexts.plain, contexts.asking) if contexts else smtp.use_tls(None)
        smtp.certificate_expires = contexts.expires if contexts else None
        metrics.CERTIFICATE.set(contexts.expires.timestamp() if contexts else math.nan)

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
