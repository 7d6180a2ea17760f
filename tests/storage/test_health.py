"""What probes and Prometheus ask of a store, on each kind."""

from __future__ import annotations

from gateway.health.checks import Status, schema_check, store_check
from storage import figures
from storage.administration import never_log
from storage.administration.act import Act
from storage.interface import Store
from storage.sqlite.store import SqliteStore


async def test_a_store_that_serves_passes_its_checks(store: Store) -> None:
    kind, other = ("sqlite", "postgres") if isinstance(store, SqliteStore) else ("postgres", "sqlite")
    assert (await store_check(store, 30)()).status is Status.OK
    assert (await schema_check(store, kind, 30)()).status is Status.OK
    assert (await schema_check(store, other, 30)()).status is Status.FAILED  # it knows other migrations


async def test_its_figures_are_counted_over_all_accounts(store: Store, act: Act, account: str) -> None:
    assert await store.read(figures.figures()) == figures.Figures(0, None, 0, [], 0, 0, None)
    await store.change(never_log.add(act, account, "eve@rival.example"))
    assert (await store.read(figures.figures())).never_log_entries == 1


async def test_commits_are_told_with_their_pieces(store: Store, act: Act, account: str) -> None:
    told: list[tuple[int, float, int]] = []
    store.committed = lambda pieces, seconds, waiting: told.append((pieces, seconds, waiting))
    await store.change(never_log.add(act, account, "eve@rival.example"))
    [(pieces, seconds, waiting)] = told
    assert (pieces, waiting) == (1, 0)
    assert seconds > 0
