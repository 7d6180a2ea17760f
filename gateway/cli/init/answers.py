"""What `init` must know: given by flags, else asked for at a terminal, each answer checked at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from config.load import CONFIG, ConfigurationError, Fault, load
from config.settings import Settings
from gateway.smtp.tls import Files, UnusableCertificateError
from storage.administration import typed
from storage.errors import Refused

Values = dict[str, object]
"""Settings by dotted path, as flags give them."""

FLAGS = {
    "domain": "--domain",
    "hostname": "--hostname",
    "smtp.listen": "--listen",
    "smtp.certificate": "--certificate",
    "smtp.private_key": "--private-key",
    "store.path": "--database",
    "store.url": "--database",
    "store.key_file": "--key-file",
    "console.listen": "--console",
    "console.url": "--console-url",
}
LISTEN, CONSOLE = "0.0.0.0:25", "127.0.0.1:8025"
NO_CERTIFICATE = (
    "without one nobody can use STARTTLS: mail comes in clear, and no user or server can sign in. It can be added later"
)


@dataclass(frozen=True, slots=True)
class First:
    """The first account, and who runs it."""

    account: str
    own_domains: Sequence[str]
    admin_address: str
    admin_name: str
    channels: Sequence[str]

    def missing(self) -> list[str]:
        """Flags that weren't given."""
        given = {
            "--account": self.account,
            "--own-domain": self.own_domains,
            "--admin-address": self.admin_address,
            "--admin-name": self.admin_name,
        }
        return [flag for flag, value in given.items() if not value]

    def faults(self) -> list[str]:
        """What is wrong with what was given."""
        checks = [
            ("--account", lambda: typed.name(self.account, "an account")),
            *[("--own-domain", lambda domain=domain: typed.domain(domain)) for domain in self.own_domains],
            ("--admin-address", lambda: typed.address(self.admin_address)),
            ("--admin-name", lambda: typed.name(self.admin_name, "a user")),
        ]
        found = [(flag, _refusal(check)) for flag, check in checks if flag not in self.missing()]
        return [f"{flag}: {refusal}" for flag, refusal in found if refusal]


def environment() -> dict[str, str]:
    """Without the name of a file, which is yet to be written."""
    return {name: value for name, value in os.environ.items() if name != CONFIG}


def database(text: str) -> Values:
    """The settings for what is either the path of a file or the address of a server."""
    return {"store.url" if "://" in text else "store.path": text}


def faults(values: Mapping[str, object]) -> list[Fault]:
    """What is wrong with these settings, and with the environment's beside them; what isn't given yet aside."""
    try:
        settings = load(environment(), None, values)
    except ConfigurationError as error:
        return [fault for fault in error.faults if not (fault.path == "domain" and "domain" not in values)]
    return list(_certificate_faults(settings))


def _certificate_faults(settings: Settings) -> Sequence[Fault]:
    smtp = settings.smtp
    if smtp.certificate and smtp.private_key:
        try:
            Files(smtp.certificate, smtp.private_key).load(datetime.now(UTC))
        except UnusableCertificateError as error:
            return [Fault("smtp.certificate", "flag", f"can't be used: {error}")]
    return []


def ask_settings(values: Values, folder: Path) -> Values:
    """All settings: those that are given, and what a person says about the others."""
    found = dict(values)
    env = environment()

    def ask(paths: Sequence[str], question: Callable[[], Values]) -> None:
        names = {f"GATEWAY_{path.replace('.', '__').upper()}{end}" for path in paths for end in ("", "_FILE")}
        if names & set(env) or any(path in found for path in paths):
            return
        while True:
            answer = question()
            wrong = [fault for fault in faults({**found, **answer}) if fault.path in paths]
            if not wrong:
                found.update(answer)
                return
            for fault in wrong:
                click.echo(f"  {fault.path} {fault.sentence}", err=True)

    def certificate() -> Values:
        file = _prompt(f"TLS certificate with its chain, a PEM file, or nothing:\n{NO_CERTIFICATE}\n ", "")
        return {"smtp.certificate": file, "smtp.private_key": _prompt("Its private key, a PEM file")} if file else {}

    def console() -> Values:
        listen = _prompt("The console for browsers listens on (host:port; - for no console)", CONSOLE)
        if listen == "-":
            return {"console.listen": ""}
        url = _prompt("Where browsers find it, if through a proxy with TLS (https://…; nothing: on this machine)", "")
        return {"console.listen": listen, "console.url": url}

    ask(["domain"], lambda: {"domain": _prompt("Capture addresses are at bcc. and so on below the domain")})
    ask(["hostname"], lambda: {"hostname": _prompt("Name of this server in DNS", f"gateway.{found.get('domain', '')}")})
    ask(["smtp.listen"], lambda: {"smtp.listen": _prompt("It takes mail on (host:port)", LISTEN)})
    ask(["smtp.certificate", "smtp.private_key"], certificate)
    ask(
        ["store.path", "store.url"],
        lambda: database(_prompt("Database: a file, or postgresql://user@host/database", str(folder / "gateway.db"))),
    )
    ask(["console.listen", "console.url"], console)
    return found


def ask_first(given: First) -> First:
    """The first account: what is given, and what a person says about the rest."""
    account = given.account or _checked("Name of the first account (your company)", lambda t: typed.name(t, "an account"))
    domains = given.own_domains or _checked(
        "Its own domains, whose addresses are internal (with commas)",
        lambda text: ",".join(map(typed.domain, text.split(","))),
    ).split(",")
    address = given.admin_address or _checked("Address of the first admin", typed.address)
    name = given.admin_name or _checked("Name of the first admin", lambda text: typed.name(text, "a user"))
    return First(account, domains, address, name, given.channels)


def _checked(question: str, check: Callable[[str], object]) -> str:
    while True:
        answer = _prompt(question)
        refusal = _refusal(lambda answer=answer: check(answer))
        if not refusal:
            return answer
        click.echo(f"  {refusal}", err=True)


def _refusal(check: Callable[[], object]) -> str:
    try:
        check()
    except Refused as refused:
        return str(refused)
    return ""


def _prompt(question: str, default: str | None = None) -> str:
    answer: str = click.prompt(question, default=default, show_default=bool(default), err=True)
    return answer.strip()
