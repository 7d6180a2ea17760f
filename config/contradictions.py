"""Settings that are sound alone but not together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from config.settings import Settings, value_at
from config.values import host_and_port
from gateway.console.limits import LOOPBACK
from gateway.smtp.listener import Tls

NEVER_REACHED = "it could never be reached"
FOR_SOURCES = "a source must be allowed at least as much"
NEVER_TAKEN = "such a message could never be taken"

PARSER, COPIES = 64 * 1024 * 1024, 8
"""What the parser process needs for itself, and of a message of the worst kind."""

# The first must not exceed the second, for the third's reason.
AT_MOST = (
    ("smtp.limits.connections_per_ip", "smtp.limits.connections", NEVER_REACHED),
    ("smtp.limits.connections_per_source", "smtp.limits.connections", NEVER_REACHED),
    ("smtp.limits.command_wait", "smtp.limits.session", NEVER_REACHED),
    ("smtp.limits.command_wait_busy", "smtp.limits.command_wait", "a busy server must not wait longer"),
    ("smtp.limits.data_silence", "smtp.limits.data", NEVER_REACHED),
    ("smtp.limits.data_grace", "smtp.limits.data", NEVER_REACHED),
    ("smtp.limits.messages", "smtp.limits.messages_from_source", FOR_SOURCES),
    ("smtp.limits.message_size", "smtp.limits.message_size_from_source", FOR_SOURCES),
    ("smtp.limits.message_size", "smtp.limits.data_in_memory", NEVER_TAKEN),
    ("smtp.limits.message_size_from_source", "smtp.limits.data_in_memory", NEVER_TAKEN),
    ("smtp.limits.message_size", "smtp.limits.data_in_memory_per_ip", NEVER_TAKEN),
    ("smtp.limits.address_rate", "smtp.limits.account_rate", NEVER_REACHED),
    ("smtp.limits.address_burst", "smtp.limits.account_burst", NEVER_REACHED),
    ("reading.header_block", "smtp.limits.message_size", NEVER_REACHED),
    ("reading.header_field", "reading.header_block", NEVER_REACHED),
    ("reading.recipient_field", "reading.header_block", NEVER_REACHED),
    ("reading.author_field", "reading.header_field", NEVER_REACHED),
    ("reading.mime_field", "reading.header_field", NEVER_REACHED),
    ("reading.subject", "reading.header_field", NEVER_REACHED),
    ("reading.message_id", "reading.header_field", NEVER_REACHED),
    ("reading.boundary", "reading.mime_field", NEVER_REACHED),
    ("parser.wall", "smtp.limits.handler", "the handler would give up while a message is still read"),
    ("dns.limits.query", "dns.limits.message", NEVER_REACHED),
    ("dns.limits.message", "smtp.limits.handler", "the handler would give up while DNS is still asked"),
    ("dns.limits.key_record", "dns.limits.answer", NEVER_REACHED),
    ("dns.limits.text_record", "dns.limits.answer", NEVER_REACHED),
    ("dns.limits.shortest_ttl", "dns.limits.longest_ttl", "the shortest time can't be longer than the longest"),
    ("dkim.field", "reading.header_field", NEVER_REACHED),
    ("dkim.verified", "dkim.looked_at", NEVER_REACHED),
    ("webhooks.concurrent_per_webhook", "webhooks.concurrent", NEVER_REACHED),
    ("store.busy_timeout", "smtp.limits.handler", "the handler would give up while the store still waits"),
)


def contradictions(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Each as (setting at fault, the setting it disagrees with, a sentence about the first)."""
    for smaller, larger, reason in AT_MOST:
        if cast("float", value_at(settings, smaller)) > cast("float", value_at(settings, larger)):
            yield smaller, larger, f"must not be above {larger}: {reason}"
    limits, store = settings.smtp_limits(), settings.store
    if limits.reserved_for_sources >= limits.connections:
        reserved, connections = "smtp.limits.reserved_for_sources", "smtp.limits.connections"
        yield reserved, connections, f"must be below {connections}: nothing would be left for everybody else"
    if limits.data_in_memory_per_ip > limits.data_in_memory - limits.data_in_memory_for_sources:
        per_ip, memory = "smtp.limits.data_in_memory_per_ip", "smtp.limits.data_in_memory"
        yield per_ip, memory, f"must not be above {memory} without the share for sources: {NEVER_REACHED}"
    memory, largest = "parser.memory", "smtp.limits.message_size_from_source"
    if settings.parser_limits().memory < PARSER + COPIES * limits.message_size_from_source:
        yield memory, largest, f"must be 64 MiB and {COPIES} times {largest} at least: it couldn't be read"
    yield from _tls(settings)
    if store.url is None and store.key_file == store.path:
        yield "store.key_file", "store.path", "must be another file than store.path"
    if store.mail_key_file is not None and store.mail_key_file in (store.key_file, store.path):
        yield "store.mail_key_file", "store.key_file", "must be another file than store.key_file and store.path"
    listen, url = settings.console.listen, settings.console.url
    if listen and host_and_port(listen)[0] not in LOOPBACK and not url.startswith("https://"):
        needs = "reaches beyond loopback, so console.url must begin with https://"
        yield "console.listen", "console.url", f"{needs}: passwords could be read on the way"


def _tls(settings: Settings) -> Iterator[tuple[str, str, str]]:
    smtp, modes = settings.smtp, [mode for _, mode in settings.listeners()]
    asking = any(mode.client_certificates for mode in modes)
    if smtp.certificate and not smtp.private_key:
        yield "smtp.certificate", "smtp.private_key", "needs smtp.private_key beside it: TLS takes both"
    if smtp.private_key and not smtp.certificate:
        yield "smtp.private_key", "smtp.certificate", "needs smtp.certificate beside it: TLS takes both"
    if not smtp.certificate and (asking or any(mode.tls is not Tls.OFFERED or mode.auth for mode in modes)):
        yield "smtp.listen", "smtp.certificate", "has modes that need TLS, so it needs smtp.certificate"
    if not smtp.certificate and smtp.sources_need_tls:
        yield "smtp.sources_need_tls", "smtp.certificate", "needs smtp.certificate: no source could send anything"
    if asking and not smtp.client_ca:
        yield "smtp.listen", "smtp.client_ca", "has client-certificates, so it needs smtp.client_ca"
    if smtp.client_ca and not asking:
        yield "smtp.client_ca", "smtp.listen", "is of no use: no address in smtp.listen has client-certificates"
