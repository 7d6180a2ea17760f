"""Every setting: its type and its default.

The limits are made from the dataclasses that the product works with, so each limit and its default stand in one place.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from config.values import (
    ConsoleAddress,
    DatabaseUrl,
    FilePath,
    HostName,
    ListenAddresses,
    NameServers,
    Networks,
    Seconds,
    WebAddress,
    Whole,
    listener,
)
from gateway.core.limits import DkimLimits, DnsLimits, ParserLimits, ReadingLimits
from gateway.smtp.limits import SmtpLimits
from gateway.smtp.listener import Listener
from gateway.webhooks.limits import WebhookLimits
from storage.place import Place, Server

MAY_BE_ZERO = {
    "reserved_for_sources",
    "data_rate",
    "data_grace",
    "unknown_recipients_delay",
    "data_in_memory_for_sources",
    "free_disk",
    "drain",
    "linger",
}


class Section(BaseModel):
    # hide_input_in_errors: a fault must never repeat a value, which may be a secret pasted into the wrong place.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)


Limits = type[SmtpLimits] | type[ReadingLimits] | type[ParserLimits] | type[DnsLimits] | type[DkimLimits]


def limits_section(limits: Limits) -> type[Section]:
    """A section with one setting for each field of a limits dataclass."""
    settings: dict[str, Any] = {}  # Any: what create_model takes
    for limit in fields(limits):
        kind = Seconds if limit.type == "float" else Whole
        bound = Field(limit.default, ge=0) if limit.name in MAY_BE_ZERO else Field(limit.default, gt=0)
        settings[limit.name] = (kind, bound)
    return create_model(limits.__name__, __base__=Section, **settings)


if TYPE_CHECKING:  # a type checker cannot know a class made at run time

    class SmtpLimitsSection(Section): ...

    class ReadingSection(Section): ...

    class ParserSection(Section): ...

    class DnsLimitsSection(Section): ...

    class DkimSection(Section): ...

else:
    SmtpLimitsSection = limits_section(SmtpLimits)
    ReadingSection = limits_section(ReadingLimits)
    ParserSection = limits_section(ParserLimits)
    DnsLimitsSection = limits_section(DnsLimits)
    DkimSection = limits_section(DkimLimits)


class Smtp(Section):
    listen: ListenAddresses = ("127.0.0.1:2525",)
    certificate: FilePath | None = None
    private_key: FilePath | None = None
    client_ca: FilePath | None = None
    sources_need_tls: bool = False
    workers: Annotated[Whole, Field(ge=1)] = 1
    drain_delay: Seconds = 0
    limits: SmtpLimitsSection = SmtpLimitsSection()


class Dns(Section):
    nameservers: NameServers = ()
    limits: DnsLimitsSection = DnsLimitsSection()


class Store(Section):
    path: FilePath = Path("data/gateway.db")
    url: DatabaseUrl | None = None
    connections: Annotated[Whole, Field(ge=2)] = 2
    prepared_statements: bool = True
    key_file: FilePath = Path("data/installation.key")
    mail_key_file: FilePath | None = None
    busy_timeout: Annotated[Seconds, Field(gt=0)] = 5
    network_file_system: bool = False

    def place(self) -> Place:
        """The server that is named, else the file, behind a link the real one: SQLite keeps its log beside that."""
        if self.url is None:
            return self.path.resolve() if self.path.is_symlink() else self.path
        return Server(self.url.get_secret_value(), self.connections, self.prepared_statements)


class Console(Section):
    listen: ConsoleAddress = ""
    url: WebAddress = ""


class Health(Section):
    listen: ConsoleAddress = "127.0.0.1:9125"


_WEBHOOKS = WebhookLimits()


class Webhooks(Section):
    networks: Networks = _WEBHOOKS.networks
    loopback: bool = _WEBHOOKS.loopback
    ca_file: FilePath | None = _WEBHOOKS.ca_file
    timeout: Annotated[Seconds, Field(gt=0)] = _WEBHOOKS.timeout
    concurrent: Annotated[Whole, Field(ge=1)] = _WEBHOOKS.concurrent
    concurrent_per_webhook: Annotated[Whole, Field(ge=1)] = _WEBHOOKS.concurrent_per_webhook
    give_up_after: Annotated[Seconds, Field(ge=0)] = _WEBHOOKS.give_up_after


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class Settings(Section):
    hostname: HostName = "localhost"
    domain: HostName
    smtp: Smtp = Smtp()
    reading: ReadingSection = ReadingSection()
    parser: ParserSection = ParserSection()
    dns: Dns = Dns()
    dkim: DkimSection = DkimSection()
    store: Store = Store()
    console: Console = Console()
    health: Health = Health()
    webhooks: Webhooks = Webhooks()
    log: Log = Log()

    def listeners(self) -> list[tuple[str, Listener]]:
        """Address and mode of each."""
        return [listener(text) for text in self.smtp.listen]

    def smtp_limits(self) -> SmtpLimits:
        return SmtpLimits(**self.smtp.limits.model_dump())

    def reading_limits(self) -> ReadingLimits:
        return ReadingLimits(**self.reading.model_dump())

    def parser_limits(self) -> ParserLimits:
        return ParserLimits(**self.parser.model_dump())

    def dns_limits(self) -> DnsLimits:
        return DnsLimits(**self.dns.limits.model_dump())

    def webhook_limits(self) -> WebhookLimits:
        return WebhookLimits(**dict(self.webhooks))

    def dkim_limits(self) -> DkimLimits:
        return DkimLimits(**self.dkim.model_dump())


def paths(section: type[Section] = Settings, prefix: str = "") -> dict[str, bool]:
    """Every dotted path below a section, in order: True for a setting, False for a section."""
    found: dict[str, bool] = {}
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            found |= {prefix + name: False, **paths(inner, f"{prefix}{name}.")}
        else:
            found[prefix + name] = True
    return found


def value_at(settings: Settings, path: str) -> object:
    """The value of a setting, by its dotted path."""
    value: object = settings
    for name in path.split("."):
        value = getattr(value, name)
    return value


def plain_value(settings: Settings, path: str) -> object:
    """The same as JSON and TOML have it. A setting of a secret type comes out masked."""
    value: object = settings.model_dump(mode="json")
    for name in path.split("."):
        value = value[name] if isinstance(value, dict) else None
    return int(value) if isinstance(value, float) and value.is_integer() else value
