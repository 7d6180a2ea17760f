"""The console: pages for people. Each does what a route of the API does, by calling it."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from gateway.console.pages import (
    activities,
    contacts,
    decisions,
    email_logging,
    held,
    overview,
    settings,
    sign_in,
    start,
    users,
    webhooks,
)


def routers() -> Sequence[APIRouter]:
    """The routes of all pages."""
    parts = (sign_in, start, email_logging, activities, decisions, held, overview, contacts, users, settings, webhooks)
    return [part.router for part in parts]
