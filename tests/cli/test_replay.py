"""`replay`: old mail on the journey of new mail."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.cli.replay import batches as replay_batches
from tests.cli.conftest import Command

START = "From ana@us.example Tue Mar  4 10:12:00 2025\n"


def mail(
    own: str = "", *, by: str = "ana@us.example", to: str = "bob@client.example", subject: str = "Offer", more: str = ""
) -> str:
    """A message as it lies on a disk; `more` is further header fields."""
    own = f"Message-ID: <{own}@x.example>\n" if own else ""
    return f"From: {by}\nTo: {to}\nSubject: {subject}\n{own}{more}Date: Tue, 4 Mar 2025 10:12:00 +0000\n\nHello\n"


def answer(own: str, to: str, **others: str) -> str:
    field = f"In-Reply-To: <{to}@x.example>\n"
    return mail(own, by="bob@client.example", to="ana@us.example", subject="Re: Offer", more=field, **others)


@pytest.fixture
def gateway(good: Callable[..., str], command: Command) -> Command:
    """The account "us" with a user and a relay address, and a logging rule that creates contacts."""
    good("user", "add", "ana@us.example", "Ana")
    good("address", "create", "relay")
    good("rule", "set", "log_all_and_create")
    return command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test puts its mail."""
    (tmp_path / "mail").mkdir()
    return tmp_path / "mail"


def write(folder: Path, *messages: str) -> Path:
    for number, message in enumerate(messages):
        (folder / f"{number:04}.eml").write_text(message, encoding="utf-8")
    return folder


def rows(folder: Path, sql: str) -> list[Any]:
    with sqlite3.connect(folder.parent / "gateway.db") as db:
        found = db.execute(sql).fetchall()
    db.close()
    return found


def everything(folder: Path) -> list[str]:
    with sqlite3.connect(folder.parent / "gateway.db") as db:
        dump = list(db.iterdump())
    db.close()
    return dump


def records(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def outcomes(result: Result) -> list[str]:
    return [" ".join((d["outcome"], d["reason"])) for line in records(result) for d in line["decisions"]]


def test_old_mail_is_decided_as_if_it_came_now(gateway: Command, folder: Path) -> None:
    write(folder, mail("a"), answer("b", "a"))
    before = int(time.time() * 1000)
    result = gateway("replay", str(folder))
    assert result.exit_code == 0
    assert "1  logged    rule.log_all_and_create" in result.stdout
    assert "1  logged    thread.logged" in result.stdout
    assert "Messages: 2 in" in result.stdout
    assert "Contacts created: 1\n" in result.stdout
    decided = rows(folder, "SELECT channel, at FROM decision ORDER BY id")
    assert [channel for channel, _ in decided] == ["relay", "relay"]
    assert all(at >= before for _, at in decided)
    assert rows(folder, "SELECT address FROM contact_address") == [("bob@client.example",)]


def test_a_second_run_changes_nothing_and_says_so(gateway: Command, folder: Path) -> None:
    write(folder, mail("a"), answer("b", "a"))
    first, second = gateway("replay", str(folder)), gateway("replay", str(folder))
    assert "of which 0 came before" in first.stdout
    assert "2  merged    dedupe.retry" in second.stdout
    assert "Messages: 2 in" in second.stdout
    assert "of which 2 came before" in second.stdout
    assert rows(folder, "SELECT count(*) FROM activity") == [(2,)]
    assert rows(folder, "SELECT deliveries FROM decision") == [(2,), (2,)]


def test_every_kind_of_path_is_read(gateway: Command, folder: Path, tmp_path: Path) -> None:
    write(folder, mail("a"))
    box, maildir = tmp_path / "box", tmp_path / "Maildir"
    box.write_text(f"{START}{mail('b')}\n{START}{mail('c')}\n")
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
        (maildir / name / "1").write_text(mail(name))
    paths = [str(folder), str(folder / "0000.eml"), str(box), str(maildir)]
    found = [(line["file"], line["index"], line["message_id"]) for line in records(gateway("replay", *paths, "--json"))]
    assert found == [
        (str(folder / "0000.eml"), 0, "a@x.example"),
        (str(folder / "0000.eml"), 0, "a@x.example"),
        (str(box), 0, "b@x.example"),
        (str(box), 1, "c@x.example"),
        (str(maildir / "cur" / "1"), 0, "cur@x.example"),
        (str(maildir / "new" / "1"), 0, "new@x.example"),
    ]


def test_standard_input_is_read(gateway: Command, tmp_path: Path) -> None:
    given = f"{START}{mail('a')}\n{START}{mail('b')}\n"
    config = {"GATEWAY_CONFIG": str(tmp_path / "gateway.toml")}
    result = CliRunner().invoke(main, ["replay", "-", "--json"], input=given, env=config)
    assert [(line["file"], line["index"]) for line in records(result)] == [("-", 0), ("-", 1)]


def test_the_same_message_from_an_mbox_and_a_file_came_before(gateway: Command, folder: Path, tmp_path: Path) -> None:
    write(folder, mail("a"))
    (tmp_path / "box").write_text(f"{START}{mail('a')}\n{START}{mail('b')}\n")
    reasons = outcomes(gateway("replay", "--json", str(folder), str(tmp_path / "box")))
    assert reasons[1] == "merged dedupe.retry"
    assert reasons[2] != "merged dedupe.retry"


def test_decisions_fall_in_the_order_of_the_messages(gateway: Command, folder: Path) -> None:
    """Across batches, and where one message is so large that it is read apart."""
    messages = [mail(str(n), subject=str(n)) for n in range(2 * replay_batches.BATCH + 1)]
    messages[1] += "x\n" * 100_000
    found = records(gateway("replay", "--json", str(write(folder, *messages))))
    assert [line["message_id"] for line in found] == [f"{n}@x.example" for n in range(len(messages))]
    decided = [trace_id for (trace_id,) in rows(folder, "SELECT trace_id FROM decision ORDER BY id")]
    assert decided == [line["trace_id"] for line in found]


def test_each_message_is_one_json_object_with_its_decisions(gateway: Command, folder: Path) -> None:
    (line,) = records(gateway("replay", "--json", str(write(folder, mail("a")))))
    (row,) = rows(folder, "SELECT trace_id, (SELECT thread_id FROM activity) FROM decision")
    assert line == {
        "file": str(folder / "0000.eml"),
        "index": 0,
        "trace_id": row[0],
        "decisions": [{"outcome": "logged", "reason": "rule.log_all_and_create", "flags": [], "original": 0}],
        "thread": row[1],
        "message_id": "a@x.example",
    }


# --- who decides ---


def test_a_retired_address_decides_if_it_is_named(gateway: Command, good: Callable[..., str], folder: Path) -> None:
    address = good("address", "create", "bcc").splitlines()[0]
    good("address", "retire", address)
    result = gateway("replay", "--json", "--to", address, str(write(folder, mail("a"))))
    assert outcomes(result) == ["logged explicit.bcc"]


def test_the_newest_address_of_the_channel_decides(gateway: Command, good: Callable[..., str], folder: Path) -> None:
    """Seen from the bytes and envelope that were recorded: the same message to the newest address came before."""
    write(folder, mail("a"))
    assert "0 came before" in gateway("replay", str(folder)).stdout
    newest = good("address", "create", "relay").splitlines()[0]
    assert "0 came before" in gateway("replay", str(folder)).stdout
    assert "1 came before" in gateway("replay", "--to", newest, str(folder)).stdout


def test_an_address_of_one_users_decides_only_if_it_is_named(
    gateway: Command, good: Callable[..., str], folder: Path
) -> None:
    write(folder, mail("a"))
    everybodys = good("address", "create", "bcc").splitlines()[0]
    good("address", "create", "bcc", "--user", "ana@us.example")
    good("replay", "--channel", "bcc", str(folder))
    assert "1 came before" in good("replay", "--to", everybodys, str(folder))


def test_another_channel_can_be_chosen(gateway: Command, good: Callable[..., str], folder: Path) -> None:
    good("address", "create", "bcc")
    result = gateway("replay", "--json", "--channel", "bcc", str(write(folder, mail("a"))))
    assert outcomes(result) == ["logged explicit.bcc"]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["--channel", "journal"], 1, "address create journal"),
        (["--to", "x@elsewhere.example"], 1, "log.example"),
        (["--to", "guess@relay.log.example"], 1, "address list"),
        (["--to", "x@relay.log.example", "--channel", "relay"], 2, "--channel"),
        (["--account", "other"], 1, "accounts are"),
    ],
)
def test_a_mistake_is_answered_with_a_sentence(
    gateway: Command, folder: Path, arguments: list[str], exit_code: int, said: str
) -> None:
    result = gateway("replay", str(write(folder, mail("a"))), *arguments)
    assert (result.exit_code, said in result.stderr) == (exit_code, True)
    assert rows(folder, "SELECT count(*) FROM decision") == [(0,)]


def test_another_accounts_address_is_refused(gateway: Command, good: Callable[..., str], folder: Path) -> None:
    good("account", "create", "others", "--domain", "others.example")
    address = good("address", "create", "relay", "--account", "others").splitlines()[0]
    result = gateway("replay", "--account", "us", "--to", address, str(write(folder, mail("a"))))
    assert (result.exit_code, "another account's" in result.stderr) == (1, True)


def test_who_replays_vouches_for_the_senders_unless_he_says_otherwise(gateway: Command, folder: Path) -> None:
    write(folder, mail("a"))
    assert outcomes(gateway("replay", "--json", "--no-vouch", "--dry-run", str(folder))) == [
        "skipped sender.unverified"
    ]
    assert outcomes(gateway("replay", "--json", str(folder))) == ["logged rule.log_all_and_create"]


def test_the_envelope_sender_is_the_return_path_else_the_author(gateway: Command, folder: Path) -> None:
    """A postmaster's mail with a null path is a bounce."""
    by = "postmaster@client.example"
    null = mail("a", by=by, to="ana@us.example", more="Return-Path: <>\n")
    other = mail("b", by=by, to="ana@us.example", more="Return-Path: <x@client.example>\n")
    without = mail("c", by=by, to="ana@us.example")
    nobodys = "Message-ID: <d@client.example>\nTo: ana@us.example\nSubject: x\n\nHello.\n"
    reasons = outcomes(gateway("replay", "--json", str(write(folder, null, other, without, nobodys))))
    assert [reason == "skipped automated.bounce" for reason in reasons] == [True, False, False, False]


# --- threads ---


def keys(result: Result) -> list[str]:
    return [line["thread"] for line in records(result)]


def test_messages_of_one_thread_have_one_key_whether_the_store_keeps_them_or_not(
    gateway: Command, folder: Path
) -> None:
    """The third is an automatic reply, the fourth is nobody's; neither is in a thread of the store."""
    machine = answer("c", "b").replace("\n\n", "\nAuto-Submitted: auto-replied\n\n")
    nobody = mail("d", by="x@else.example", to="y@else.example", more="References: <c@x.example>\n")
    write(folder, mail("a"), answer("b", "a"), machine, nobody, mail("e", subject="Other"))
    result = gateway("replay", "--json", str(folder))
    assert outcomes(result)[2:4] == ["skipped automated.auto_reply", "skipped participants.no_user"]
    a, b, c, d, e = keys(result)
    assert a == b == c == d
    assert e != a


def test_threads_that_merge_at_the_end_have_one_key_from_the_beginning(gateway: Command, folder: Path) -> None:
    """The answers to a message that comes last."""
    write(folder, answer("b", "a"), mail("x", subject="Other"), answer("c", "a"), mail("a"))
    b, x, c, a = keys(gateway("replay", "--json", str(folder)))
    assert a == b == c
    assert x != a


def test_mail_that_nobody_is_asked_about_is_tied_by_its_identifiers(gateway: Command, folder: Path) -> None:
    others = {"by": "x@else.example", "to": "y@else.example"}
    write(folder, mail("a", **others), answer("b", "z"), mail("c", more="In-Reply-To: <a@x.example>\n", **others))
    a, b, c = keys(gateway("replay", "--json", str(folder)))
    assert a == c
    assert b != a


def test_an_earlier_replays_threads_are_found_again(gateway: Command, folder: Path, tmp_path: Path) -> None:
    write(folder, mail("a"))
    (first,) = keys(gateway("replay", "--json", str(folder)))
    (again,) = keys(gateway("replay", "--json", str(folder)))
    later = tmp_path / "later.eml"
    later.write_text(answer("b", "a").replace("\n\n", "\nAuto-Submitted: auto-replied\n\n"))
    (automatic,) = keys(gateway("replay", "--json", str(later)))
    assert first == again == automatic


@pytest.mark.parametrize("message", ["Subject:\n", "Subject: no author\n\n\0\0", mail()])
def test_the_same_bytes_have_the_same_key_and_others_another(message: str, gateway: Command, folder: Path) -> None:
    first, second, other = keys(gateway("replay", "--json", str(write(folder, message, message, message + "x\n"))))
    assert first == second
    if message == "Subject:\n":
        assert other != first


# --- a dry run ---


def test_a_dry_run_writes_nothing_and_leaves_nothing(gateway: Command, folder: Path) -> None:
    before = everything(folder)
    beside = sorted(folder.parent.iterdir())
    result = gateway("replay", "--dry-run", str(write(folder, mail("a"), answer("b", "a"))))
    assert result.exit_code == 0
    assert everything(folder) == before
    assert sorted(folder.parent.iterdir()) == beside
    assert "Nothing was written." in result.stdout


def test_a_dry_run_says_what_a_replay_then_does(gateway: Command, folder: Path) -> None:
    """Later messages see what earlier ones would have written."""
    write(folder, mail("a"), answer("b", "a"), mail("c", to="kim@client.example"), mail("c"))
    told = outcomes(gateway("replay", "--json", "--dry-run", str(folder)))
    assert told[1] == "logged thread.logged"
    assert told == outcomes(gateway("replay", "--json", str(folder)))


def test_a_dry_run_names_the_contacts_that_would_be_created(gateway: Command, folder: Path) -> None:
    said = gateway("replay", "--dry-run", str(write(folder, mail("a"), mail("b", to="kim@client.example")))).stdout
    assert "Contacts that would be created: 2\n    bob@client.example\n    kim@client.example\n" in said


def test_a_dry_run_tells_the_difference_to_what_was_recorded(
    gateway: Command, good: Callable[..., str], folder: Path
) -> None:
    """The first came by itself before, under another rule; the second was never seen; the third was replayed."""
    write(folder, mail("a"))
    good("rule", "set", "replies_only")
    good("replay", str(folder))
    newest = good("address", "create", "relay").splitlines()[0]
    write(folder, mail("a"), answer("b", "a"), mail("c", subject="Other"))
    good("replay", "--to", newest, str(folder / "0002.eml"))
    good("rule", "set", "log_all_and_create")
    assert good("replay", "--dry-run", str(folder)).splitlines()[:3] == [
        f"{folder}/0000.eml: skipped rule.replies_only → logged rule.log_all_and_create",
        f"{folder}/0001.eml: logged thread.logged",
        f"{folder}/0002.eml: stays skipped rule.replies_only",
    ]
    told = records(gateway("replay", "--dry-run", "--json", str(folder)))
    assert [line["decisions"][0]["before"] for line in told] == [
        {"outcome": "skipped", "reason": "rule.replies_only"},
        None,
        {"outcome": "skipped", "reason": "rule.replies_only"},
    ]


def test_of_several_decisions_about_a_message_that_of_the_same_copy_stays(
    gateway: Command, good: Callable[..., str], folder: Path
) -> None:
    write(folder, mail("a"))
    good("rule", "set", "replies_only")
    good("replay", str(folder))
    good("rule", "set", "log_all_and_create")
    address = good("address", "create", "bcc").splitlines()[0]
    good("replay", "--to", address, str(folder))
    assert good("replay", "--dry-run", str(folder)).startswith(f"{folder}/0000.eml: stays skipped rule.replies_only\n")


# --- what goes wrong ---


def test_what_cannot_be_read_does_not_stop_the_others(gateway: Command, folder: Path) -> None:
    write(folder, "\0\xff no message", mail("a"))
    result = gateway("replay", str(folder / "none"), str(folder), "--json")
    assert result.exit_code == 1
    assert f"{folder}/none: No such file or directory" in result.stderr
    assert f"{folder}/0000.eml: is no message" in result.stderr
    found = [json.loads(line)["decisions"][0]["outcome"] for line in result.stdout.splitlines()]
    assert found == ["logged"]


def test_a_message_above_the_limit_is_passed_over_and_told(gateway: Command, folder: Path) -> None:
    write(folder, mail("a") + "x\n" * 150_000, mail("b"))
    sizes = ("MESSAGE_SIZE", "MESSAGE_SIZE_FROM_SOURCE")
    result = gateway("replay", str(folder), **{f"GATEWAY_SMTP__LIMITS__{name}": "300000" for name in sizes})
    assert result.exit_code == 1
    assert f"{folder}/0000.eml: larger than the limit" in result.stderr
    assert "1  refused   smtp.too_large" in result.stdout
    assert rows(folder, "SELECT count(*) FROM decision") == [(1,)]


def test_our_own_fault_with_one_message_is_told_without_its_content_and_the_others_go_on(
    gateway: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = replay_batches.read_parts

    def broken(raw: bytes, *others: Any) -> Any:
        if b"Secret" in raw:
            raise ValueError(raw)
        return whole(raw, *others)

    monkeypatch.setattr(replay_batches, "read_parts", broken)
    result = gateway("replay", str(write(folder, mail("a", subject="Secret"), mail("b"))))
    assert result.exit_code == 1
    assert "0000.eml: ValueError at " in result.stderr
    assert "Secret" not in result.output
    assert rows(folder, "SELECT count(*) FROM activity") == [(1,)]


def test_a_database_that_is_busy_ends_the_run_and_says_how_to_go_on(gateway: Command, folder: Path) -> None:
    other = sqlite3.connect(folder.parent / "gateway.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        result = gateway("replay", str(write(folder, mail("a"))), GATEWAY_STORE__BUSY_TIMEOUT="0.05")
    finally:
        other.close()
    assert result.exit_code == 75
    assert "The same command goes on" in result.stderr
    assert "try again" in result.stderr
    assert "Messages: 0 in" in result.stdout


# --- the process ---


def started(folder: Path, *arguments: str, **files: Any) -> subprocess.Popen[bytes]:
    config = str(folder.parent / "gateway.toml")
    command = [sys.executable, "-P", "-m", "gateway", "replay", *arguments, "--config", config]
    return subprocess.Popen(command, **files)


def insist(run: subprocess.Popen[bytes], number: int) -> None:
    """The signal until it ends. Python sees one that comes just before it waits for input only with the next."""
    for _ in range(10):
        run.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            run.wait(3)
            return
    raise AssertionError("it goes on")


def wait_for(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_tells_what_was_done_and_goes_on_with_the_same_command(
    number: signal.Signals, exit_code: int, gateway: Command, folder: Path
) -> None:
    """The mbox comes through a pipe that stays open: the first batch is decided, then the run waits for more."""
    box = [f"{START}{mail(str(n))}\n" for n in range(replay_batches.BATCH + 2)]
    pipe = subprocess.PIPE
    with started(folder, "-", stdin=pipe, stdout=pipe, stderr=pipe) as run:
        assert run.stdin
        assert run.stdout
        assert run.stderr
        run.stdin.write("".join(box).encode())
        run.stdin.flush()
        wait_for(lambda: rows(folder, "SELECT count(*) FROM decision") == [(replay_batches.BATCH,)])
        insist(run, number)
        said, complained = run.stdout.read().decode(), run.stderr.read().decode()
    assert run.returncode == exit_code
    assert f"Messages: {replay_batches.BATCH} in" in said
    assert complained == "Not all was read. The same command goes on: what was decided is recognised.\n"
    config = {"GATEWAY_CONFIG": str(folder.parent / "gateway.toml")}
    again = CliRunner().invoke(main, ["replay", "-"], input="".join(box), env=config)
    assert f"of which {replay_batches.BATCH} came before" in again.stdout
    assert "Messages: 52 in" in again.stdout


def test_an_interrupted_dry_run_leaves_no_copy_of_the_database(gateway: Command, folder: Path) -> None:
    private = lambda: [p for p in folder.parent.iterdir() if p.name.startswith("dry-run-")]  # noqa: E731 — asked three times
    with started(folder, "-", "--dry-run", stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        wait_for(lambda: bool(private()))
        assert [p.stat().st_mode & 0o777 for p in private()] == [0o700]
        wait_for(lambda: any(p.joinpath("gateway.db-shm").exists() for p in private()))
        run.send_signal(signal.SIGINT)
        insist(run, signal.SIGINT)
    assert private() == []


def on_terminal(folder: Path, arguments: Sequence[str]) -> str:
    """What a terminal would show on standard error."""
    ours, theirs = os.openpty()
    with started(folder, *arguments, stdout=subprocess.DEVNULL, stderr=theirs) as run:
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 4096):
                said += piece
        except OSError:  # how the other end of a terminal closes
            pass
        finally:
            os.close(ours)
    assert run.returncode == 0
    return said.decode()


def test_a_terminal_sees_how_far_it_is(gateway: Command, folder: Path) -> None:
    write(folder, mail("a"))
    assert "1 messages" in on_terminal(folder, [str(folder)])
    assert "Replaying" not in gateway("replay", str(folder)).stderr


def test_verbose_shows_each_decision_as_tail_does(gateway: Command, good: Callable[..., str], folder: Path) -> None:
    said = good("replay", "--verbose", str(write(folder, mail("a"), answer("b", "a")))).splitlines()
    assert said[:2] == [
        f"{line}  {folder}/{number:04}.eml" for number, line in enumerate(good("tail").splitlines())
    ]


def test_who_replayed_how_much_is_in_the_audit(gateway: Command, lines: Callable[..., Any], folder: Path) -> None:
    write(folder, mail("a"), mail("b"), mail("b"))
    assert gateway("replay", "--as", "Kim", str(folder), str(folder / "0000.eml")).exit_code == 0
    assert gateway("replay", "--dry-run", str(folder)).exit_code == 0
    record = lines("account", "audit")[-1]
    assert (record["who"], record["action"]) == ("Kim", "mail.replay")
    assert record["detail"] == {
        "channel": "relay",
        "vouched": True,
        "paths": 2,
        "messages": 4,
        "came_before": 2,
        "logged": 2,
        "merged": 2,
    }


def test_what_is_no_mail_is_told_of_and_nothing_of_it_is_kept(
    gateway: Command, good: Callable[..., str], folder: Path
) -> None:
    good("never-log", "add", "kim@client.example")
    write(folder, mail("m1"))
    (folder / "notes.txt").write_text("Kim called: kim@client.example\n", encoding="utf-8")
    (folder / "old.mbox.gz").write_bytes(gzip.compress((START + mail("m2", to="kim@client.example")).encode()))
    (folder / "empty").touch()
    result = gateway("replay", str(folder))
    assert result.exit_code == 1
    for name in ("empty", "notes.txt", "old.mbox.gz"):
        assert f"{folder}/{name}: is no message" in result.stderr
    assert rows(folder, "SELECT outcome FROM decision") == [("logged",)]
    assert rows(folder, "SELECT count(*) FROM held") == [(0,)]
