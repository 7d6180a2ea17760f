"""Email logging: the never-log list, the contact email logging rule, and the account's other options."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gateway.console.api import account, data_care, never_log
from gateway.console.api.typing import Id
from gateway.console.lists import Paging
from gateway.console.pages.page import Page, ThePage

router = APIRouter(prefix="/email-logging")
MOST_AT_ONCE = 500
OPTIONS = ("sender_proof", "unproven_user", "strict_subject", "late_parent_hours", "subaddressing", "held_days")
KEPT = ("activity_days", "message_days", "skipped_days", "audit_days")
LISTS = ("automated_allow", "arc_sealers")


@router.get("")
async def show(page: ThePage, asked: Annotated[Paging, Query()]) -> Response:
    """The list and the rule."""
    return await _shown(page, asked)


@router.post("/entries")
async def add_entries(page: ThePage) -> Response:
    """Adds one entry, or as many as were pasted; those that can't be added stay in the field, with the reason."""
    page.caller.must("write")
    form, patterns = page.form, list(dict.fromkeys(page.form.words("patterns")))
    user = page.caller.user_id if form["scope"] == "me" else None
    if not 0 < len(patterns) <= MOST_AT_ONCE:
        form.faults["patterns"] = page.language.say("Write 1 to {most} addresses or domains.", most=MOST_AT_ONCE)
        return await _shown(page, Paging())
    refused: dict[str, str] = {}
    for pattern in patterns:

        async def work(pattern: str = pattern) -> object:
            given = {"pattern": _pattern(pattern), "effect": form["effect"] or "participant", "user": user}
            new = never_log.NewEntry.model_validate(given)
            return await never_log.add_entry(page.at, page.caller, new)

        if await form.tried(work, "patterns") is None:
            refused[pattern] = form.faults.pop("patterns", "") or page.language.say("This isn't right.")
    if refused:
        told = (why if pattern in why else f"{pattern}: {why}" for pattern, why in refused.items())
        form.faults["patterns"] = "\n".join(told)
        return await _shown(page, Paging(), left="\n".join(refused))
    return page.go("/email-logging", "entry.added")


@router.post("/entries/{entry_id}/delete")
async def remove_entry(page: ThePage, entry_id: str) -> Response:
    """Takes it from the list."""
    await never_log.remove_entry(page.at, page.caller, entry_id)
    return page.go("/email-logging", "entry.removed")


@router.post("/entries/{entry_id}/promote")
async def promote_entry(page: ThePage, entry_id: str) -> Response:
    """Makes it hold for all users."""
    if await page.form.tried(lambda: never_log.promote_entry(page.at, page.caller, entry_id), "entry") is None:
        return await _shown(page, Paging())
    return page.go("/email-logging", "entry.added")


@router.get("/entries/{entry_id}/purge")
async def show_purge(page: ThePage, entry_id: Id) -> Response:
    """What an entry would have kept out, before it is taken back for good."""
    return await _reach(page, entry_id)


@router.post("/entries/{entry_id}/purge")
async def purge(page: ThePage, entry_id: Id) -> Response:
    """Takes it back, and says how much."""
    return await _reach(page, entry_id, await data_care.purge(page.at, page.caller, entry_id))


@router.post("/test")
async def test(page: ThePage) -> Response:
    """What the list says of an address."""
    wanted = never_log.Test(address=page.form["address"][:320])
    tested = await page.form.tried(lambda: never_log.test_address(page.at, page.caller, wanted), "address")
    if page.wants_fragment:
        return page.show("parts/tested.html", 200, tested=tested)  # or its fault would not be shown
    return await _shown(page, Paging(), tested=tested)


@router.post("/settings")
async def change_settings(page: ThePage) -> Response:
    """Changes those that the form shows."""
    page.caller.must("admin")
    form = page.form
    before = await account.show_account(page.at, page.caller)
    for setting in ("rule", *OPTIONS, *KEPT, *LISTS):
        if f"shows.{setting}" not in form:
            continue
        text = " ".join(form.all(setting))
        if text != _written(before.settings[setting]):

            async def work(setting: str = setting, text: str = text) -> object:
                return await account.change_setting(page.at, page.caller, setting, account.Value(value=text))

            await form.tried(work, setting)
    if form.faults:
        return await _shown(page, Paging())
    return page.go("/email-logging", "settings.changed")


@router.post("/own")
async def add_own(page: ThePage) -> Response:
    """A domain of the account, or, where it holds an @, a shared mailbox."""
    name = page.form["own"]

    async def work() -> object:
        if "@" in name:
            return await account.add_mailbox(page.at, page.caller, account.Mailbox(address=name))
        return await account.add_domain(page.at, page.caller, account.Domain(domain=name))

    await page.form.tried(work, "own")
    return await _shown(page, Paging()) if page.form.faults else page.go("/email-logging", "settings.changed")


@router.post("/own/remove")
async def remove_own(page: ThePage) -> Response:
    """It is an ordinary one again."""
    remove = account.remove_domain if page.form["kind"] == "domain" else account.remove_mailbox
    await page.form.tried(lambda: remove(page.at, page.caller, page.form["own"]), "own")
    return await _shown(page, Paging()) if page.form.faults else page.go("/email-logging", "settings.changed")


async def _shown(page: Page, asked: Paging, **more: object) -> Response:
    entries = await never_log.list_entries(page.at, page.caller, asked)
    shown = await account.show_account(page.at, page.caller)
    written = {setting: _written(value) for setting, value in shown.settings.items()}
    values = {"entries": entries, "account": shown, "settings": written, "left": "", "tested": None, **more}
    return page.show("email_logging.html", **values)


async def _reach(page: Page, entry_id: str, purged: data_care.Purged | None = None) -> Response:
    found = await data_care.show_purge(page.at, page.caller, entry_id)
    return page.show("purge.html", entry_id=entry_id, found=found, purged=purged)


def _pattern(text: str) -> str:
    """A domain is meant as all of its addresses."""
    return text if "@" in text else f"*@{text}"


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
