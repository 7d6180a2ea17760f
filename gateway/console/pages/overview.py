"""Overview: how much was logged, for whom and with whom, what became of all mail, and what needs a look."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gateway.console.api import overview
from gateway.console.downloads import download
from gateway.console.pages.page import ThePage
from storage import csv_text
from storage.overview import DAY

router = APIRouter(prefix="/overview")
QUIET = 3 * DAY
"""How long a mail server may send nothing before somebody should look, weekends included; milliseconds."""


@router.get("")
async def show(page: ThePage, asked: Annotated[overview.Weeks, Query()]) -> Response:
    """The last weeks."""
    seen = await overview.show_overview(page.at, page.caller, asked)
    return page.show("overview.html", seen=seen, asked=asked, quiet_since=page.at.now() - QUIET)


@router.get("/{table}.csv")
async def as_csv(page: ThePage, table: overview.Table, asked: Annotated[overview.Weeks, Query()]) -> Response:
    """One of its tables for a spreadsheet."""
    seen = await overview.show_overview(page.at, page.caller, asked)
    rows = [[page.language.say(name) for name in overview.COLUMNS[table]], *overview.rows(seen, table)]
    text = "".join(csv_text.write(rows))
    return download(text.encode("utf-8-sig"), "text/csv; charset=utf-8", f"{table}.csv")
