"""SIGHUP: the configuration and the certificate are read again, all or nothing. What is no good changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config.changes import differing, values, while_running, with_values
from config.contradictions import contradictions
from config.load import ConfigurationError
from config.settings import Settings
from gateway import operator_log
from gateway.console.limits import CONNECTIONS
from gateway.service_manager import ServiceManager
from gateway.smtp.server import descriptor_fault
from gateway.smtp.tls import Contexts, Files, UnusableCertificateError
from storage.errors import KeyMissing, MailKeysUnusable
from storage.mail_keys import MailKeys
from storage.open import installation_key


@dataclass(frozen=True, slots=True)
class Renewed:
    """What holds from now on."""

    settings: Settings
    changed: Mapping[str, object]
    """The settings that aren't as they were: path and value."""
    files: Files | None
    tls: Contexts | None


def read_again(running: Settings, load: Callable[[], Settings]) -> Renewed | None:
    """What `load` finds, as far as it may change; None, with every fault in the log, where it is no good."""
    try:
        found = load()
    except ConfigurationError as error:
        for fault in error.faults:
            operator_log.configuration_refused(fault.path, fault.sentence, fault.origin)
        return None
    paths = differing(running, found)
    changed = values(found, list(filter(while_running, paths)))
    settings = with_values(running, changed)
    if told := list(_faults(settings)):
        for path, sentence, origin in told:
            operator_log.configuration_refused(path, sentence, origin)
        return None
    files = tls_files(settings)
    try:
        tls = files.load(datetime.now(UTC)) if files else None
    except UnusableCertificateError as error:
        operator_log.certificate_refused(str(error))
        return None
    operator_log.configuration_reloaded(list(changed))
    if waiting := [path for path in paths if not while_running(path)]:
        operator_log.restart_needed(waiting)
    return Renewed(settings, changed, files, tls)


def _faults(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """What doesn't go with what stays as it is until a restart, or with the system: path, sentence, origin."""
    for path, _, sentence in contradictions(settings):
        yield path, sentence, "beside settings that need a restart"
    try:
        MailKeys(settings.store.mail_key_file).must_have(())
    except MailKeysUnusable as error:
        yield "store.mail_key_file", f"can't be read, so the keys stay as they were {error.detail}", "its file"
    if lacking := allowance(settings):
        yield "smtp.limits.connections", f"can't be had: {lacking}", "limit of open files"


def faulty_files(settings: Settings) -> Iterator[tuple[str, str]]:
    """Settings whose files `serve` couldn't use: path, sentence. A key that is yet to be made is no fault."""
    files, store = tls_files(settings), settings.store
    try:
        if files:
            files.load(datetime.now(UTC))
    except UnusableCertificateError as error:
        yield "smtp.certificate", f"can't be used: {error}"
    try:
        MailKeys(store.mail_key_file).must_have(())
    except MailKeysUnusable as error:
        yield "store.mail_key_file", f"can't be used {error.detail}"
    place = store.place()
    if store.key_file.exists() or (isinstance(place, Path) and place.exists()):
        try:
            installation_key(store.key_file, create=False)
        except KeyMissing as error:
            yield "store.key_file", f"can't be used: without it nothing is recognised {error.detail}"


def allowance(settings: Settings) -> str | None:
    """Why the limit of open files is too low, or None."""
    return descriptor_fault(settings.smtp_limits(), CONNECTIONS if settings.console.listen else 0)


def tls_files(settings: Settings) -> Files | None:
    """Those of the certificate, if there is to be one."""
    smtp = settings.smtp
    if smtp.certificate is None or smtp.private_key is None:
        return None
    return Files(smtp.certificate, smtp.private_key, smtp.client_ca)


async def whenever(asked: asyncio.Event, reload: Callable[[], bool], manager: ServiceManager, status: str) -> None:
    """Reloads each time that it is asked for, until cancelled. `reload` says whether what it found is good."""
    while True:
        await asked.wait()
        asked.clear()
        manager.reloading()
        manager.ready(status if _done(reload) else f"{status}; the last reload was refused, the log says why")


def _done(reload: Callable[[], bool]) -> bool:
    try:
        return reload()
    except Exception as error:
        operator_log.internal_error(type(error).__name__, operator_log.raised_at(error))
        return False
