"""Who asks: a session's cookie or a token, looked up anew for each request."""

from __future__ import annotations

import hmac
from contextlib import suppress
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from gateway.console.access import Caller, Forbidden, of_program, of_user
from gateway.console.guard import SAFE
from gateway.console.office import Office
from gateway.console.problems import Unauthorized
from gateway.core.keyed_hash import KeyedHash
from storage.administration import sessions, tokens
from storage.errors import StoreError

COOKIE = "__Host-session"
MINUTE = 60 * 1000
_SESSION_SEEN, _TOKEN_USED = 5 * MINUTE, 60 * MINUTE
"""How often their use is noted, in milliseconds."""


def office(request: Request) -> Office:
    """The console's share of the gateway that serves this request."""
    found: Office = request.state.office
    return found


def client(request: Request) -> str:
    """The IP address that asks; behind a proxy of ours the last one in X-Forwarded-For, which that proxy wrote."""
    at: Office = request.state.office
    if at.proxied and (told := request.headers.getlist("x-forwarded-for")):
        return told[-1].rpartition(",")[2].strip()[:64]
    return request.client.host if request.client else ""


TheOffice: TypeAlias = Annotated[Office, Depends(office)]


async def caller(request: Request, at: TheOffice) -> Caller:
    """Raises Unauthorized, and Forbidden for a change that only a cookie vouches for: any page makes a browser ask."""
    if token := _shown_token(request):
        return await _by_token(at, token)
    secret = request.cookies.get(COOKIE, "")
    found = await by_session(at, secret) if secret else None
    if found is None:
        raise Unauthorized
    given = request.headers.get("x-csrf-token", "")
    if request.method not in SAFE and not is_csrf_token(at.keyed, secret, given):
        raise Forbidden("A change takes the session's X-CSRF-Token, or a token of a program.")
    return found


TheCaller: TypeAlias = Annotated[Caller, Depends(caller)]


def csrf_token(keyed: KeyedHash, secret: str) -> str:
    """What the console's own pages know, and no other site: it goes with every change."""
    return keyed("csrf", secret)[:32]


def is_csrf_token(keyed: KeyedHash, secret: str, given: str) -> bool:
    """Whether it was given to this session's pages."""
    return hmac.compare_digest(given.encode(), csrf_token(keyed, secret).encode())


async def by_session(at: Office, secret: str, *, note: bool = True) -> Caller | None:
    """Whose session it is. `note`: it is in use."""
    now = at.now()
    found = await at.store.read(sessions.viewer(at.keyed, secret, now))
    if found is None:
        return None
    viewer, seen_at = found
    if note and now - seen_at > _SESSION_SEEN:
        with suppress(StoreError):  # with a full disk one can still look
            await at.store.change(sessions.seen(at.keyed, secret, now))
    return of_user(viewer)


async def still(request: Request, at: Office) -> None:
    """Raises Unauthorized once whoever asked may no longer. That a page stays open is no use of its session."""
    if token := _shown_token(request):
        found: object = await at.store.read(tokens.bearer(at.keyed, token))
    else:
        found = await by_session(at, request.cookies.get(COOKIE, ""), note=False)
    if found is None:
        raise Unauthorized


def _shown_token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


async def _by_token(at: Office, token: str) -> Caller:
    bearer = await at.store.read(tokens.bearer(at.keyed, token))
    if bearer is None:
        raise Unauthorized
    now = at.now()
    if now - bearer.used_at > _TOKEN_USED:
        with suppress(StoreError):
            await at.store.change(tokens.used(bearer.token_id, now))
    return of_program(bearer)
