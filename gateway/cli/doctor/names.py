"""Checks of DNS: it answers, mail to the capture domains is led here, and this server's name is right."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress

from config.settings import Settings
from config.values import host_and_port
from gateway.authenticate.dns import DnsUnavailable, Resolver
from gateway.cli.doctor.found import Found, fail, ok, warn
from gateway.core.model import Channel


def names(settings: Settings) -> Iterator[Found]:
    """Everything that mail needs of DNS."""
    yield from asyncio.run(_looked_up(settings))


async def _looked_up(settings: Settings) -> list[Found]:
    resolver = Resolver(settings.dns.nameservers, settings.dns_limits())
    try:
        try:
            await resolver.lookups().txt(f"_dmarc.{settings.domain}")
        except DnsUnavailable:
            servers = ", ".join(settings.dns.nameservers) or "of this system"
            return [
                fail("dns", f"The name servers ({servers}) don't answer: set dns.nameservers. Senders can't be proven.")
            ]
        found = [ok("dns", "The name servers answer, also for TXT records, by which senders are proven.")]
        if settings.hostname == "localhost":
            lacking = "`hostname` is still localhost: set it to this server's name in DNS, to which mail is to be led."
            return [*found, fail("hostname", lacking)]
        found += [
            await _led_here(resolver, f"{channel.value}.{settings.domain}", settings.hostname) for channel in Channel
        ]
        return found + await _own_name(resolver, settings)
    finally:
        await resolver.close()


async def _led_here(resolver: Resolver, domain: str, hostname: str) -> Found:
    to_do = f"publish `{domain}. MX 10 {hostname}.`"
    try:
        records = await resolver.lookups().records(domain, "MX")
        hosts = [record.partition(" ")[2].lower().rstrip(".") for record in records]
        if hostname in hosts:
            return ok("mx", f"Mail to {domain} comes to {hostname}.")
        if hosts:
            return fail("mx", f"Mail to {domain} goes to {', '.join(hosts)}, not to {hostname}: {to_do}.")
        if await _addresses(resolver, domain):
            return warn("mx", f"{domain} has no MX record, so mail goes to its own address: {to_do}.")
    except DnsUnavailable:
        return warn("mx", f"DNS didn't answer for {domain}; try again.")
    needless = "" if domain.startswith(("bcc.", "forward.")) else ", if mail servers elsewhere send there"
    return (warn if needless else fail)("mx", f"No mail finds {domain}: {to_do}{needless}.")


async def _own_name(resolver: Resolver, settings: Settings) -> list[Found]:
    hostname = settings.hostname
    try:
        addresses = await _addresses(resolver, hostname)
        if not addresses:
            return [
                fail("hostname", f"{hostname} has no address in DNS: publish an A record, or set `hostname` right.")
            ]
        own = _own_addresses(settings)
        if not own.intersection(addresses):
            return [
                warn(
                    "hostname",
                    f"{hostname} is {', '.join(addresses)}, which is no address of this machine. That is right only"
                    " if a proxy or a router stands before it.",
                )
            ]
        found = [ok("hostname", f"{hostname} is {', '.join(addresses)}, this machine.")]
        for address in addresses:
            back = await resolver.lookups().records(ipaddress.ip_address(address).reverse_pointer, "PTR")
            if hostname not in [name.lower().rstrip(".") for name in back]:
                found.append(ok("hostname", f"{address} doesn't lead back to {hostname}, which only senders need."))
    except DnsUnavailable:
        return [warn("hostname", f"DNS didn't answer for {hostname}; try again.")]
    return found


async def _addresses(resolver: Resolver, name: str) -> Sequence[str]:
    lookups = resolver.lookups()
    return [*await lookups.records(name, "A"), *await lookups.records(name, "AAAA")]


def _own_addresses(settings: Settings) -> set[str]:
    """Those that it is reached by, as far as can be told without asking anybody."""
    own = {host_and_port(address)[0] for address, _ in settings.listeners()}
    with suppress(OSError):
        own |= {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)}
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((elsewhere, 9))  # sends nothing, and chooses the address that would
            own.add(str(sock.getsockname()[0]))
    return own
