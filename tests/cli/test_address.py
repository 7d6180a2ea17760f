"""`address` and `source`."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

Command = Callable[..., Result]
Good = Callable[..., str]
Lines = Callable[..., list[dict[str, Any]]]


def test_an_address_is_printed_alone_so_that_programs_can_take_it(good: Good, lines: Lines) -> None:
    address = good("address", "create", "bcc")
    assert re.fullmatch(r"[a-z2-7]{26}@bcc\.log\.example\n", address)
    assert [a["address"] for a in lines("address", "list")] == [address.strip()]


def test_an_address_is_rotated_and_retired(command: Command, good: Good, lines: Lines) -> None:
    old = good("address", "create", "relay").strip()
    result = command("address", "rotate", old, "--grace-days", "2")
    new = result.stdout.strip()
    assert "works for 2 days more" in result.stderr
    by_address = {a["address"]: a for a in lines("address", "list")}
    assert by_address[old]["retires_at"] > by_address[old]["created_at"]
    assert by_address[new]["retires_at"] is None
    good("address", "retire", new)
    assert "retired already" in command("address", "retire", new).stderr
    assert command("address", "rotate", new, "--grace-days", "-1").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (("create", "post"), 2, "'post' is not one of 'bcc', 'forward', 'relay', 'journal'"),
        (("create", "relay", "--user", "ann@us.example"), 1, "whole mail server"),
        (("create", "bcc", "--user", "ann@us.example"), 1, "There is no user 'ann@us.example'"),
        (("retire", "x@bcc.log.example"), 1, "There is no such capture address. `address list` shows them."),
    ],
)
def test_wrong_input_is_told(command: Command, arguments: tuple[str, ...], exit_code: int, sentence: str) -> None:
    result = command("address", *arguments)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert sentence in result.stderr


def test_a_source_comes_and_goes(command: Command, good: Good, lines: Lines) -> None:
    output = good("source", "add", "mx", "192.0.2.9/24", "--channel", "relay", "--channel", "journal")
    assert output.splitlines() == [
        "mx at 192.0.2.0/24 may use journal and relay.",
        "It doesn't vouch: each sender must be proven by the message itself.",
    ]
    assert [(s["channels"], s["vouches"]) for s in lines("source", "list")] == [(["journal", "relay"], False)]
    assert good("source", "remove", "mx") == "mx at 192.0.2.0/24 is no source any more.\n"
    assert "There is no source 'mx'" in command("source", "remove", "mx").stderr


def test_vouching_is_explained(good: Good) -> None:
    output = good("source", "add", "mx", "192.0.2.9", "--channel", "relay", "--vouches")
    assert "every sender in what it copies counts as proven" in output
    assert "only for a server that copies what its own users submit" in output


def test_what_a_source_is_believed_is_told_and_listed(good: Good, lines: Lines) -> None:
    fields = ("--trusts", "delivered-to, x-gm-original-to", "--host", "cloud.example", "--host", "203.0.113.0/24")
    channels = ("--channel", "relay", "--channel", "journal", "--alternate", "--label", "Classification")
    output = good("source", "add", "mx", "192.0.2.9", *channels, *fields)
    assert "It is believed whom a copy was delivered to." in output
    assert "Journal reports that were returned undelivered are believed from it." in output
    [source] = lines("source", "list")
    assert (source["trusts"], source["labels"]) == (["delivered-to", "x-gm-original-to"], ["classification"])
    assert (source["alternate"], source["hosts"]) == (True, ["203.0.113.0/24", "cloud.example"])
    assert "delivered-to, x-gm-original-to" in good("source", "list")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (("mx", "192.0.2.1", "--channel", "relay", "--trusts", "to"), 1, "'to' is no field that tells the recipient"),
        (("mx", "nowhere", "--channel", "relay"), 1, "'nowhere' is no network; write it as 192.0.2.0/24"),
        (("mx", "::/0", "--channel", "relay"), 1, "the whole internet"),
        (("mx", "192.0.2.1"), 2, "Missing option '--channel'"),
        (("mx", "192.0.2.1", "--channel", "bcc"), 2, "'bcc' is not one of 'relay', 'journal'"),
    ],
)
def test_what_is_no_source_is_told(command: Command, arguments: tuple[str, ...], exit_code: int, sentence: str) -> None:
    result = command("source", "add", *arguments)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert sentence in result.stderr
