"""A page as it is asked for: by whom, in which language, with which form; and how it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.console.access import Caller, Forbidden
from gateway.console.callers import COOKIE, by_session, csrf_token, is_csrf_token, office
from gateway.console.forms import Form
from gateway.console.language import NAMES, Language, chosen, language
from gateway.console.office import Office
from gateway.console.pages.render import environment, marked

CHOICE = "language"
"""Cookie of the language that was chosen."""
DONE: Mapping[str, str] = {
    "entry.added": marked("The never-log list was changed. It holds from the next message."),
    "entry.removed": marked(
        "The entry was deleted. Mail that it kept out isn't logged afterwards: nothing of it was kept."
    ),
    "settings.changed": marked("The settings were changed. They hold from the next message."),
    "address.made": marked("The address was made."),
    "address.retired": marked("The address was retired."),
    "user.added": marked("The user was added."),
    "user.changed": marked("The user was changed."),
    "contact.added": marked("The contact was added."),
    "contact.changed": marked("The contact was changed."),
    "contact.removed": marked("The contact was removed; its activities stay."),
    "source.added": marked("The source was added."),
    "source.removed": marked("The source was removed."),
    "token.revoked": marked("The token was revoked."),
    "webhook.changed": marked("The webhook was changed."),
    "held.resolved": marked("The message was decided."),
    "held.still": marked("It would still be held, so nothing was changed."),
    "held.discarded": marked("The message was discarded."),
    "activity.attributed": marked("The activity is in another name now."),
    "password.changed": marked("The password was changed."),
    "sessions.ended": marked("You are signed out everywhere else."),
}
"""What is said once something was done, by the slug in the address it leads to."""


class SignInFirst(Exception):
    """Nobody is signed in."""


class Page:
    """One request for a page."""

    def __init__(self, request: Request, at: Office, caller: Caller | None, secret: str) -> None:
        self.request = request
        self.at = at
        self.secret = secret
        self._caller = caller
        accepted = request.headers.get("accept-language", "")
        self.language: Language = language(chosen(request.cookies.get(CHOICE, ""), accepted))
        self.form = Form()

    @property
    def caller(self) -> Caller:
        """Who is signed in. Raises SignInFirst."""
        if self._caller is None:
            raise SignInFirst
        return self._caller

    def show(self, template: str, status: int = 0, /, **values: object) -> HTMLResponse:
        """The page made from a template; 422 where something is wrong with its form, unless `status` says otherwise."""
        done = DONE.get(self.request.query_params.get("done", ""), "")
        text = environment(self.language.code).get_template(template)
        common = {
            "page": self,
            "caller": self._caller,
            "form": self.form,
            "path": self.request.url.path,
            "here": self.here,
            "said": self.language.say(done),
            "csrf": csrf_token(self.at.keyed, self.secret) if self.secret else "",
            "languages": NAMES,
        }
        return HTMLResponse(text.render(**common, **values), status or (422 if self.form.faults else 200))

    def go(self, path: str, done: str = "") -> Response:
        """Leads to another page after something was done."""
        return RedirectResponse(f"{path}?done={done}" if done else path, 303)

    def query_with(self, **changed: str) -> str:
        """The query of this page with some of it changed, and without what was said."""
        kept = {name: text for name, text in self.request.query_params.items() if text and name != "done"}
        return urlencode(kept | changed)

    @property
    def here(self) -> str:
        """Where this page is found again: a form that was refused stands where no page is."""
        path, query = self.request.url.path, self.request.url.query
        if self.request.method == "GET":
            return f"{path}?{query}" if query else path
        return "/" + path.split("/")[1]

    @property
    def wants_fragment(self) -> bool:
        """Whether a part of the page is asked for, by the page itself."""
        return self.request.headers.get("hx-request") == "true"


async def signed_in(request: Request, at: Annotated[Office, Depends(office)]) -> Page:
    """The page of somebody who is signed in. Raises SignInFirst, and Forbidden for a form that isn't this console's."""
    page = await visitor(request, at)
    page.caller  # noqa: B018 — raises, before anything is read
    return await _filled(page)


async def anybody(request: Request, at: Annotated[Office, Depends(office)]) -> Page:
    """The page of whoever asks."""
    return await _filled(await visitor(request, at))


async def visitor(request: Request, at: Office) -> Page:
    """The same, whatever was sent."""
    secret = request.cookies.get(COOKIE, "")
    caller = await by_session(at, secret) if secret else None
    return Page(request, at, caller, secret if caller else "")


async def _filled(page: Page) -> Page:
    request = page.request
    if request.method == "POST":
        page.form = Form.of(await request.body(), page.language)
        given = request.headers.get("x-csrf-token") or page.form["csrf"]
        if page.secret and not is_csrf_token(page.at.keyed, page.secret, given):
            raise Forbidden("This form is out of date. Load the page again.")
    return page


ThePage: TypeAlias = Annotated[Page, Depends(signed_in)]
AnyPage: TypeAlias = Annotated[Page, Depends(anybody)]


def own_path(given: str) -> str:
    """A path of this console, or its front door."""
    parts = urlsplit(given)
    safe = given.startswith("/") and not given.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return quote(given, safe="/?=&%-._~:@") if safe else "/"
