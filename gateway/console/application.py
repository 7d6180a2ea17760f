"""The console and the API as one ASGI application."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.console import guard, pages, problems
from gateway.console.api import (
    account,
    activities,
    addresses,
    audit,
    changes,
    contacts,
    data_care,
    decisions,
    events,
    explain,
    held,
    never_log,
    overview,
    sources,
    tokens,
    users,
    webhooks,
)
from gateway.console.office import Office
from gateway.console.pages.page import Page, SignInFirst, visitor
from gateway.console.pages.render import STATIC, static_path
from gateway.console.rates import Rates
from storage.errors import StoreError

VERSION = "/api/v1"
PARTS = (
    *(account, users, contacts, never_log, addresses, sources, activities, decisions, explain, held, overview),
    *(audit, tokens, events, webhooks, changes, data_care),
)
LARGER = {
    f"{VERSION}/explain": explain.LARGEST,
    f"{VERSION}/contacts/import": contacts.LARGEST,
    "/decisions/explain": 3 * explain.LARGEST,
    "/contacts/import": 3 * contacts.LARGEST,
}
"""Bytes of a body, where more than `guard.BODY` is allowed; a form takes three for one."""


def application(office: Office) -> ASGIApp:
    """Serves from this office."""
    rates = Rates(office.now)

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"office": office, "rates": rates}
        await routes()(scope, receive, send)

    return guard.Guard(served, office.hosts, LARGER)


@cache
def routes() -> FastAPI:
    """What answers which path. Made once, as it takes long; the office comes with each request."""
    document = f"{VERSION}/openapi.json"
    app = FastAPI(title="bcc-gateway", version="1", openapi_url=document, docs_url=None, redoc_url=None)
    app.include_router(_api())
    for router in pages.routers():
        app.include_router(router, include_in_schema=False)
    app.mount(static_path(), StaticFiles(directory=STATIC))
    app.add_exception_handler(SignInFirst, _to_sign_in)
    for kind in problems.KINDS:
        app.add_exception_handler(kind, _problem)
    return app


def _api() -> APIRouter:
    made = APIRouter(prefix=VERSION, responses=dict(problems.DOCUMENTED))
    for part in PARTS:
        made.include_router(part.router)
    return made


async def _problem(request: Request, error: Exception) -> Response:
    """As JSON for programs, as a page for people."""
    problem = problems.problem(error)
    if request.url.path.startswith("/api/"):
        return problems.answered(problem)
    try:
        page = await visitor(request, request.state.office)
    except StoreError:  # then nobody can be known
        page = Page(request, request.state.office, None, "")
    sentence, values = problems.told(error)
    return page.show("problem.html", problem.status, detail=page.language.say(sentence, **values))


async def _to_sign_in(request: Request, _: Exception) -> Response:
    here = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    target = f"/sign-in?{urlencode({'next': here})}" if request.method == "GET" else "/sign-in"
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    return RedirectResponse(target, 303)
