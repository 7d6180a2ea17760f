"""The disk is full: senders are told to come again, nothing answered 250 is lost, and service resumes by itself."""

from __future__ import annotations

import errno
import os
import random
import shutil
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.disk import Disk, library
from tests.faults.recording import ROOT, seed_of
from tests.faults.verdict import verdict
from tests.running_gateway import Gateway, free_port

_SEED = 20260302
FULL = (452, b"4.3.1 Insufficient system storage")
FAILED = (451, b"4.3.0 Temporary failure, try again later")
STOPPING = (421, b"4.3.2 Service shutting down, try again later")
ENDED = {FAILED, STOPPING, (0, b"")}  # what a sender may hear of a program that gives up
SMALL = "message_size = 262144\nmessage_size_from_source = 262144\nfree_disk = 1\n"


class Sender:
    """Sends numbered messages, and remembers which were acknowledged."""

    def __init__(self, gateway: Gateway, chance: random.Random) -> None:
        self._gateway, self._chance = gateway, chance
        self.sent = 0
        self.acknowledged: set[str] = set()

    def send(self, number: int | None = None) -> tuple[int, bytes]:
        """The last reply to a new message, or to an earlier one again; (0, b"") if there was none."""
        if number is None:
            number = self.sent = self.sent + 1
        text = random.Random(number).randbytes(4000).hex()
        raw = (
            f"From: ana@us.example\r\nTo: bob@client.example\r\nSubject: number {number}\r\n"
            f"Message-ID: <n{number}@us.example>\r\nDate: Mon, 02 Mar 2026 09:12:04 +0000\r\n\r\n{text}\r\n"
        )
        try:
            with smtplib.SMTP("127.0.0.1", self._gateway.port, "mail.us.example", 20) as client:
                client.sendmail("ana@us.example", [self._gateway.addresses["bcc"]], raw)
        except smtplib.SMTPResponseException as refused:
            error = refused.smtp_error
            return refused.smtp_code, error if isinstance(error, bytes) else error.encode()
        except (OSError, smtplib.SMTPException):
            return 0, b""
        self.acknowledged.add(f"number {number}")
        return 250, b""

    def until_refused(self) -> tuple[int, bytes]:
        """Sends until something else than 250 comes."""
        for _ in range(2000):
            reply = self.send()
            if reply[0] != 250:
                return reply
        return 250, b""

    def verdict(self) -> None:
        """What was acknowledged is there, each message once, and the database is sound."""
        there = [str(subject) for (subject,) in self._gateway.rows("SELECT subject FROM activity")]
        assert self.acknowledged <= set(there)
        assert len(there) == len(set(there))
        assert not verdict(self._gateway.folder / "gateway.db", [])


def under(disk: Disk) -> list[str]:
    """What a program is started by to run on this disk."""
    return ["env", *(f"{name}={disk.environment[name]}" for name in ("LD_PRELOAD", "FAULTS"))]


def climb(gateway: Gateway, room: Path, spaces: list[int], seed: int) -> Sender:
    """Leaves so many bytes, fills them, gives more, in one process; at last it is started on the full disk."""
    library()
    disk, sender = Disk(room / "control"), Sender(gateway, random.Random(seed))
    disk.record(gateway.folder, room / "log")
    gateway.start(*under(disk))
    for space in spaces:
        disk.leave_space(space)
        assert sender.until_refused() == FULL, space
        assert {sender.send(sender.sent) for _ in range(3)} == {FULL}, space
        disk.leave_space(-1)
        assert sender.send(sender.sent)[0] == 250, space
    disk.leave_space(0)
    assert sender.until_refused() == FULL
    assert gateway.stop() == 0
    disk.leave_space(-1)
    gateway.start(*under(disk))
    assert sender.send(sender.sent)[0] == 250
    assert gateway.stop() == 0
    sender.verdict()
    return sender


def test_a_full_disk_is_452_and_service_resumes_with_the_space(gateway: Gateway, room: Path) -> None:
    climb(gateway, room, [0, 5_000, 100_000], _SEED)


@pytest.mark.prove
def test_a_disk_that_is_full_after_any_number_of_bytes_is_452(gateway: Gateway, room: Path) -> None:
    seed = seed_of("full disk")
    chance = random.Random(seed)
    spaces = [chance.randrange(1 << chance.randrange(8, 22)) for _ in range(100)]
    sender = climb(gateway, room, [0, 100_000, 400_000, 1_000_000, *spaces], seed)
    print(f"full disk: {len(sender.acknowledged)} acknowledged on {len(spaces) + 4} disks, 0 lost, 0 doubled")


def test_a_disk_that_takes_no_writes_is_451_until_it_does(gateway: Gateway, room: Path) -> None:
    library()
    disk, sender = Disk(room / "control"), Sender(gateway, random.Random(_SEED))
    disk.record(gateway.folder, room / "log")
    gateway.start(*under(disk))
    for error in (errno.EROFS, errno.EDQUOT, errno.EIO):
        assert sender.send()[0] == 250
        disk.fail("write", 1, error, lasting=True)
        assert sender.send() == FAILED
        disk.sound()
        assert sender.send(sender.sent)[0] == 250
    assert gateway.stop() == 0
    sender.verdict()


def test_a_failed_sync_ends_the_program_and_it_starts_again(gateway: Gateway, room: Path) -> None:
    """Whoever waits gets 451, 421 or no reply; no later sync is believed."""
    library()
    disk, sender = Disk(room / "control"), Sender(gateway, random.Random(_SEED))
    disk.record(gateway.folder, room / "log")
    gateway.start(*under(disk))
    assert sender.send()[0] == 250
    disk.fail("sync", 1)
    assert sender.send() in ENDED
    assert gateway.wait() == 69
    disk.sound()
    assert "check the disk" in gateway.log().lower()
    gateway.start(*under(disk))
    assert sender.send(sender.sent)[0] == 250
    assert gateway.stop() == 0
    sender.verdict()


# --- a real disk that is full ---


@pytest.fixture
def small_disk(room: Path) -> Iterator[Path]:
    """A file system of 4 MB and 40 names, where the system lets us have one."""
    folder = room / "small"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=4m,nr_inodes=40", "none"]
    if os.getuid() or subprocess.run(["mount", *options, folder], capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def on_small_disk(small_disk: Path) -> Iterator[Gateway]:
    """A gateway whose database, key and log are on it, which takes mail down to the last bytes."""
    made = Gateway(small_disk, free_port())
    made.prepare(SMALL)
    yield made
    if made.running:
        made.kill()


def fill(folder: Path) -> Path:
    """Takes what is left."""
    rest = folder / "rest"
    with rest.open("ab", buffering=0) as file:
        for block in (65536, 4096, 1):
            try:
                while file.write(bytes(block)) == block:
                    pass
            except OSError:
                continue
    return rest


def test_a_file_system_that_is_full_with_its_log_is_452_and_service_resumes(on_small_disk: Gateway) -> None:
    sender, folder = Sender(on_small_disk, random.Random(_SEED)), on_small_disk.folder
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(2 << 20))
    on_small_disk.start()
    assert sender.until_refused() == FULL
    rest = fill(folder)
    assert shutil.disk_usage(folder).free == 0
    assert sender.send(sender.sent) == FULL
    ballast.unlink()
    rest.unlink()
    until = time.monotonic() + 20
    while sender.send(sender.sent)[0] != 250:  # free space is asked for once a second
        assert time.monotonic() < until
        time.sleep(0.1)
    assert on_small_disk.stop() == 0
    sender.verdict()


def fill_names(folder: Path) -> None:
    """Takes every name that is left."""
    with suppress(OSError):
        for number in range(100):
            (folder / f"{number}").touch()
    assert not os.statvfs(folder).f_ffree


def serve(gateway: Gateway) -> subprocess.CompletedProcess[str]:
    """Tries to start."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "gateway", "serve", "--config", str(gateway.config)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("full", "exit_code", "said"),
    [
        ("bytes", 75, "disk that holds the database is full"),
        ("names", 69, "can't be written"),
        ("", 69, "can't be written"),
    ],
    ids=["no bytes left", "no names left", "read-only"],
)
def test_a_start_on_a_disk_that_takes_nothing_says_why(
    on_small_disk: Gateway, full: str, exit_code: int, said: str
) -> None:
    folder = on_small_disk.folder
    if full == "bytes":
        fill(folder)
    elif full == "names":
        fill_names(folder)
    else:
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    done = serve(on_small_disk)
    assert (done.returncode, said in done.stderr) == (exit_code, True), done.stderr
    assert "Traceback" not in done.stderr
