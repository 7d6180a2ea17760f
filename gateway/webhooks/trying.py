"""Making a webhook's secret, and trying a webhook out."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime

from gateway.webhooks.post import Answer, Post
from storage.administration import webhooks
from storage.administration.webhooks import WebhookRecord
from storage.interface import Store
from storage.sealing import Sealing

_BYTES = 32

SAYING = {
    "": "it was taken.",
    "address.refused": "its address isn't allowed: it isn't public, and webhooks.networks doesn't name it.",
    "timeout": "there was no answer in time.",
    "lookup.failed": "its name has no address.",
    "connection.refused": "nobody answers at its address.",
    "connection.broken": "the connection ended before an answer came.",
    "tls.failed": "there is no TLS there, or its certificate isn't for that name or from nobody who is believed.",
    "ca_file.unreadable": "the file of webhooks.ca_file can't be read.",
    "internal.failed": "the gateway met a fault of its own; its log says where.",
    "secret.unreadable": "its secret can't be opened with this installation's key; give it another one.",
}


def saying(failure: str) -> str:
    """What came of an attempt, for a person."""
    return SAYING.get(failure) or f"the answer was {failure.removeprefix('http.')}."


def new_secret(random: Callable[[int], bytes]) -> str:
    """A secret as Standard Webhooks writes it; `random` gives that many unguessable bytes."""
    return f"whsec_{b64encode(random(_BYTES)).decode()}"


async def attempt(
    store: Store, post: Post, sealing: Sealing, webhook: WebhookRecord, account: str, event_id: str, now: int
) -> Answer:
    """Posts an event of a type that nothing that happens has: webhook.test."""
    secrets = await store.read(webhooks.secrets(sealing, webhook.id, now))
    at = datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {"id": event_id, "type": "webhook.test", "timestamp": at, "account": account, "data": {}}
    return await post.send(webhook.url, event_id, json.dumps(told).encode(), secrets, now)
