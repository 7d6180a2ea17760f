"""Any bytes give a line of `inspect`: what is made to be costly, what was mail before it was damaged, and noise."""

import json
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from fakes.hostile import COPIES, Copy
from fakes.noise import ANY_BYTES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.cli.inspect import Line, describe
from gateway.core.model import Channel

KINDS = {"none", "inline_forward", "attached_forward", "journal", "redirect"}


def check(line: Line) -> None:
    """What is true of every line, whatever it is about."""
    assert json.loads(orjson.dumps(line))["file"] == "x"
    assert line["unwrap"] in KINDS
    assert line["original"] == (line["chain"][0] if line["chain"] else None)
    assert (line["unwrap"] == "journal") == (line["journal"] is not None)
    for original in line["chain"]:
        assert 0 < original["confidence"] <= 1


@given(ANY_BYTES, st.sampled_from([None, *Channel]))
@example(b"Subject: FW: x\r\n\r\nOn 3 Mar 2025 Bob <bob@host> wrote:\r\n> hi\r\n", Channel.FORWARD)
@example(b"Subject: x\r\n\r\n---------- Forwarded message ---------- From\r\n", Channel.FORWARD)
@settings(deadline=None)
def test_any_bytes_give_a_line_on_every_channel(raw: bytes, channel: Channel | None) -> None:
    check(describe("x", 0, raw, channel))


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_hostile_copy_ends_in_what_can_be_said_of_it(copy: Copy) -> None:
    line = describe("x", 0, copy.make(copy.size), Channel(copy.channel))
    check(line)
    assert (line["unwrap"], line["findings"], line["automated"]) == (copy.unwrap, copy.findings, copy.automated)


def test_the_program_prints_a_line_for_each_hostile_copy(tmp_path: Path) -> None:
    for number, copy in enumerate(COPIES.values()):
        (tmp_path / f"{number:02}.eml").write_bytes(copy.make(copy.size))
    command = [sys.executable, "-P", "-m", "gateway", "inspect", "--json", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["unwrap"] for line in lines] == [copy.unwrap for copy in COPIES.values()]
