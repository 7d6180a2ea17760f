"""Checks of the database, and of what stands in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

from config.settings import Settings
from gateway.app import sealing_of
from gateway.cli.doctor.found import Found, fail, ok, warn
from gateway.clock import new_id, now
from storage import census, stored_mail
from storage.census import Census
from storage.open import check, installation_key, open_store
from storage.plan import ask

AHEAD = 5 * 60 * 1000
APART = 60 * 1000
"""Milliseconds: by which the newest decision may be ahead, and clocks may be apart."""


def database(settings: Settings) -> Iterator[Found]:
    """It opens, takes a transaction, isn't damaged as far as a look of two seconds shows; who and what is in it."""
    found = asyncio.run(_looked(settings))
    yield ok("database", f"{settings.store.place()} is up to date and sound, as far as a quick look shows.")
    yield from _clock(found)
    yield from people(found)


async def _looked(settings: Settings) -> Census:
    place = settings.store.place()
    await check(place)
    key = installation_key(settings.store.key_file, create=False)
    store = await open_store(place, key, new_id, busy_timeout=settings.store.busy_timeout)
    try:
        await store.read(stored_mail.must_open(sealing_of(settings, key).mail))
        await store.change(ask("SELECT 1"))
        return await store.read(census.take(now()))
    finally:
        await store.close()


def _clock(found: Census) -> Iterator[Found]:
    at = now()
    if found.server_time is not None and abs(found.server_time - at) > APART:
        apart = abs(found.server_time - at) // 1000
        yield fail("clock", f"This machine and the database's server are {apart} seconds apart: set both by NTP.")
    elif found.newest is not None and found.newest > at + AHEAD:
        newest = datetime.fromtimestamp(found.newest / 1000, UTC)
        yield fail("clock", f"The newest decision is of {newest:%Y-%m-%d %H:%M} UTC, which is to come: set the clock.")
    else:
        beside = "the database's server" if found.server_time is not None else "what is on record"
        yield ok("clock", f"It is {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by this clock, which fits {beside}.")


def people(found: Census) -> Iterator[Found]:
    """Who can log, by which addresses, and who can look."""
    if not found.accounts:
        yield fail("accounts", "There is no account yet: `bcc-gateway init`, or `account create`.")
        return
    yield ok("accounts", f"{found.accounts} account{'s' if found.accounts > 1 else ''}.")
    if found.users:
        yield ok("users", f"{found.users} of the users may log mail.")
    else:
        yield fail("users", "No active user may log mail: `bcc-gateway user add ADDRESS NAME`.")
    if found.captures:
        each = ", ".join(f"{count} {channel}" for channel, count in sorted(found.captures.items()))
        yield ok("addresses", f"Capture addresses: {each}.")
    else:
        yield fail("addresses", "There is no capture address: `bcc-gateway address create bcc`.")
    yield from _admins(found)
    for channel in ("relay", "journal"):
        if found.captures.get(channel) and not found.sources[channel]:
            yield fail(
                "sources",
                f"No mail server may send to the {channel} addresses: `bcc-gateway source add NAME NETWORK --channel"
                f" {channel}`.",
            )
        elif found.captures.get(channel):
            yield ok("sources", f"Mail servers that may send to {channel} addresses: {found.sources[channel]}.")


def _admins(found: Census) -> Iterator[Found]:
    if not found.admins:
        wanted = "account_access personal_email_access"
        yield warn("admins", f"No active user is an admin: `bcc-gateway user set-permissions ADDRESS {wanted}`.")
    elif not found.admins_with_password:
        yield warn("admins", "No admin has a password, so nobody can sign in: `bcc-gateway user setup-link ADDRESS`.")
    else:
        yield ok("admins", f"{found.admins_with_password} of {found.admins} admins can sign in.")
