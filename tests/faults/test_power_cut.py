"""The power fails: what was answered 250 is there, once, and the database is sound.

A run is recorded call by call (disk.c) and cut at random moments; of what was not synced by then anything may be left.
"""

from __future__ import annotations

import os
import random
import smtplib
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest

from tests.faults.disk import Disk, library
from tests.faults.recording import Prepared, Program, acknowledged, cut, lay_out, seed_of
from tests.faults.replay import Cache, records
from tests.faults.store_run import DATABASE, Request
from tests.faults.verdict import Findings, verdict
from tests.running_gateway import Gateway

_SEED = 20260302


def cut_runs(
    prepared: Prepared, runs: Program, cuts: int, seed: int, sync: str = "", each: int = 250, **build: Any
) -> Findings:
    """Records runs of the store, `each` for so many cuts, with messages, a crowd and checkpoints of its own."""
    chance, findings = random.Random(seed), Findings()
    while findings.images < cuts:
        cache = prepared.anew()
        prepared.disk.sync(sync)
        request = Request(
            str(prepared.folder),
            messages=chance.randrange(40, 160),
            seed=chance.randrange(1 << 32),
            at_once=chance.choice((1, 4, 12)),
            checkpoint=chance.choice((20, 100, 1000)),
        )
        request = replace(request, **build)
        assert runs.run(request) == 0
        cut(cache, prepared.log, min(each, cuts), chance, findings, prepared.folder.parent / "image")
    return findings


def test_no_cut_loses_or_doubles_what_was_acknowledged(prepared: Prepared, runs: Program) -> None:
    findings = cut_runs(prepared, runs, 300, _SEED, each=100)
    assert findings.sound, (findings, findings.examples)


@pytest.mark.prove
def test_no_cut_of_thousands_loses_or_doubles_what_was_acknowledged(prepared: Prepared, runs: Program) -> None:
    """FAULTS_CUTS is how many."""
    cuts, seed = int(os.environ.get("FAULTS_CUTS") or 2000), seed_of("power cuts")
    findings = cut_runs(prepared, runs, cuts, seed)
    print(f"power cuts: {findings}")
    assert findings.sound, findings.examples


@pytest.mark.parametrize(
    ("sync", "build", "corrupts"),
    [
        ("", {"synchronous": "NORMAL", "checkpoint": 1000}, False),
        ("", {"synchronous": "OFF", "checkpoint": 20}, True),
        ("", {"early": True}, False),
        ("believed", {"checkpoint": 20}, True),
    ],
    ids=["synchronous NORMAL", "synchronous OFF", "an answer before the commit", "no sync at all"],
)
def test_a_build_that_breaks_the_promise_is_noticed(
    prepared: Prepared, runs: Program, sync: str, build: dict[str, object], *, corrupts: bool
) -> None:
    findings = cut_runs(prepared, runs, 120, _SEED, sync, **build)
    assert findings.lost
    assert not corrupts or findings.corrupt


def subjects(database: Path) -> set[str]:
    with closing(connect(database)) as db:
        return {subject for (subject,) in db.execute("SELECT subject FROM activity")}


def test_what_a_cut_left_takes_the_repeats_and_ends_with_each_message_once(prepared: Prepared, runs: Program) -> None:
    """The senders come again with everything that has no 250; some come with what has one, too."""
    chance = random.Random(_SEED)
    cache = prepared.anew()
    request = Request(str(prepared.folder), messages=60, seed=_SEED, checkpoint=50)
    assert runs.run(request) == 0
    whole, run, image, at = subjects(prepared.database), records(prepared.log), prepared.folder.parent / "image", 0
    for moment in sorted(chance.randrange(len(run)) for _ in range(8)):
        for record in run[at:moment]:
            cache.apply(record, chance)
        at = moment
        lay_out(cache, image, chance)
        assert runs.run(Request(str(image), messages=60, seed=_SEED, run="again")) == 0
        assert not verdict(image / DATABASE, acknowledged(run[:at]) | {f"again-{n}" for n in range(60)})
        assert subjects(image / DATABASE) == whole


# --- the whole gateway ---


def load(gateway: Gateway, first: int, messages: int) -> None:
    """Several clients deliver numbered messages."""
    address = gateway.addresses["bcc"]

    def deliver(client: int) -> None:
        with smtplib.SMTP("127.0.0.1", gateway.port, "mail.us.example", 20) as smtp:
            for number in range(first + client, first + messages, 4):
                text = "x" * (number * 997 % 9000)
                smtp.sendmail(
                    "ana@us.example",
                    [address],
                    f"From: ana@us.example\r\nTo: bob{number % 7}@client.example\r\nSubject: number {number}\r\n"
                    f"Message-ID: <n{number}@us.example>\r\nDate: Mon, 02 Mar 2026 09:12:04 +0000\r\n\r\n{text}\r\n",
                )

    clients = [threading.Thread(target=deliver, args=(client,)) for client in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(60)


def cut_gateway(gateway: Gateway, room: Path, messages: int, cuts: int, seed: int) -> Findings:
    """The program as it is run, stopped and started again within the record."""
    chance, findings = random.Random(seed), Findings()
    disk, cache = Disk(room / "control"), Cache(gateway.folder)
    disk.record(gateway.folder, room / "log")
    names = ("LD_PRELOAD", "FAULTS")
    under = ["env", *(f"{name}={disk.environment[name]}" for name in names)]
    gateway.start(*under)
    load(gateway, 0, messages)
    assert gateway.stop() == 0
    gateway.start(*under)
    load(gateway, messages, messages)
    gateway.kill()
    assert len(acknowledged(records(room / "log"))) == 2 * messages
    cut(cache, room / "log", cuts, chance, findings, room / "image")
    return findings


def test_the_running_gateway_keeps_what_it_answered_through_cuts(gateway: Gateway, room: Path) -> None:
    library()
    findings = cut_gateway(gateway, room, messages=40, cuts=100, seed=_SEED)
    assert findings.sound, (findings, findings.examples)


@pytest.mark.prove
def test_the_running_gateway_keeps_what_it_answered_through_thousands_of_cuts(gateway: Gateway, room: Path) -> None:
    library()
    cuts = int(os.environ.get("FAULTS_CUTS") or 2000)
    findings = cut_gateway(gateway, room, messages=600, cuts=cuts, seed=seed_of("power cuts, gateway"))
    print(f"power cuts, gateway: {findings}")
    assert findings.sound, findings.examples
