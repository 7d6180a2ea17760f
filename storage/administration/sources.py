"""Sources: the mail servers that may use the passive channels."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Sequence

from gateway.core.delivery import FIELDS
from gateway.core.model import Channel, Source
from storage.administration import typed
from storage.administration.act import Act, audit
from storage.errors import Refused
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
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_LABEL = re.compile(r"[a-z0-9][a-z0-9 _.-]{0,63}")


def sources() -> Plan[tuple[Source, ...]]:
    """Those of every account: the SMTP side asks which of them a client is."""
    rows = yield from ask(f"{_SOURCE} ORDER BY id")
    return tuple(map(_source, rows))


def every(account_id: str) -> Plan[Sequence[Source]]:
    """Those of one account, by name."""
    rows = yield from ask(f"{_SOURCE} WHERE account_id = $1 ORDER BY name", account_id)
    return [_source(row) for row in rows]


def add(
    act: Act,
    account_id: str,
    name: str,
    network: str,
    channels: Sequence[str],
    *,
    vouches: bool = False,
    trusts: Collection[str] = (),
    alternate: bool = False,
    hosts: Collection[str] = (),
    labels: Collection[str] = (),
) -> Plan[Source]:
    """Lets a mail server at a network (CIDR, or one IP address) send copies on these channels.

    The rest is what `Source` has: header fields, hosts (domains and networks) and labels as typed.
    """
    name, cidr = typed.name(name, "a source"), _network(network)
    passive = [c.value for c in Channel if not c.explicit]
    wrong = [c for c in channels if c not in passive]
    if wrong or not channels:
        raise Refused(f"A source uses the channels {' and '.join(passive)}, at least one of them and no other.")
    if trusts and Channel.RELAY not in channels:
        raise Refused("Fields that tell the recipient are read on the channel relay only.")
    if (alternate or labels) and Channel.JOURNAL not in channels:
        raise Refused("An alternate journal mailbox and labels are for the channel journal only.")
    if any(source.name == name for source in (yield from every(account_id))):
        raise Refused(f"There is a source {name!r} already; remove it first, or take another name.")
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
    )
    return source


def remove(act: Act, account_id: str, source: str) -> Plan[Source]:
    """Takes the right away, by name or id. It holds from the server's next connection."""
    record = next((s for s in (yield from every(account_id)) if source in (s.id, s.name)), None)
    if record is None:
        raise Refused(f"There is no source {source!r}; `source list` shows them.")
    yield from ask("DELETE FROM source WHERE id = $1", record.id)
    yield from audit(act, account_id, "source.remove", source=record.id, name=record.name, network=record.network)
    return record


def _network(text: str) -> str:
    """CIDR notation without host bits; IPv4 written as IPv6 is IPv4 again."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise Refused(f"{text.strip()!r} is no network; write it as 192.0.2.0/24 or 2001:db8::/48.") from None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        mapped = network.network_address.ipv4_mapped
        network = ipaddress.ip_network(f"{mapped}/{network.prefixlen - 96}")
    if network.prefixlen == 0:
        raise Refused("That network is the whole internet: anybody could send copies.")
    return str(network)


def _field(text: str) -> str:
    name = text.strip().lower()
    if name not in FIELDS:
        raise Refused(f"{text.strip()!r} is no field that tells the recipient; there are {', '.join(FIELDS)}.")
    return name


def _host(text: str) -> str:
    """A network with its length, or a domain, whose hosts all count."""
    return _network(text) if "/" in text else typed.domain(text)


def _label(text: str) -> str:
    name = " ".join(text.split()).lower().removesuffix(":")
    if not _LABEL.fullmatch(name):
        raise Refused(f"{text.strip()!r} is no name of a line in a journal report; write it without its colon.")
    return name


_SOURCE = "SELECT id, account_id, name, network, channels, vouches, trusts, alternate, hosts, labels FROM source"


def _source(row: Row) -> Source:
    source_id, account_id, name, network, channels, vouches, trusts, alternate, hosts, labels = row
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
    )
