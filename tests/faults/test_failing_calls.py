"""A call to the disk fails: whatever was answered 250 stands, also after a restart, the repeats and a power cut.

The nth call of a kind fails, for n = 1, 2, 3 … until a run meets no fault; then the store is started again on a sound
disk and everything is sent once more.
"""

from __future__ import annotations

import errno
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from storage.errors import StoreFailed
from tests.faults.disk import SHORT
from tests.faults.recording import Prepared, Program, acknowledged, cut, seed_of
from tests.faults.replay import Record, records
from tests.faults.store_run import Request
from tests.faults.test_power_cut import subjects
from tests.faults.verdict import Findings, verdict

_SEED = 20260302
_STORE_ERRORS = {69, 75}
FAULTS = [
    ("write", errno.EIO),
    ("write", errno.ENOSPC),
    ("write", errno.EDQUOT),
    ("write", errno.EINTR),
    ("write", SHORT),
    ("sync", errno.EIO),
    ("sync", errno.ENOSPC),
    ("open", errno.EIO),
    ("open", errno.EMFILE),
    ("truncate", errno.EIO),
    ("read", errno.EIO),
    ("unlink", errno.EIO),
]


def stopped(run: Sequence[Record]) -> bool:
    """Whether nothing was answered 250 after a failed sync."""
    failed = next((at for at, record in enumerate(run) if record.kind == "F"), len(run))
    return all(record.kind != "A" for record in run[failed:])


def sweep(
    prepared: Prepared,
    runs: Program,
    kind: str,
    error: int,
    step: int,
    *,
    seed: int = _SEED,
    checkpoint: int = 15,
    **how: bool,
) -> str:
    """Every `step`th call in turn; `how` as Disk.fail has it. The figures."""
    chance, findings, ends = random.Random(seed), Findings(), Counter[int]()
    request = Request(str(prepared.folder), messages=6, seed=seed, at_once=2, checkpoint=checkpoint)
    fault = errno.errorcode.get(error, "half")
    prepared.anew()
    assert runs.run(request) == 0
    whole = subjects(prepared.database)
    nth, failed = chance.randrange(step) + 1, 1
    while failed:
        cache = prepared.anew()
        prepared.disk.fail(kind, nth, error, **how)
        code = runs.run(request)
        failed = prepared.disk.failed
        prepared.disk.sound()
        where = f"{kind} {nth} with {fault}, exit {code}"
        assert code in {0, *_STORE_ERRORS, *([-9] if how.get("kill") else [])}, where
        ends[code] += 1
        if code == StoreFailed.exit_code and not how:
            assert stopped(records(prepared.log)), where
        assert runs.run(replace(request, run="b")) == 0, where
        answered = acknowledged(records(prepared.log))
        assert answered >= {f"b-{number}" for number in range(request.messages)}, where
        findings.take(where, verdict(prepared.database, answered))
        assert subjects(prepared.database) == whole, where
        image = prepared.folder.parent / "image"
        cut(cache, prepared.log, 4, chance, findings, image, failed=kind == "sync")
        nth += step
    assert findings.sound, (findings, findings.examples)
    return f"{kind} {fault}: {sum(ends.values())} runs, exit codes {dict(ends)}, {findings}"


@pytest.mark.parametrize(("kind", "error"), FAULTS)
def test_a_failing_call_loses_and_doubles_nothing(prepared: Prepared, runs: Program, kind: str, error: int) -> None:
    print(sweep(prepared, runs, kind, error, step=83 if kind in ("read", "write") else 7))


@pytest.mark.prove
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize(("kind", "error"), FAULTS)
def test_no_failing_call_loses_or_doubles_anything(
    prepared: Prepared, runs: Program, kind: str, error: int, *, lasting: bool
) -> None:
    if lasting and error == errno.EINTR:
        pytest.skip("a call that is interrupted for ever is no fault of a disk")
    seed = seed_of("failing calls")
    for checkpoint in (15, 1000) if kind == "sync" else (15,):
        print(sweep(prepared, runs, kind, error, 1, seed=seed, checkpoint=checkpoint, lasting=lasting))


def test_a_program_killed_at_a_failed_sync_starts_soundly(prepared: Prepared, runs: Program) -> None:
    """The system's memory still shows what isn't on the disk, to the next start, too."""
    print(sweep(prepared, runs, "sync", errno.EIO, step=1, checkpoint=1000, kill=True))


@pytest.mark.parametrize("build", ["swallowed", "retried"])
def test_a_build_that_believes_in_a_failed_sync_is_noticed(prepared: Prepared, runs: Program, build: str) -> None:
    chance, findings = random.Random(_SEED), Findings()
    for nth in range(1, 12):
        cache = prepared.anew()
        prepared.disk.sync(build)
        prepared.disk.fail("sync", nth)
        assert runs.run(Request(str(prepared.folder), messages=16, seed=_SEED, at_once=3)) == 0
        cut(cache, prepared.log, 4, chance, findings, prepared.folder.parent / "image")
    assert findings.lost
