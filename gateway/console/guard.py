"""What holds for every request, whatever its route: whose name it calls us by, where it comes from, how large it is.

And for every response: what a browser may do with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.console.problems import answered, problem

BODY = 64 * 1024
"""Bytes of a request."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; font-src 'self';"
        " frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # without any, browsers would call the origin of a form null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
KEPT = "public, max-age=31536000, immutable"
"""Of static files, whose address changes with them."""


class Guard:
    """ASGI middleware. `larger`: the bytes that requests to some paths may have."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], larger: Mapping[str, int]) -> None:
        self._app = app
        self._hosts = hosts
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/static/") and message["status"] == 200:
                    headers["Cache-Control"] = KEPT
            await send(message)

        headers = Headers(scope=scope)
        most = self._larger.get(scope["path"], BODY)
        if headers.get("host", "").lower() not in self._hosts:
            refusal = _refusal(421, "Nobody is known here by that name.")
        elif "\0" in scope["path"] or b"%00" in scope["query_string"]:
            refusal = _refusal(400, "That holds a character that no text has.")
        elif _from_elsewhere(scope["method"], headers):
            refusal = _refusal(403, "That was asked for by another site.")
        else:
            await self._app(scope, _limited(receive, most, _declared(headers)), guarded)
            return
        await refusal(scope, receive, guarded)


def _refusal(status: int, detail: str) -> Response:
    return answered(problem(HTTPException(status, detail)))


def _limited(receive: Receive, most: int, declared: int) -> Receive:
    """Too much is refused before it is read; what comes without a length is counted."""
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive() if declared <= most else {}
        read += len(message.get("body", b""))
        if max(read, declared) > most:
            raise HTTPException(413, "That is too large.")
        return message

    return counted


def _from_elsewhere(method: str, headers: Headers) -> bool:
    """Whether a browser says that another site makes it send a change with our cookies."""
    if method in SAFE or headers.get("authorization", "").lower().startswith("bearer "):
        return False
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return True
    return origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()


def _declared(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else 0
