"""Nothing private: what the never-log list keeps out leaves no byte on disk or in a log, whatever goes wrong."""

from __future__ import annotations

import base64
import itertools
import os
import shutil
import signal
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile.canary import TRACER, Letter, Marks, Search, Watched, large, letters, written

from storage.content import packed
from tests.running_gateway import free_port

_SEED = int(os.environ.get("SEED", "20270115"))
MIB = 1024 * 1024

# Builds that are broken on purpose: what each of them leaves must be found.
LOGS_THE_SUBJECT = """
import structlog, gateway.ingest as ingest
decide = ingest.decide
def telling(case, facts):
    structlog.get_logger().debug("deciding", subject=case.message.subject)
    return decide(case, facts)
ingest.decide = telling
"""
INSERTS_FIRST = """
import storage.settle as settle
from storage.plan import ask, insert
settle_one = settle._settle_one
def inserting(case, decide, recorder):
    yield from ask("SAVEPOINT first")
    for number in range(60):
        yield from insert("audit", id=f"{number}", at=0, who="", action="", detail=case.copy.decode("latin-1") * 200)
    yield from ask("ROLLBACK TO first")
    yield from ask("RELEASE first")
    return (yield from settle_one(case, decide, recorder))
settle._settle_one = inserting
"""
FAILS = """
import gateway.ingest as ingest
from storage.errors import StoreUnavailable
kinds = [RuntimeError, MemoryError, StoreUnavailable, ValueError]
def failing(case, facts):
    raise kinds[len(case.copy) % 4](f"{case.message.subject} {case.message.from_} {case.copy}")
ingest.decide = failing
"""
LOGS_ERRORS = """
import structlog, gateway.operator_log as log
def telling(error):
    structlog.get_logger().error("failed", error=str(error))
    return []
log.frames = telling
"""
_START = "\nfrom gateway.cli import main; main()\n"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """A prepared gateway, not started yet."""
    made = Watched(tmp_path, free_port(), busy_timeout=0.5)
    made.prepare()
    yield made
    if made.running:
        made.kill()


def sightings(gateway: Watched, mark: Marks) -> Search:
    search = Search(mark.word)
    search.folder(gateway.folder)
    if gateway.running:
        search.process(gateway.pid)
    return search


def many(mark: Marks, gateway: Watched, count: int) -> Iterator[Letter]:
    rounds = itertools.chain.from_iterable(letters(mark, gateway.addresses["forward"]) for _ in itertools.count())
    return itertools.islice(rounds, count)


def outcomes(gateway: Watched) -> Counter[object]:
    return Counter(outcome for (outcome,) in gateway.rows("SELECT outcome FROM decision"))


def through_everything(gateway: Watched, mark: Marks, count: int, size: int) -> Search:
    """Ordinary days, then every mishap while content of listed mail is in hand. All that was seen."""
    whole = Search(mark.word)

    def search() -> None:
        found = sightings(gateway, mark)
        whole.seen |= found.seen
        whole.bytes += found.bytes

    gateway.start()
    codes = gateway.send(many(mark, gateway, count))
    assert set(codes) == {250}
    kept = outcomes(gateway)
    assert kept["skipped"] >= count * 10 // 11
    assert kept["logged"] >= count // 11
    search()
    assert gateway.send([large(mark, size)]) == [250]
    for number, letter in enumerate(many(mark, gateway, 11)):
        gateway.break_off(letter, at_end=number % 2 == 0).close()
    _with_a_busy_store(gateway, mark)
    _with_a_store_that_refuses(gateway, mark)
    search()
    _with_a_parser_that_is_killed(gateway, large(mark, size))
    for number in (signal.SIGKILL, signal.SIGABRT):
        talks = [gateway.break_off(letter, at_end=False) for letter in many(mark, gateway, 11)]
        talks.append(gateway.break_off(large(mark, size), at_end=True))
        gateway.end(number)
        for talk in talks:
            talk.close()
        search()
        gateway.start()
        assert gateway.send(many(mark, gateway, 11)) == [250] * 11
    assert gateway.stop() == 0
    search()
    return whole


def _with_a_busy_store(gateway: Watched, mark: Marks) -> None:
    other = sqlite3.connect(gateway.folder / "gateway.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    codes = gateway.send(many(mark, gateway, 2))
    other.execute("ROLLBACK")
    other.close()
    assert set(codes) == {451}


def _with_a_store_that_refuses(gateway: Watched, mark: Marks) -> None:
    """Every row of a decision breaks a constraint."""
    other = sqlite3.connect(gateway.folder / "gateway.db", isolation_level=None, timeout=10)
    other.execute("CREATE TRIGGER refuse BEFORE INSERT ON decision BEGIN SELECT RAISE(ABORT, 'constraint'); END")
    codes = gateway.send(many(mark, gateway, 11))
    other.execute("DROP TRIGGER refuse")
    other.close()
    assert set(codes) == {451}


def _with_a_parser_that_is_killed(gateway: Watched, letter: Letter) -> None:
    with gateway.break_off(letter, at_end=True):
        for pid in gateway.children():
            os.kill(pid, signal.SIGKILL)


def test_listed_mail_leaves_nothing_whatever_goes_wrong(watched: Watched) -> None:
    search = through_everything(watched, Marks(_SEED), count=66, size=MIB)
    assert search.seen == set()
    assert search.bytes > MIB


@pytest.mark.prove
def test_thousands_of_listed_messages_leave_nothing_whatever_goes_wrong(watched: Watched) -> None:
    count = int(os.environ.get("CANARIES", "3300"))
    print(f"seed {_SEED}, {count} messages")
    search = through_everything(watched, Marks(_SEED), count=count, size=26 * MIB)
    print(f"{search.bytes} bytes searched")
    assert search.seen == set()


_NO_FILE = ("pipe", "UNIX", "UDP")
"""The way to the parser process, and to name servers."""


@pytest.mark.prove
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(("build", "clean"), [("", True), (INSERTS_FIRST, False)], ids=["true", "inserts first"])
def test_nothing_is_written_even_for_a_moment(tmp_path: Path, build: str, clean: bool) -> None:  # noqa: FBT001 - true build or broken one
    """Only the way to the parser process may carry a mark, and DNS questions about a marked domain."""
    trace = tmp_path / "strace.out"
    (tmp_path / "gateway").mkdir()
    gateway, mark = Watched(tmp_path / "gateway", free_port(), program=build + _START), Marks(_SEED)
    gateway.tracer = (*TRACER, str(trace))
    gateway.prepare()
    gateway.start()
    try:
        assert set(gateway.send(many(mark, gateway, 110 if clean else 10))) == {250}
        assert not clean or gateway.send([large(mark, MIB)]) == [250]
    finally:
        gateway.end(signal.SIGTERM)
    seen: Counter[str] = Counter()
    calls = 0
    for target, data in written(trace.read_bytes()):
        calls += 1
        search = Search(mark.word)
        search.data(target, data)
        seen.update(search.seen)
    print(f"{calls} calls; carried a mark: {dict(seen)}")
    elsewhere = {place for place in seen if not place.split()[1].startswith(_NO_FILE)}
    assert calls > 200
    assert (elsewhere == set()) is clean, elsewhere


def test_errors_while_listed_mail_is_decided_leave_nothing(tmp_path: Path) -> None:
    """Exceptions of all kinds whose text is the message, and a lack of memory."""
    search, codes = broken(tmp_path, FAILS)
    assert search.seen == set()
    assert set(codes) == {451}


# --- controls: the search sees what there is to see ---


def broken(folder: Path, build: str, size: int = 0) -> tuple[Search, list[int]]:
    """What a broken build leaves of one round of listed mail, and its answers."""
    gateway, mark = Watched(folder, free_port(), program=build + _START), Marks(_SEED)
    gateway.prepare()
    gateway.start()
    try:
        codes = gateway.send(many(mark, gateway, 10))
        return sightings(gateway, mark), codes
    finally:
        gateway.kill()


def test_listed_mail_whose_entry_was_removed_is_found(watched: Watched) -> None:
    mark = Marks(_SEED)
    watched.unlist()
    watched.start()
    watched.send(many(mark, watched, 11))
    search = sightings(watched, mark)
    assert "gateway.db-wal: plain" in search.seen
    assert "table raw_message, compressed: plain" in search.seen
    assert any("base64" in place for place in search.seen)
    assert not any(".log" in place for place in search.seen)


@pytest.mark.parametrize(
    ("build", "place"),
    [
        (LOGS_THE_SUBJECT, "out.log: plain"),
        (INSERTS_FIRST, "gateway.db-wal: plain"),
        (FAILS + LOGS_ERRORS, "out.log: plain"),
    ],
    ids=["logs the subject", "inserts before it decides", "logs the text of errors"],
)
def test_a_broken_build_is_found_out(tmp_path: Path, build: str, place: str) -> None:
    search, _ = broken(tmp_path, build)
    assert place in search.seen


@pytest.mark.parametrize(
    "hidden",
    [
        lambda word: word.encode(),
        lambda word: word.upper().encode(),
        lambda word: word.encode("utf-16"),
        lambda word: word.encode().hex().encode(),
        lambda word: b"ab" + base64.b64encode(b"1" + word.encode() + b"2"),
        lambda word: base64.encodebytes(b"x" * 40 + word.encode() + b"y"),
        lambda word: (word[:9] + "=\r\n" + word[9:]).encode(),
        lambda word: "".join(f"%{ord(c):02X}" for c in word).encode(),
        lambda word: b"page" + zlib.compress(b"x" * 5000 + word.encode() + os.urandom(5000))[:6000],
        lambda word: zlib.compress(base64.b64encode(word.encode() + b"zz")),
        lambda word: b"page" + packed(b"x" * 5000 + word.encode() + os.urandom(900)),
        lambda word: packed(base64.b64encode(word.encode() + b"zz")),
    ],
)  # fmt: skip
def test_a_mark_is_found_in_any_coding(hidden) -> None:  # type: ignore[no-untyped-def]
    mark = Marks(1)
    search = Search(mark.word)
    search.data("there", b"before" + hidden(mark()) + b"after")
    assert search.seen
    nothing = Search(mark.word)
    nothing.data("there", b"before" + hidden(Marks(2)()) + b"after")
    assert nothing.seen == set()
