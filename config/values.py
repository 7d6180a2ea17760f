"""How the values of settings are written. Each reader takes what TOML or the environment gave and says in a plain
sentence what it wanted; a sentence never repeats the value, which may be a secret pasted into the wrong place."""

from __future__ import annotations

import ipaddress
import math
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr

from gateway.smtp.listener import Listener, Network, Tls

UNITS = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ADDRESS = re.compile(r"(\[(?P<ipv6>[^\]]+)\]|(?P<name>[^:\[\]]+)):(?P<port>[0-9]{1,5})")
_MODES = "an address may be followed by tls=required or tls=implicit, auth, client-certificates, and proxy=NETWORK"
_DATABASE = re.compile(r"postgres(ql)?://[!-~]+")
_AMOUNT = re.compile(r"\s*([0-9]{1,15})\s*(|KiB|MiB|GiB)\s*")


def whole_number(value: object) -> int:
    """A count or a size in bytes, as an integer or as text such as "25 MiB"."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('must be a whole number; a size may be written like "25 MiB" (KiB, MiB, GiB)')
    return int(match[1]) * UNITS[match[2]]


def seconds(value: object) -> float:
    """A duration, possibly zero."""
    number = math.nan
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    if not 0 <= number < math.inf:
        raise ValueError("must be a number of seconds")
    return number


def host_name(value: object) -> str:
    """A domain in lower case (RFC 5321 §4.1.2: letters, digits and hyphens)."""
    name = value.lower() if isinstance(value, str) else ""
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("must be a domain name in ASCII, such as log.example (an international one as xn--…)")
    return name


def host_and_port(address: str) -> tuple[str, int]:
    """Takes "host:port" or "[IPv6 address]:port" apart. Port 0 lets the system choose. ValueError if it is neither."""
    match = _ADDRESS.fullmatch(address)
    try:
        if match and int(match["port"]) <= 65535:
            host = str(ipaddress.IPv6Address(match["ipv6"])) if match["ipv6"] else host_name(match["name"])
            return host, int(match["port"])
    except ValueError:
        pass
    raise ValueError('must be given as "host:port" or "[IPv6 address]:port", port at most 65535')


def console_address(value: object) -> str:
    """Where the console listens, or nothing."""
    if not isinstance(value, str):
        raise ValueError('must be given as "host:port"')  # noqa: TRY004 — pydantic takes ValueError only
    if value:
        host_and_port(value)
    return value


def web_address(value: object) -> str:
    """Scheme and host of an address for browsers, or nothing."""
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or (value and (parts.scheme not in ("http", "https") or not parts.netloc)):
        raise ValueError("must be an address for browsers, such as https://log.example.com")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an address without a path, such as https://log.example.com")
    return f"{parts.scheme}://{parts.netloc.lower()}" if value else ""


def listener(text: str) -> tuple[str, Listener]:
    """Takes "host:port" with the words for its mode behind it apart: address and mode. ValueError for anything else."""
    address, *words = text.split()
    host_and_port(address)
    modes = [word for word in words if not word.startswith("proxy=")]
    tls = [Tls(word.removeprefix("tls=")) for word in modes if word in ("tls=required", "tls=implicit")]
    others = [word for word in modes if word in ("auth", "client-certificates")]
    if len(tls) + len(others) < len(modes) or len(tls) > 1 or len(set(words)) < len(words):
        raise ValueError(f"must name modes that there are, each once: {_MODES}")
    proxies = tuple(_proxy(word.removeprefix("proxy=")) for word in words if word.startswith("proxy="))
    if tls == [Tls.IMPLICIT] and proxies:
        raise ValueError("must not have tls=implicit and proxy= together: behind a proxy, TLS begins with STARTTLS")
    mode = Listener(tls[0] if tls else Tls.OFFERED, "auth" in others, "client-certificates" in others, proxies)
    return address, mode


def _proxy(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        network = None
    if network is None or not network.prefixlen:
        raise ValueError("must name a proxy by its network or IP address, as in proxy=192.0.2.0/24")
    return network


def listen_addresses(value: object) -> tuple[str, ...]:
    """A list, or text with commas between, as the environment has it."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not given or not all(isinstance(item, str) for item in given):
        raise ValueError('must be a list of "host:port" with at least one')
    listeners = tuple(" ".join(item.split()) for item in given)
    if len({listener(item or ":")[0] for item in listeners}) < len(listeners):
        raise ValueError("must not name an address twice")
    return listeners


def name_servers(value: object) -> tuple[str, ...]:
    """A list, or text with commas between; empty for the system's own."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(item, str) for item in given):
        raise ValueError("must be a list of IP addresses, each with or without a port")
    servers = tuple(filter(None, (item.strip() for item in given)))
    for server in servers:
        _name_server(server)
    return servers


def _name_server(text: str) -> None:
    match = _ADDRESS.fullmatch(text)
    host = (match["ipv6"] or match["name"]) if match and int(match["port"]) <= 65535 else text
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError('must name servers by IP address, as "192.0.2.53" or "192.0.2.53:5353"') from None


def networks(value: object) -> tuple[Network, ...]:
    """A list, or text with commas between, of networks or IP addresses."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        raise ValueError('must be a list of networks, such as ["192.0.2.0/24"]')  # noqa: TRY004 — pydantic takes ValueError only
    try:
        return tuple(ipaddress.ip_network(str(one).strip()) for one in given if str(one).strip())
    except ValueError:
        raise ValueError('must name networks as "192.0.2.0/24" or "2001:db8::/32"') from None


def file_path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("must be the path of a file")
    return Path(value)


def database_url(value: object) -> SecretStr:
    """The address of a PostgreSQL database. It may hold a password."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str) or not _DATABASE.fullmatch(text):
        raise ValueError('must be the address of a PostgreSQL database, as "postgresql://user@host/database"')
    return SecretStr(text)


Whole = Annotated[int, BeforeValidator(whole_number)]
Seconds = Annotated[float, BeforeValidator(seconds)]
HostName = Annotated[str, BeforeValidator(host_name)]
FilePath = Annotated[Path, BeforeValidator(file_path)]
DatabaseUrl = Annotated[SecretStr, BeforeValidator(database_url)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(networks)]
NameServers = Annotated[tuple[str, ...], BeforeValidator(name_servers)]
ConsoleAddress = Annotated[str, BeforeValidator(console_address)]
WebAddress = Annotated[str, BeforeValidator(web_address)]
ListenAddresses = Annotated[tuple[str, ...], BeforeValidator(listen_addresses)]
