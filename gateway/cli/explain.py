"""`bcc-gateway explain`: what would be decided about a message now. Nothing is written."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path

import click

from gateway.authenticate import Authenticator
from gateway.authenticate.dns import Resolver
from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.cli.listing import findings_record
from gateway.core.approval import WHAT_TO_DO
from gateway.core.cases import Setting
from gateway.core.decision import Decision
from gateway.core.explain import explain as explained
from gateway.core.message import author
from gateway.core.model import Envelope, Outcome, Recipient
from gateway.core.reasons import sentence
from gateway.ingest import Ingest
from gateway.operator_log import escape

OPERATOR_MAIL = "operator.mail"


@click.command()
@click.argument("path", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--to", "rcpt_to", required=True, metavar="ADDRESS", help="The capture address it is sent to.")
@click.option("--mail-from", default=None, metavar="ADDRESS", help="Envelope sender; default: the address in From.")
@click.option("--peer", default="127.0.0.1", metavar="IP", help="The client that delivers it.", show_default=True)
@common.as_json_option
@common.options
def explain(
    options: Options, path: Path, rcpt_to: str, mail_from: str | None, peer: str, *, as_json: bool
) -> None:
    """Decide the message in PATH (- for standard input) as it would be decided now, and say why."""
    try:
        client = str(ipaddress.ip_address(peer))
    except ValueError:
        common.fail(f"{peer} is no IP address", 2)
    raw = common.told(lambda: sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes())
    # A file on disk has the line ends of its machine; on the wire they would be CRLF.
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    async def work(desk: Desk) -> list[Decision] | str:
        settings, act = desk.settings, desk.act
        setting = Setting(settings.domain, settings.hostname, act.keyed, settings.reading_limits())
        deadline, resolver = settings.smtp_limits().handler, Resolver(settings.dns.nameservers, settings.dns_limits())
        authenticator = Authenticator(resolver.lookups, settings.dkim_limits())
        ingest = Ingest(desk.store, setting, desk.sealing, authenticator, deadline, act.new_id, lambda: act.at)
        known = await ingest.peer(client)
        recipient = await ingest.recipient(known, rcpt_to)
        if not isinstance(recipient, Recipient):
            return recipient if isinstance(recipient, str) else OPERATOR_MAIL
        sender = author(raw) if mail_from is None else mail_from.strip("<>")
        envelope = Envelope(act.new_id(), known, sender, (recipient,), act.at)
        try:
            return await ingest.explain(envelope, raw)
        finally:
            await resolver.close()

    decided = common.run(options, work)
    if isinstance(decided, str):
        common.fail(f"{'held' if decided == OPERATOR_MAIL else 'refused'} {decided}: {sentence(decided)}")
    for decision in decided:
        if as_json:
            told = {"outcome": decision.outcome, "reason": decision.reason, "flags": list(decision.flags)}
            common.print_json({**told, "findings": findings_record(decision.findings)})
        else:
            click.echo("\n".join(map(escape, explained(decision).rstrip("\n").split("\n"))))
            if decision.outcome is Outcome.HELD:
                click.echo(f"  It would wait for a person. {WHAT_TO_DO.get(decision.reason, '')}")
