"""`source`: the mail servers that may use the passive channels."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.cli import common, password
from gateway.cli.common import Options
from gateway.core.delivery import FIELDS
from gateway.core.model import Channel, Source
from storage.administration import passwords as stored
from storage.administration import sources
from storage.administration.sources import TRUSTING, VOUCHING


@click.group("source")
def group() -> None:
    """Keep the mail servers that may send copies by themselves. A SOURCE is named by name or id."""


@group.command()
@click.argument("name")
@click.argument("network", default="")
@click.option(
    "--channel",
    "channels",
    type=click.Choice([c.value for c in Channel if not c.explicit]),
    multiple=True,
    required=True,
    help="What it may use; may be repeated.",
)
@click.option("--login", default="", metavar="NAME", help="It signs in under this name; then `source password` it.")
@click.option(
    "--certificate",
    default="",
    metavar="FILE|SHA256",
    help="It shows this TLS client certificate: a PEM file, or the hash of one.",
)
@click.option(
    "--authserv-id",
    default="",
    metavar="NAME",
    help="Its Authentication-Results under this name are believed: only if it takes out those of others.",
)
@click.option("--vouches", is_flag=True, help="Its senders count as proven: only if it copies signed-in users' mail.")
@click.option(
    "--trusts",
    default="",
    metavar="FIELD,…",
    help=f"Header fields that are believed about who got the original: {', '.join(FIELDS)}.",
)
@click.option("--alternate", is_flag=True, help="The alternate journal mailbox: it returns undeliverable reports.")
@click.option(
    "--host",
    "hosts",
    metavar="DOMAIN|NETWORK",
    multiple=True,
    help="Its own hosts, besides those of the account's domains, for vouching on the channel journal; may be repeated.",
)
@click.option(
    "--label", "labels", metavar="NAME", multiple=True, help="A further line of its journal reports; may be repeated."
)
@click.option(
    "--silence-hours",
    type=click.IntRange(0, sources.MOST_HOURS),
    default=0,
    metavar="N",
    help="Warn in the log once it has sent nothing for so long; 0: never.",
)
@common.options
def add(
    options: Options,
    name: str,
    network: str,
    channels: tuple[str, ...],
    *,
    login: str,
    certificate: str,
    authserv_id: str,
    trusts: str,
    hosts: tuple[str, ...],
    labels: tuple[str, ...],
    silence_hours: int,
    vouches: bool,
    alternate: bool,
) -> None:
    """Let a mail server send copies.

    It is known by its NETWORK (192.0.2.0/24, or one IP address), its login or its certificate. At least one of the
    three is needed, and all that are given must hold.
    """
    fingerprint = common.told(lambda: _fingerprint(certificate))
    fields = [field for field in trusts.split(",") if field.strip()]
    source = common.change(
        options,
        lambda desk, account_id: sources.add(
            desk.act,
            account_id,
            name,
            network,
            channels,
            login=login,
            certificate=fingerprint,
            authserv_id=authserv_id,
            vouches=vouches,
            trusts=fields,
            alternate=alternate,
            hosts=hosts,
            labels=labels,
            silence_hours=silence_hours,
        ),
    )
    common.say(f"{source.name} {_known_by(source)} may use {' and '.join(sorted(source.channels))}.")
    if source.login:
        common.say(f"It can sign in once it has a password: bcc-gateway source password {source.name}")
    if vouches:
        common.say(VOUCHING)
    else:
        common.say("It doesn't vouch: each sender must be proven by the message itself.")
    if source.trusts:
        common.say(TRUSTING)
    if alternate:
        common.say("Journal reports that were returned undelivered are believed from it.")


@group.command("list")
@common.as_json_option
@common.options
def list_(options: Options, *, as_json: bool) -> None:
    """List all sources."""
    records = common.read(options, lambda _, account_id: sources.listed(account_id))
    columns = ["name", "network", "login", "channels", "vouches", "trusts", "alternate", "hosts", "labels"]
    columns += ["seen_at", "silence_hours", "silent_at"]
    common.show_list(records, columns, as_json=as_json)


@group.command("set")
@click.argument("source")
@click.option(
    "--silence-hours",
    type=click.IntRange(0, sources.MOST_HOURS),
    metavar="N",
    required=True,
    help="Warn in the log once it has sent nothing for so long; 0: never.",
)
@common.options
def set_(options: Options, source: str, *, silence_hours: int) -> None:
    """Say after how many hours without mail from a source the log warns of it."""
    changed = common.change(options, lambda desk, a: sources.set_silence(desk.act, a, source, silence_hours))
    if silence_hours:
        common.say(f"Once {changed.name} has sent nothing for {silence_hours} hours, the log has source.silent.")
    else:
        common.say(f"Nobody is warned if {changed.name} sends nothing.")


@group.command()
@click.argument("source")
@common.options
def remove(options: Options, source: str) -> None:
    """Let a mail server send no more copies, from its next connection on."""
    removed = common.change(options, lambda desk, account_id: sources.remove(desk.act, account_id, source))
    common.say(f"{removed.name} {_known_by(removed)} is no source any more.")


@group.command("password")
@click.argument("source")
@password.options
@common.options
def password_(options: Options, source: str, *, generate: bool, from_stdin: bool, remove: bool) -> None:
    """Set the password with which a source signs in (SMTP AUTH), under its login."""
    if remove:
        taken = common.change(options, lambda desk, a: stored.take_from_source(desk.act, a, source))
        common.say(f"{taken.name} can't sign in any more.")
        return
    with password.new(generate=generate, from_stdin=from_stdin) as hashed:
        common.change(options, lambda desk, a: stored.give_source(desk.act, a, source, hashed))


def _known_by(source: Source) -> str:
    """Such as "at 192.0.2.0/24, signed in as mx"."""
    network = f"at {source.network}" if source.network else ""
    login = f"signed in as {source.login}" if source.login else ""
    certificate = f"with the certificate {source.certificate[:16]}…" if source.certificate else ""
    return ", ".join(filter(None, (network, login, certificate)))


def _fingerprint(certificate: str) -> str:
    """The SHA-256 of the first certificate in a file; what names no file is a hash already, or is refused as one."""
    if not certificate or not Path(certificate).exists():
        return certificate
    try:
        found = x509.load_pem_x509_certificates(Path(certificate).read_bytes())[0]
    except ValueError:
        common.fail(f"{certificate} holds no certificate in PEM form.")
    return hashlib.sha256(found.public_bytes(Encoding.DER)).hexdigest()
