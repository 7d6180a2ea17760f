"""The audit log: who changed what."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from gateway.console.callers import TheCaller, TheOffice
from gateway.console.lists import Asked, Part, listed_by_id
from gateway.console.shapes import page_of
from storage.administration import act
from storage.administration.act import AuditRecord
from storage.plan import Plan

router = APIRouter(prefix="/audit", tags=["audit log"])


@router.get("", response_model=page_of(AuditRecord))
async def list_changes(at: TheOffice, caller: TheCaller, asked: Asked) -> Part[AuditRecord]:
    """Changes, the newest first."""
    caller.must("admin")

    def plan(after: str, limit: int) -> Plan[Sequence[AuditRecord]]:
        return act.page(caller.account_id, after, limit)

    return await listed_by_id(at, caller, asked, "audit", plan)
