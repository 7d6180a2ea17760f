"""What `init` must know: given by flags, else asked for at a terminal, each answer checked at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
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
DEFAULT_CHANNELS = ("bcc",)
NO_CERTIFICATE = "mail then comes in clear, and nobody can sign in to send it"


NO_NAME = "must be a name: the MX records of the capture domains lead to it, and can't lead to an IP address"


@dataclass(frozen=True, slots=True)
class Standing:
    """An account that there is already: its domains, addresses and names of its users, channels it is reached by."""

    account: str
    own_domains: Sequence[str]
    admin_addresses: Sequence[str]
    admin_names: Sequence[str]
    channels: Sequence[str]


@dataclass(frozen=True, slots=True)
class First:
    """The first account, and who runs it."""

    account: str
    own_domains: Sequence[str]
    admin_address: str
    admin_name: str
    channels: Sequence[str]

    def other_than(self, there: Standing) -> list[str]:
        """Flags that say otherwise than what stands."""
        asked = {
            "--own-domain": ([typed.domain(domain) for domain in self.own_domains], there.own_domains),
            "--admin-address": ([typed.address(a) for a in [self.admin_address] if a], there.admin_addresses),
            "--admin-name": ([name for name in [self.admin_name] if name], there.admin_names),
            "--capture": ([] if self.channels == DEFAULT_CHANNELS else self.channels, there.channels),
        }
        return [flag for flag, (wanted, known) in asked.items() if not set(wanted) <= set(known)]

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
        found = [("--own-domain", _refusal(typed.domain, domain)) for domain in self.own_domains]
        if self.account:
            found.append(("--account", _refusal(account_name, self.account)))
        if self.admin_address:
            found.append(("--admin-address", _refusal(typed.address, self.admin_address)))
        if self.admin_name:
            found.append(("--admin-name", _refusal(user_name, self.admin_name)))
        return [f"{flag}: {refusal}" for flag, refusal in found if refusal]


account_name, user_name = partial(typed.name, what="an account"), partial(typed.name, what="a user")


def environment() -> dict[str, str]:
    """Without the name of a file, which is yet to be written."""
    return {name: value for name, value in os.environ.items() if name != CONFIG}


def given_outside(path: str) -> bool:
    """Whether the environment gives this setting."""
    name = f"GATEWAY_{path.replace('.', '__').upper()}"
    return bool({name, f"{name}_FILE"} & set(os.environ))


def missing_settings(values: Values) -> list[str]:
    """Flags without which there is no knowing what to set."""
    return [FLAGS[path] for path in ("domain", "hostname") if path not in values and not given_outside(path)]


def completed(values: Values, folder: Path) -> Values:
    """With what nobody had to say."""
    found = {"smtp.listen": [LISTEN], "store.key_file": str(folder / "installation.key"), **values}
    if "store.url" not in found and not given_outside("store.url"):
        found.setdefault("store.path", str(folder / "gateway.db"))
    return {path: value for path, value in found.items() if path in values or not given_outside(path)}


def database(text: str) -> Values:
    """The setting for what is either the path of a file or the address of a server."""
    return {"store.url": text} if "://" in text else {"store.path": str(Path(text).absolute())}


def faults(values: Mapping[str, object]) -> list[Fault]:
    """What is wrong with these settings, and with the environment's beside them; what isn't given yet aside."""
    try:
        settings = load(environment(), None, values)
    except ConfigurationError as error:
        return [fault for fault in error.faults if not (fault.path == "domain" and "domain" not in values)]
    return [*_name_faults(settings), *_certificate_faults(settings)]


def _name_faults(settings: Settings) -> Sequence[Fault]:
    try:
        ip_address(settings.hostname.strip("[]"))
    except ValueError:
        return []
    return [Fault("hostname", "flag", NO_NAME)]


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

    def ask(paths: Sequence[str], question: Callable[[], Values]) -> None:
        if any(path in found or given_outside(path) for path in paths):
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
        file = _prompt(f"TLS certificate with its chain, a PEM file (or nothing: {NO_CERTIFICATE})", "")
        if not file:
            return {}
        key = _prompt("Its private key, a PEM file")
        return {"smtp.certificate": str(Path(file).absolute()), "smtp.private_key": str(Path(key).absolute())}

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
    account = given.account or _checked("Name of the first account", account_name)
    domains = given.own_domains or _domains(_checked("Its own domains, with commas between", _domains))
    address = given.admin_address or _checked("Address of its first admin", typed.address)
    name = given.admin_name or _checked("Name of its first admin", user_name)
    return First(account, domains, address, name, given.channels)


def _domains(text: str) -> list[str]:
    return [typed.domain(domain) for domain in text.split(",")]


def _checked(question: str, check: Callable[[str], object]) -> str:
    while True:
        answer = _prompt(question)
        refusal = _refusal(check, answer)
        if not refusal:
            return answer
        click.echo(f"  {refusal}", err=True)


def _refusal(check: Callable[[str], object], text: str) -> str:
    """Why this can't be, or ""."""
    try:
        check(text)
    except Refused as refused:
        return str(refused)
    return ""


def _prompt(question: str, default: str | None = None) -> str:
    answer: str = click.prompt(question, default=default, show_default=bool(default), err=True)
    return answer.strip()
