"""One attempt: an event is signed and posted to the address that was found fit, and the status is all that is read.

No redirect is followed, no proxy asked and no connection kept: the next attempt looks the name up anew.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property

import httpx2
from standardwebhooks import Webhook

from gateway.webhooks import where
from gateway.webhooks.limits import WebhookLimits
from gateway.webhooks.lookup import addresses
from storage.errors import Refused


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt."""

    failure: str
    """"" where the webhook took it; else `http.` and the status, or what kept it from answering."""
    retry_after: float = 0
    """Seconds that it asks to be left alone for."""

    @property
    def gone(self) -> bool:
        """It doesn't want to be called any more."""
        return self.failure == "http.410"


class Post:
    """Posts within these limits. `look_up`: the IP addresses of a host and port."""

    def __init__(
        self, limits: WebhookLimits, look_up: Callable[[str, int], Awaitable[Sequence[str]]] = addresses
    ) -> None:
        self.limits = limits
        self._look_up = look_up

    async def send(self, url: str, event_id: str, body: bytes, secrets: Sequence[str], now: int) -> Answer:
        """`secrets`: all by which it is signed; `now`: epoch milliseconds."""
        try:
            async with asyncio.timeout(self.limits.timeout):
                target = where.fit(url, self.limits)
                address = await self._vetted(target)
                response = await self._status(target, address, body, _signed(event_id, body, secrets, now))
        except Refused:
            return Answer("address.refused")
        except (TimeoutError, httpx2.TimeoutException):
            return Answer("timeout")
        except (httpx2.TransportError, OSError, ssl.SSLError) as error:
            return Answer(_kind(error))
        if response.is_success:
            return Answer("")
        return Answer(f"http.{response.status_code}", _retry_after(response, now))

    async def _vetted(self, target: httpx2.URL) -> str:
        """The first address of the name; all of them must be fit. Raises Refused, OSError."""
        found = await self._look_up(where.name(target), target.port or 443)
        if not found:
            raise OSError
        if not all(where.allowed(address, self.limits, target.scheme) for address in found):
            raise Refused("Its address isn't allowed.")
        return found[0]

    async def _status(
        self, target: httpx2.URL, address: str, body: bytes, headers: dict[str, str]
    ) -> httpx2.Response:
        """The certificate is checked for the name, wherever it leads."""
        request = httpx2.Request(
            "POST",
            target.copy_with(host=address),
            headers={"Host": target.netloc.decode("ascii"), **headers},
            content=body,
            extensions={"sni_hostname": where.name(target), "timeout": self._steps},
        )
        verify = self._authorities if target.scheme == "https" else False
        async with httpx2.AsyncHTTPTransport(verify=verify, trust_env=False, limits=_ONE) as transport:
            response = await transport.handle_async_request(request)
            await response.stream.aclose()  # type: ignore[union-attr]  # that of an asynchronous transport
            return response

    @cached_property
    def _steps(self) -> dict[str, float]:
        """Seconds for each step. One that ends a handshake closes its connection; an end from outside wouldn't."""
        each = self.limits.timeout
        return {"connect": 0.4 * each, "read": each, "write": each, "pool": each}

    @cached_property
    def _authorities(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.limits.ca_file:
            context.load_verify_locations(self.limits.ca_file)
        return context


_ONE = httpx2.Limits(max_connections=1, max_keepalive_connections=0)


def _signed(event_id: str, body: bytes, secrets: Sequence[str], now: int) -> dict[str, str]:
    """Headers by Standard Webhooks 1.0."""
    at = datetime.fromtimestamp(now // 1000, UTC)
    signatures = (Webhook(secret).sign(event_id, at, body.decode()) for secret in secrets)
    return {
        "Content-Type": "application/json",
        "User-Agent": "bcc-gateway",
        "Webhook-Id": event_id,
        "Webhook-Timestamp": str(now // 1000),
        "Webhook-Signature": " ".join(signatures),
    }


def _kind(error: BaseException) -> str:
    """What kept it from answering; nothing that the other side said."""
    causes, cause = [error], error.__cause__ or error.__context__
    while cause is not None and len(causes) < 10:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return "tls.failed"
    if isinstance(error, httpx2.ConnectError):
        return "connection.refused"
    if isinstance(error, httpx2.TransportError):
        return "connection.broken"
    if isinstance(error, FileNotFoundError | PermissionError):
        return "ca_file.unreadable"
    return "lookup.failed"


def _retry_after(response: httpx2.Response, now: int) -> float:
    """Seconds (RFC 9110 §10.2.3): a number of them, or a date."""
    text = response.headers.get("retry-after", "").strip()[:64]
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        then = parsedate_to_datetime(text)
        return max(0, (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - now / 1000)
    except (ValueError, OverflowError):  # the latter for years beyond all calendars
        return 0
