"""What only admins see: sources, tokens of programs, and the audit log."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from gateway.console.api import audit, sources, tokens
from gateway.console.api.typing import Id
from gateway.console.lists import Asked
from gateway.console.pages.page import Page, ThePage

router = APIRouter()


@router.get("/sources")
async def show_sources(page: ThePage) -> Response:
    """The mail servers that may send copies."""
    return await _sources(page)


@router.post("/sources")
async def add_source(page: ThePage) -> Response:
    """Lets one send copies."""
    form = page.form

    async def work() -> object:
        typed = {name: form[name] for name in ("name", "network", "login")}
        chosen = {"channels": form.all("channels"), "vouches": form["vouches"] == "yes"}
        new = sources.NewSource.model_validate(typed | chosen)
        return await sources.add_source(page.at, page.caller, new)

    await form.tried(work, "network")
    return await _sources(page) if form.faults else page.go("/sources", "source.added")


@router.post("/sources/{source}/remove")
async def remove_source(page: ThePage, source: Id) -> Response:
    """Refuses what it sends from now on."""
    await sources.remove_source(page.at, page.caller, source)
    return page.go("/sources", "source.removed")


@router.get("/tokens")
async def show_tokens(page: ThePage) -> Response:
    """What programs show to use the API."""
    return await _tokens(page)


@router.post("/tokens")
async def create_token(page: ThePage) -> Response:
    """Makes one; its secret is shown this once."""
    form = page.form

    async def work() -> tokens.MadeToken:
        new = tokens.NewToken.model_validate({"name": form["name"], "scopes": form.all("scopes")})
        return await tokens.create_token(page.at, page.caller, new)

    return await _tokens(page, await form.tried(work, "name"))


@router.post("/tokens/{token}/revoke")
async def revoke_token(page: ThePage, token: Id) -> Response:
    """Void from now on."""
    await tokens.revoke_token(page.at, page.caller, token)
    return page.go("/tokens", "token.revoked")


@router.get("/audit")
async def show_audit(page: ThePage, asked: Asked) -> Response:
    """Who changed what."""
    return page.show("audit.html", found=await audit.list_changes(page.at, page.caller, asked))


async def _sources(page: Page) -> Response:
    known = await sources.list_sources(page.at, page.caller)
    return page.show("sources.html", sources=known)


async def _tokens(page: Page, made: tokens.MadeToken | None = None) -> Response:
    known = await tokens.list_tokens(page.at, page.caller)
    return page.show("tokens.html", tokens=known, made=made)
