"""`bcc-gateway demo`: a demo account, sample messages through the gateway's own SMTP port, then serving."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import dkim

from config.load import ConfigurationError, load
from config.settings import Settings
from gateway import app, process
from gateway.cli import demo_accounts
from gateway.cli.demo_dns import serve_zones
from gateway.cli.listing import colour
from gateway.clock import new_id, now
from gateway.core.reasons import sentence
from gateway.operator_log import OperatorLog, stopped
from storage import migrate, reads
from storage.administration import accounts, users
from storage.open import installation_key, open_store

_CONFIGURATION = """\
# Made by the demo.
domain = "log.example"

[smtp]
listen = ["127.0.0.1:{port}"]

[store]
path = "{folder}/gateway.db"
key_file = "{folder}/installation.key"

[console]
listen = "127.0.0.1:{console}"

[health]
listen = ""

[dns]
nameservers = ["{nameserver}"]

[log]
level = "warning"
"""

_PROVIDER, _ANYBODY = "127.0.0.2", "127.0.0.3"
"""Where mail comes from that no mail server of the account brings: the user's provider, and everybody else."""
_SIGNED = [b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One message of the demo: what it shows, and where it goes."""

    file: Path
    about: str
    to: str
    from_outside: bool = False
    """Sent from an address that is no mail server of the account."""
    signed_by: str = ""
    """The domain whose mail server signs it."""


_FOLDER, _PORT = click.Path(path_type=Path, file_okay=False), click.IntRange(1, 65535)


@click.command()
@click.option("--samples", type=_FOLDER, default=Path("fixtures/demo"), show_default=True, help="Messages to send.")
@click.option("--folder", type=_FOLDER, default=Path("data/demo"), show_default=True, help="Where its database is.")
@click.option("--port", type=_PORT, default=2525, show_default=True, help="SMTP port on loopback.")
@click.option("--console", type=_PORT, default=8025, show_default=True, help="Port of the console on loopback.")
@click.option("--once", is_flag=True, help="End after the samples.")
def demo(samples: Path, folder: Path, port: int, console: int, *, once: bool) -> None:
    """Show what the gateway does: make two accounts, send samples, print each decision with its reason, then serve."""
    script = samples / "samples.toml"
    if not script.is_file():
        click.echo(f"bcc-gateway: no {script}; name the folder of the samples with --samples", err=True)
        raise SystemExit(1)
    config_file = folder / "gateway.toml"
    folder.mkdir(parents=True, exist_ok=True)
    log = OperatorLog("warning")
    try:
        people = tomllib.loads(script.read_text(encoding="utf-8"))
        asyncio.run(_run(people, samples, config_file, (port, console), once=once))
    except ConfigurationError as error:
        click.echo("\n".join(f"bcc-gateway: {f.path}: {f.sentence}" for f in error.faults), err=True)
        raise SystemExit(78) from None
    except app.FaultError as fault:
        hint = "; choose others with --port and --console" if "listen" in str(fault) else ""
        click.echo(f"bcc-gateway: {fault}{hint}", err=True)
        raise SystemExit(fault.exit_code) from None
    finally:
        log.close()


async def _run(
    script: Mapping[str, object], folder: Path, config_file: Path, ports: tuple[int, int], *, once: bool
) -> None:
    process.route_stray_errors()
    told_to_stop = process.stop_on_signal()
    nameserver, close_dns = await serve_zones(folder.glob("*.zone"))
    text = _CONFIGURATION.format(port=ports[0], console=ports[1], folder=config_file.parent, nameserver=nameserver)
    config_file.write_text(text, encoding="utf-8")
    settings = load({}, config_file, {"smtp.listen": ["127.0.0.1:0"], "console.listen": ""} if once else None)
    captures = await _prepare(settings, script)
    messages: Sequence[Mapping[str, object]] = script["message"]  # type: ignore[assignment]  # our own file
    if any(message["to"] not in captures for message in messages):
        raise app.FaultError(f"{config_file.parent} holds the demo of another version; remove it and start again", 1)
    running = await app.App.start(settings)
    try:
        host, port = running.addresses[0]
        for number, message in enumerate(messages, 1):
            sample = Sample(
                folder / str(message["file"]),
                str(message["about"]),
                captures[str(message["to"])],
                from_outside=bool(message.get("from_outside")),
                signed_by=str(message.get("signed_by", "")),
            )
            click.echo(f"\n{number:>2}  {sample.about}")
            reply = await asyncio.to_thread(_send, sample, _sent(sample, config_file.parent / "sent"), host, port)
            click.echo(f"    {reply}")
            for text in await _decided(running, reply):
                click.echo(f"    {text}")
        _say_what_next(captures, config_file, host, port, once=once)
        if running.console:
            click.echo(f"The console, where you are signed in once:\n    {await _entrance(running)}")
        if not once:
            await told_to_stop.wait()
    finally:
        await running.stop()
        stopped()
        await close_dns()


async def _prepare(settings: Settings, script: Mapping[str, object]) -> dict[str, str]:
    """The database with the demo's accounts; their capture addresses by the names that the samples use."""
    key = installation_key(settings.store.key_file, create=not settings.store.path.exists())
    migrate.migrate(settings.store.path, now())
    store = await open_store(settings.store.path, key, new_id)
    try:
        accounts: Sequence[Mapping[str, object]] = script["account"]  # type: ignore[assignment]  # our own file
        return await demo_accounts.ensure(store, key, settings.domain, accounts)
    finally:
        await store.close()


def _sent(sample: Sample, folder: Path) -> bytes:
    """The sample as its author's mail server sends it on: signed once, and the same ever after."""
    raw = sample.file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if not sample.signed_by:
        return raw
    signed = folder / sample.file.name
    if not signed.exists():
        key = sample.file.with_name(f"{sample.signed_by}.key").read_bytes()
        signature: bytes = dkim.sign(raw, b"demo", sample.signed_by.encode(), key, include_headers=_SIGNED)
        folder.mkdir(exist_ok=True)
        signed.write_bytes(signature + raw)
    return signed.read_bytes()


def _send(sample: Sample, raw: bytes, host: str, port: int) -> str:
    """The gateway's last word about the message, as the sending server sees it."""
    source = (_PROVIDER if sample.signed_by else _ANYBODY, 0) if sample.from_outside else None
    if sample.signed_by and not _is_here(_PROVIDER):
        source = None
    try:
        with smtplib.SMTP(host, port, "demo.example", 30, source) as client:
            client.ehlo()
            sender = raw.partition(b"From: ")[2].partition(b"<")[2].partition(b">")[0].decode()
            for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{sample.to}>"):
                code, text = client.docmd(command)
                if code >= 400:
                    return f"{code} {text.decode()}"
            code, text = client.data(raw)
            return f"{code} {text.decode()}"
    except OSError as error:
        return f"not sent: {error.strerror or error}"


def _is_here(address: str) -> bool:
    """Some machines have no loopback address but the first one."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


async def _decided(running: app.App, reply: str) -> list[str]:
    """What was decided, in a line, and on whose record and for whom it was logged."""
    texts = []
    for decision in await running.store.read(reads.by_trace(reply.rpartition(" ")[2])):
        texts.append(f"{colour(decision.outcome)} {decision.reason}: {sentence(decision.reason)}")
        if decision.trace_id not in reply:
            texts.append(f"(delivery {decision.deliveries} of the same message: the first decision stands)")
        said = {f.stage: f for f in await running.store.read(reads.findings(decision))}
        if "attribution" in said:
            rule = said["attribution"]
            user, _, chosen_from = rule.evidence.partition("; ")
            texts.append(f"on {said['contacts'].evidence}, for {user}" + (f" ({chosen_from})" if chosen_from else ""))
            texts.append(f"{rule.slug}: {rule.sentence}")
    return texts


async def _entrance(running: app.App) -> str:
    """A link that signs in the first admin of the first account."""
    [account, *_] = await running.store.read(accounts.every())
    everybody = await running.store.read(users.every(account.id))
    admin = next(user for user in everybody if {"account_access", "super_admin"} & set(user.permissions))
    return running.console.entrance(admin.id) if running.console else ""


def _say_what_next(captures: Mapping[str, str], config_file: Path, host: str, port: int, *, once: bool) -> None:
    click.echo("\nCapture addresses:")
    for name, address in captures.items():
        click.echo(f"    {name:<34} {address}")
    options = f"--config {config_file}"
    click.echo("\nTry next:")
    for command in (
        f"tail {options}",
        f"trace nina@client.example {options}",
        f"never-log list --account acme {options}",
        f"explain fixtures/demo/04-new-thread.eml --to {captures['acme bcc ana@acme.example']} {options}",
        "inspect fixtures/demo/02-reply.eml",
    ):
        click.echo(f"    .venv/bin/bcc-gateway {command}")
    if not once:
        click.echo(f"\nServing SMTP on {host}:{port}. Ctrl-C ends.")
