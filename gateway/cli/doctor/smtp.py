"""Checks of the running gateway over SMTP, and a message by the whole way."""

from __future__ import annotations

import asyncio
import secrets
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import format_datetime, localtime

from config.settings import Settings
from config.values import host_and_port
from gateway.app import sealing_of
from gateway.cli.doctor.found import Found, fail, ok, warn
from gateway.cli.healthcheck import REACHED
from gateway.clock import new_id, now
from gateway.console.limits import LOOPBACK
from gateway.core.model import Channel
from gateway.operator_log import escape
from gateway.reload import tls_files
from gateway.smtp.listener import Listener, Tls
from storage import operator_mail
from storage.administration import accounts, addresses
from storage.interface import Store
from storage.open import installation_key, open_store
from storage.plan import Plan
from storage.sealing import Sealing

TIMEOUT = 5.0
"""Seconds for each answer."""


class _Announced(smtplib.SMTP):
    """Begins as a proxy does that speaks for itself (PROXY protocol, version 2, command LOCAL)."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # not in the stubs
        sock.sendall(b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00")
        return sock


@contextmanager
def _spoken(address: str, mode: Listener) -> Iterator[tuple[smtplib.SMTP, str]]:
    """A client of this listener, and what it was greeted with. Raises OSError, among them all of smtplib's."""
    host, port = host_and_port(address)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # what it shows is compared, not believed
    if mode.tls is Tls.IMPLICIT:
        client: smtplib.SMTP = smtplib.SMTP_SSL(timeout=TIMEOUT, context=context)
    else:
        client = (_Announced if mode.proxies else smtplib.SMTP)(timeout=TIMEOUT)
    client._host = REACHED.get(host, host)  # type: ignore[attr-defined]  # noqa: SLF001 — what the handshake names
    try:
        code, text = client.connect(REACHED.get(host, host), port)
        client.ehlo("doctor.invalid")
        if client.has_extn("starttls"):
            client.starttls(context=context)
            client.ehlo("doctor.invalid")
        yield client, escape(f"{code} {text.decode('ascii', 'replace')}")
    finally:
        with suppress(OSError):
            client.quit()
        client.close()


def listeners(settings: Settings) -> Iterator[Found]:
    """Each is served by this gateway, with its certificate; and mail from elsewhere can reach one."""
    for address, mode in settings.listeners():
        if mode.proxies and not mode.is_proxy("127.0.0.1"):
            yield ok("listener", f"{address} is for proxies alone, so it wasn't tried from here.")
        else:
            yield _listener(settings, address, mode)
    hosts = [host_and_port(address)[0] for address, _ in settings.listeners()]
    if all(host in LOOPBACK for host in hosts):
        yield warn(
            "reach", "Mail from other machines can't come: all listeners are on loopback. Set smtp.listen, or a proxy."
        )
    else:
        yield ok("reach", "There is a listener for mail from other machines; open its port in the firewall.")


def _listener(settings: Settings, address: str, mode: Listener) -> Found:
    try:
        with _spoken(address, mode) as (client, greeting):
            if not greeting.startswith(f"220 {settings.hostname} "):
                return fail(
                    "listener", f"Another program, or another gateway, answers on {address}: {greeting[:80]!r}."
                )
            shown = client.sock.getpeercert(binary_form=True) if isinstance(client.sock, ssl.SSLSocket) else None
    except ConnectionRefusedError:
        return fail(
            "listener", f"Nobody listens on {address}: start the gateway, or look into its log for why it ended."
        )
    except smtplib.SMTPResponseException as error:
        return fail("listener", f"{address} answers with {error.smtp_code}: is it a gateway, and has it room?")
    except OSError as error:
        return fail("listener", f"{address} doesn't answer as it should ({error.strerror or type(error).__name__}).")
    files = tls_files(settings)
    if files is None or shown is None:
        return ok("listener", f"{address} is served, in clear.")
    if ssl.DER_cert_to_PEM_cert(shown).strip() not in files.certificate.read_text("ascii", "replace"):
        return warn(
            "listener", f"{address} shows another certificate than {files.certificate}: `kill -HUP` the gateway."
        )
    return ok("listener", f"{address} is served, with TLS.")


def message(settings: Settings) -> Iterator[Found]:
    """A message by the whole way: into the database through a running gateway, found there, and taken out again."""
    usable = [one for one in settings.listeners() if not one[1].proxies or one[1].is_proxy("127.0.0.1")]
    if not usable:
        yield warn("message", "No listener can be tried from here: all are for proxies elsewhere.")
        return
    yield asyncio.run(_sent(settings, *usable[0]))


async def _sent(settings: Settings, address: str, mode: Listener) -> Found:
    key = installation_key(settings.store.key_file, create=False)
    store = await open_store(settings.store.place(), key, new_id, busy_timeout=settings.store.busy_timeout)
    try:
        capture = await store.read(_capture(sealing_of(settings, key), settings.domain))
        try:
            trace_id = await asyncio.to_thread(_deliver, settings, address, mode, capture)
        except smtplib.SMTPResponseException as error:
            told = (
                error.smtp_error.decode("ascii", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
            )
            return fail("message", escape(f"{address} answered {error.smtp_code} {told} to a test message."))
        except OSError as error:
            return fail("message", f"No test message by {address}: {error.strerror or type(error).__name__}.")
        return await _taken_out(store, trace_id)
    finally:
        await store.close()


async def _taken_out(store: Store, trace_id: str) -> Found:
    kept = await store.read(operator_mail.every())
    if trace_id not in {record.trace_id for record in kept}:
        return fail("message", f"The gateway took test message {trace_id}, but into another database than this one.")
    await store.change(operator_mail.remove(trace_id), erases=True)
    return ok("message", f"A test message went by SMTP into the database and was taken out again ({trace_id}).")


def _capture(sealing: Sealing, domain: str) -> Plan[str | None]:
    """A capture address that works, to see that it is taken; nothing is sent to it."""
    for account in (yield from accounts.every()):
        for record in (yield from addresses.every(account.id, sealing, domain)):
            if Channel(record.channel).explicit and (record.retires_at is None or record.retires_at > now()):
                return record.address
    return None


def _deliver(settings: Settings, address: str, mode: Listener, capture: str | None) -> str:
    """The trace id. Raises OSError, among them all of smtplib's."""
    to = f"postmaster@{settings.domain}"
    text = f"From: {to}\r\nTo: {to}\r\nSubject: bcc-gateway doctor\r\nDate: {format_datetime(localtime())}\r\n\r\n"
    with _spoken(address, mode) as (client, _):
        for recipient in filter(None, (capture, to)):
            _must(client.docmd("RSET"))
            _must(client.mail(""))
            _must(client.rcpt(recipient))
        return _must(client.data(f"{text}{secrets.token_hex(16)}\r\n".encode())).split()[-1]


def _must(answer: tuple[int, bytes]) -> str:
    code, text = answer
    if code not in (250, 251):
        raise smtplib.SMTPResponseException(code, text)
    return text.decode("ascii", "replace")
