"""Signing in and out, and the links by which a user gets a password."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from gateway import passwords
from gateway.console.callers import COOKIE, client
from gateway.console.language import NAMES
from gateway.console.pages.page import CHOICE, AnyPage, Page, ThePage, own_path
from gateway.console.rates import Rates
from storage.administration import passwords as stored
from storage.administration import sessions
from storage.administration.act import Act
from storage.plan import Plan

router = APIRouter()
YEAR = 365 * 24 * 60 * 60


@router.get("/sign-in")
async def form(page: AnyPage) -> Response:
    """Asks for address and password."""
    return page.show("sign_in.html", next=own_path(page.request.query_params.get("next", "/")))


@router.post("/sign-in")
async def sign_in(page: AnyPage) -> Response:
    """Begins a session, whatever session there was before."""
    at, address, password = page.at, page.form["address"], page.form.raw("password")[: passwords.LONGEST]
    rates: Rates = page.request.state.rates
    asking = client(page.request)
    if not rates.allow(asking, address):
        page.form.faults["password"] = page.language.say("That was tried too often. Wait a few minutes.")
        return page.show("sign_in.html", 429, next=own_path(page.form["next"]))
    known, most = await at.store.read(sessions.known(at.keyed, address))
    fitting = await passwords.which_fits(password, [one for _, one in known], most)
    if fitting is None:
        page.form.faults["password"] = page.language.say("Address and password don't fit together.")
        return page.show("sign_in.html", next=own_path(page.form["next"]))
    rates.went_well(asking, address)
    return await _begin(page, known[fitting][0], page.go(own_path(page.form["next"])))


@router.post("/sign-out")
async def sign_out(page: ThePage) -> Response:
    """Ends this session."""
    await page.at.store.change(sessions.end(page.at.keyed, page.secret))
    answer = page.go("/sign-in")
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer


@router.post("/sign-out-elsewhere")
async def sign_out_elsewhere(page: ThePage) -> Response:
    """Ends all sessions of the user but this one."""
    user_id = page.caller.user_id or ""
    await page.at.store.change(sessions.end_all(user_id, page.at.keyed, page.secret))
    return page.go("/profile", "sessions.ended")


@router.get("/setup/{link}")
async def setup_form(page: AnyPage, link: str) -> Response:
    """Asks whoever has the link for a new password."""
    invited = await page.at.store.read(sessions.of_link(page.at.keyed, link, page.at.now()))
    return page.show("setup.html", 200 if invited else 404, works=invited is not None, link=link)


@router.post("/setup/{link}")
async def setup(page: AnyPage, link: str) -> Response:
    """Gives the link's user that password and begins a session; all earlier ones end, and so does the link."""
    at, language = page.at, page.language
    password = page.form.raw("password")
    if await at.store.read(sessions.of_link(at.keyed, link, at.now())) is None:
        return page.show("setup.html", 404, works=False, link=link)
    if fault := passwords.fault(password):
        page.form.faults["password"] = language.refusal(fault)
    elif password != page.form.raw("again"):
        page.form.faults["again"] = language.say("This isn't the same password.")
    if page.form.faults:
        return page.show("setup.html", works=True, link=link)
    user_id = await at.store.change(_set_up(at.act_of("console:setup"), link, await passwords.hashed_apart(password)))
    if user_id is None:
        return page.show("setup.html", 404, works=False, link=link)
    return await _begin(page, user_id, page.go("/"))


@router.get("/enter/{link}")
async def enter(page: AnyPage, link: str) -> Response:
    """Signs in whoever has the link that a demo printed, once."""
    user_id = page.at.entrances.pop(link, None)
    if user_id is None:
        return page.show("setup.html", 404, works=False, link="")
    return await _begin(page, user_id, page.go("/"))


@router.get("/profile")
async def profile(page: ThePage) -> Response:
    """The user's own password and sessions."""
    return page.show("profile.html")


@router.post("/profile/password")
async def change_password(page: ThePage) -> Response:
    """Changes the password of whoever knows the old one; all other sessions end."""
    at, caller, language = page.at, page.caller, page.language
    old, new = page.form.raw("old"), page.form.raw("password")
    rates: Rates = page.request.state.rates
    if not rates.allow(client(page.request), caller.address):
        page.form.faults["old"] = language.say("That was tried too often. Wait a few minutes.")
        return page.show("profile.html", 429)
    hashes = await at.store.read(sessions.password_of(caller.user_id or ""))
    if hashes and await passwords.which_fits(old[: passwords.LONGEST], hashes) is None:
        page.form.faults["old"] = language.say("This isn't your password.")
    elif fault := passwords.fault(new):
        page.form.faults["password"] = language.refusal(fault)
    elif new != page.form.raw("again"):
        page.form.faults["again"] = language.say("This isn't the same password.")
    if page.form.faults:
        return page.show("profile.html")
    rates.went_well(client(page.request), caller.address)
    hashed, session = await passwords.hashed_apart(new), at.keyed("session", page.secret)
    user_id = caller.user_id or ""
    await at.store.change(stored.give_user(at.act(caller), caller.account_id, user_id, hashed, session))
    return page.go("/profile", "password.changed")


@router.post("/language")
async def choose_language(page: AnyPage) -> Response:
    """Speaks the language that was chosen, on this browser, for a year."""
    answer = page.go(own_path(page.form["next"]))
    choice = page.form["language"] if page.form["language"] in NAMES else ""
    answer.set_cookie(CHOICE, choice, YEAR, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def _set_up(act: Act, link: str, hashed: str) -> Plan[str | None]:
    user = yield from sessions.use_link(act, link)
    if user is None:
        return None
    yield from stored.give_user(act, user.account_id, user.user_id, hashed)
    return user.user_id


async def _begin(page: Page, user_id: str, answer: Response) -> Response:
    """A new session with a new secret: one that somebody put into this browser before is of no use, and over."""
    at, secret = page.at, page.at.secret()

    def plan() -> Plan[None]:
        yield from sessions.end(at.keyed, page.request.cookies.get(COOKIE, ""))
        yield from sessions.begin(at.act_of(user_id), user_id, secret)

    await at.store.change(plan())
    answer.set_cookie(COOKIE, secret, path="/", secure=True, httponly=True, samesite="lax")
    return answer
