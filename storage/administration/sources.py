"""Sources: the mail servers that may use the passive channels."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

from gateway.core.delivery import FIELDS
from gateway.core.model import Channel, Peer, Source
from storage.administration import typed
from storage.administration.act import Act, audit
from storage.errors import NotFound, Refused
from storage.plan import Plan, Row, ask, insert

VOUCHING = (
    "The source vouches: every sender in what it copies counts as proven. That is right only for a server that copies"
    " what its own users submit after signing in. It is wrong for one that also journals mail from outside without"
    " checking its senders: anybody could then write in a user's name."
)
TRUSTING = (
    "It is believed whom a copy was delivered to. That is right only for fields that the server writes itself, or takes"
    " out where somebody else wrote them."
)
MOST_HOURS = 24 * 365
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_AUTHSERV_ID = re.compile(r"[a-z0-9_]([a-z0-9._-]{0,252})")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_LABEL = re.compile(r"[a-z0-9][a-z0-9 _.-]{0,63}")


def sources() -> Plan[tuple[Source, ...]]:
    """Those of every account."""
    rows = yield from ask(f"{_SOURCE} ORDER BY id")
    return tuple(map(_source, rows))


def eligible(peer: Peer) -> Plan[tuple[Source, ...]]:
    """Those of every account that the client may be: as few as can be told apart by its networks and what it showed."""
    rows = yield from ask(
        f"{_SOURCE} WHERE network = ANY($1) AND login IN ('', $2) AND certificate IN ('', $3) ORDER BY id",
        ("", *_networks(peer.ip)),
        peer.login,
        peer.certificate,
    )
    return tuple(map(_source, rows))


def every(account_id: str) -> Plan[Sequence[Source]]:
    """Those of one account, by name."""
    rows = yield from ask(f"{_SOURCE} WHERE account_id = $1 ORDER BY name", account_id)
    return [_source(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Listed(Source):
    """A source, and when it last sent a copy, to the hour."""

    seen_at: int | None = None
    silence_hours: int = 0
    """After which the operator hears of it; 0: never."""
    silent_at: int | None = None
    """Since when it has been told of as silent."""


def listed(account_id: str) -> Plan[Sequence[Listed]]:
    """Those of one account, by name, with what is known of their silence."""
    known = yield from every(account_id)
    rows = yield from ask(
        "SELECT seen_at, silence_hours, silent_at FROM source WHERE account_id = $1 ORDER BY name", account_id
    )
    return [
        Listed(*(getattr(source, field.name) for field in fields(source)), *row)
        for source, row in zip(known, rows, strict=True)
    ]


def add(
    act: Act,
    account_id: str,
    name: str,
    network: str,
    channels: Sequence[str],
    *,
    login: str = "",
    certificate: str = "",
    authserv_id: str = "",
    vouches: bool = False,
    trusts: Collection[str] = (),
    alternate: bool = False,
    hosts: Collection[str] = (),
    labels: Collection[str] = (),
    silence_hours: int = 0,
) -> Plan[Source]:
    """Lets a mail server send copies on these channels.

    It is known by its network (CIDR, or one IP address), its login and its certificate (SHA-256, hex): by all of these
    that it has, at least one. The rest is what `Source` has: header fields, hosts (domains and networks), labels and
    the name in Authentication-Results as typed. After `silence_hours` without mail the operator hears of it; 0: never.
    """
    name, cidr = typed.name(name, "a source"), _network(network) if network.strip() else ""
    login, certificate = yield from _identity(cidr, login, certificate)
    passive = [c.value for c in Channel if not c.explicit]
    wrong = [c for c in channels if c not in passive]
    if wrong or not channels:
        raise Refused(
            "A source uses the channels {passive}, at least one of them and no other.", passive=" and ".join(passive)
        )
    if trusts and Channel.RELAY not in channels:
        raise Refused("Fields that tell the recipient are read on the channel relay only.")
    if (alternate or labels) and Channel.JOURNAL not in channels:
        raise Refused("An alternate journal mailbox and labels are for the channel journal only.")
    if any(source.name == name for source in (yield from every(account_id))):
        raise Refused("There is a source {name!r} already; remove it first, or take another name.", name=name)
    _check_hours(silence_hours)
    source = Source(
        act.new_id(),
        account_id,
        name,
        cidr,
        frozenset(map(Channel, channels)),
        vouches,
        frozenset(map(_field, trusts)),
        alternate,
        frozenset(map(_host, hosts)),
        frozenset(map(_label, labels)),
        _authserv_id(authserv_id),
        login,
        certificate,
    )
    yield from insert(
        "source",
        id=source.id,
        account_id=account_id,
        name=name,
        network=cidr,
        channels=" ".join(sorted(source.channels)),
        vouches=int(vouches),
        trusts=" ".join(sorted(source.trusts)),
        alternate=int(alternate),
        hosts=" ".join(sorted(source.hosts)),
        labels="\n".join(sorted(source.labels)),
        authserv_id=source.authserv_id,
        login=login,
        certificate=certificate,
        silence_hours=silence_hours,
        created_at=act.at,
    )
    yield from audit(
        act,
        account_id,
        "source.add",
        source=source.id,
        name=name,
        network=cidr,
        channels=sorted(source.channels),
        vouches=vouches,
        trusts=sorted(source.trusts),
        alternate=alternate,
        hosts=sorted(source.hosts),
        labels=sorted(source.labels),
        authserv_id=source.authserv_id,
        login=login,
        certificate=certificate,
        silence_hours=silence_hours,
    )
    return source


def set_silence(act: Act, account_id: str, source: str, hours: int) -> Plan[Source]:
    """After so many hours without mail the operator hears of it; 0: never. It is looked at anew from now on."""
    _check_hours(hours)
    record = yield from find(account_id, source)
    yield from ask("UPDATE source SET silence_hours = $2, silent_at = NULL WHERE id = $1", record.id, hours)
    yield from audit(act, account_id, "source.set_silence", source=record.id, name=record.name, silence_hours=hours)
    return record


def find(account_id: str, source: str) -> Plan[Source]:
    """One source of an account, by name or id."""
    record = next((s for s in (yield from every(account_id)) if source in (s.id, s.name)), None)
    if record is None:
        raise NotFound("There is no source {source!r}.", "`source list` shows them.", source=source)
    return record


def seen(source_ids: Sequence[str], at: int) -> Plan[None]:
    """These have sent a copy."""
    yield from ask("UPDATE source SET seen_at = $2 WHERE id = ANY($1)", source_ids, at)


def remove(act: Act, account_id: str, source: str) -> Plan[Source]:
    """Takes the right away, by name or id. It holds from the server's next connection."""
    record = yield from find(account_id, source)
    yield from ask("DELETE FROM source WHERE id = $1", record.id)
    yield from audit(act, account_id, "source.remove", source=record.id, name=record.name, network=record.network)
    return record


def login_name(text: str) -> str:
    """The login of a source in the form in which it is compared, or "" for what is none; never a user's address."""
    name = text.strip().lower()
    return name if _LOGIN.fullmatch(name) else ""


def _check_hours(hours: int) -> None:
    if not 0 <= hours <= MOST_HOURS:
        raise Refused("Hours of silence are 0 to {most}; 0 for never.", most=str(MOST_HOURS))


def _identity(cidr: str, login: str, certificate: str) -> Plan[tuple[str, str]]:
    """Login and certificate as they are compared."""
    name, fingerprint = login_name(login), certificate.strip().lower().replace(":", "")
    if login and not name:
        raise Refused(
            "{login!r} can't be a login; letters, digits, dots and hyphens make one, without an @.", login=login.strip()
        )
    if certificate and not _FINGERPRINT.fullmatch(fingerprint):
        raise Refused("A certificate is told by a file or by its SHA-256, 64 hexadecimal digits.")
    if not (cidr or name or fingerprint):
        raise Refused("A source is known by its network, its login or its certificate: give at least one of them.")
    if any(source.login == name for source in (yield from sources()) if name):
        raise Refused("The login {name} is taken; it must be unique, whatever the account.", name=name)
    return name, fingerprint


def _authserv_id(text: str) -> str:
    name = text.strip().lower()
    if name and not _AUTHSERV_ID.fullmatch(name):
        raise Refused(
            "{text!r} is no name of a server in Authentication-Results, such as mx.example.com.", text=text.strip()
        )
    return name


def _network(text: str) -> str:
    """CIDR notation without host bits; IPv4 written as IPv6 is IPv4 again."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise Refused("{text!r} is no network; write it as 192.0.2.0/24 or 2001:db8::/48.", text=text.strip()) from None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        mapped = network.network_address.ipv4_mapped
        network = ipaddress.ip_network(f"{mapped}/{network.prefixlen - 96}")
    if network.prefixlen == 0:
        raise Refused("That network is the whole internet: anybody could send copies.")
    return str(network)


@lru_cache
def _networks(ip: str) -> tuple[str, ...]:
    """Every network that the address is in, but the whole internet."""
    address = ipaddress.ip_address(ip)
    bits, number = address.max_prefixlen, int(address)
    return tuple(f"{type(address)(number >> host << host)}/{bits - host}" for host in range(bits))


def _field(text: str) -> str:
    name = text.strip().lower()
    if name not in FIELDS:
        raise Refused(
            "{text!r} is no field that tells the recipient; there are {fields}.",
            text=text.strip(),
            fields=", ".join(FIELDS),
        )
    return name


def _host(text: str) -> str:
    """A network with its length, or a domain, whose hosts all count."""
    return _network(text) if "/" in text else typed.domain(text)


def _label(text: str) -> str:
    name = " ".join(text.split()).lower().removesuffix(":")
    if not _LABEL.fullmatch(name):
        raise Refused(
            "{text!r} is no name of a line in a journal report; write it without its colon.", text=text.strip()
        )
    return name


_SOURCE = (
    "SELECT id, account_id, name, network, channels, vouches, trusts, alternate, hosts, labels,"
    " authserv_id, login, certificate FROM source"
)


def _source(row: Row) -> Source:
    source_id, account_id, name, network, channels, vouches, trusts, alternate, hosts, labels, *identity = row
    return Source(
        source_id,
        account_id,
        name,
        network,
        frozenset(map(Channel, channels.split())),
        bool(vouches),
        frozenset(trusts.split()),
        bool(alternate),
        frozenset(hosts.split()),
        frozenset(filter(None, labels.split("\n"))),
        *identity,
    )
