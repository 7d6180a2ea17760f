"""`export` writes all that there is of a person, a user or an account, all of it or nothing."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from fakes.deliveries import mail

from gateway.data_care import export

ANN, KIM, LAWYER = "ottoline@lead.example", "kim@client.example", "x@lawyer.example"


@pytest.fixture
def capture(good: Callable[..., str], tmp_path: Path) -> str:
    """The Bcc address of an account with mail: to Ann, to Kim, to both with somebody on the list, and held."""
    good("user", "add", "ana@us.example", "Ana")
    good("never-log", "add", LAWYER)
    good("source", "add", "office", "127.0.0.1/32", "--channel", "relay", "--vouches")
    address = good("address", "create", "bcc").split()[0]
    written = [
        mail("ana@us.example", f"Ottoline Marrow <{ANN}>", "One", message_id="1", text="Tom\x1b é"),
        mail("ana@us.example", KIM, "Two", message_id="2"),
        mail("ana@us.example", f"{ANN}, {KIM}, {LAWYER}", "Three", message_id="3"),
        mail("stranger@home.example", f"{ANN}, ana@us.example", "Four", message_id="4"),
    ]
    for number, raw in enumerate(written):
        path = tmp_path / f"{number}.eml"
        path.write_bytes(raw)
        good("replay", "--to", address, str(path))
    return address


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.usefixtures("capture")
def test_of_a_person_all_activities_their_record_and_held_mail(good: Callable[..., str], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    good("export", "contact", ANN, str(folder))
    told = lines(folder, "activities.jsonl")
    assert [one["listed"]["subject"] for one in told] == ["One", "Three"]
    assert [p["address"] for p in told[1]["participants"] if p["role"] == "to"] == [ANN, KIM, ""]
    assert [one["contact"]["addresses"] for one in lines(folder, "contacts.jsonl")] == [[ANN]]
    assert [one["subject"] for one in lines(folder, "held.jsonl")] == ["Four"]
    assert {one["reason"] for one in lines(folder, "decisions.jsonl")} == {"explicit.bcc"}
    [first, _] = sorted((folder / "messages").iterdir())
    assert first.name == f"{told[0]['listed']['id']}.eml"
    assert b"Subject: One\r\n" in first.read_bytes()
    assert LAWYER not in "".join(p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file())


@pytest.mark.usefixtures("capture")
def test_of_a_user_what_is_in_their_name(good: Callable[..., str], tmp_path: Path) -> None:
    good("export", "user", "ana@us.example", str(tmp_path / "out"))
    assert len(lines(tmp_path / "out", "activities.jsonl")) == 3
    assert [one["address"] for one in lines(tmp_path / "out", "users.jsonl")] == ["ana@us.example"]


def test_of_an_account_everything_but_its_secrets(good: Callable[..., str], tmp_path: Path, capture: str) -> None:
    folder = tmp_path / "out"
    good("user", "password", "ana@us.example", "--generate")
    good("export", "account", str(folder))
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("export.json", "account.json", "users.jsonl", "contacts.jsonl", "never_log.jsonl", "sources.jsonl"),
        *("capture_addresses.jsonl", "activities.jsonl", "decisions.jsonl", "held.jsonl", "audit.jsonl"),
        *("messages", "held"),
    }
    assert (len(lines(folder, "activities.jsonl")), len(lines(folder, "decisions.jsonl"))) == (3, 4)
    text = "".join(p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file())
    assert capture.partition("@")[0] not in text
    assert "argon2" not in text


@pytest.mark.usefixtures("capture")
def test_an_archive_has_the_same_files_and_the_same_bytes_each_time(good: Callable[..., str], tmp_path: Path) -> None:
    for target in ("out", "one.zip", "two.zip"):
        good("export", "contact", ANN, str(tmp_path / target))
    with zipfile.ZipFile(tmp_path / "one.zip") as one, zipfile.ZipFile(tmp_path / "two.zip") as two:
        folder = tmp_path / "out"
        assert sorted(one.namelist()) == sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
        assert one.namelist() == two.namelist()
        same = [name for name in one.namelist() if name != "export.json"]
        assert [one.read(name) for name in same] == [two.read(name) for name in same]
        assert [one.read(name) for name in same] == [(folder / name).read_bytes() for name in same]


@pytest.mark.usefixtures("capture")
def test_files_are_their_owners_alone(good: Callable[..., str], tmp_path: Path) -> None:
    for target in ("out", "out.zip"):
        good("export", "account", str(tmp_path / target))
    made = [tmp_path / "out.zip", tmp_path / "out", *(tmp_path / "out").rglob("*")]
    assert {stat.S_IMODE(p.stat().st_mode) for p in made if p.is_file()} == {0o600}
    assert {stat.S_IMODE(p.stat().st_mode) for p in made if p.is_dir()} == {0o700}


@pytest.mark.usefixtures("capture")
@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_what_stands_there_is_left_alone(command: Callable[..., Result], tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")
    result = command("export", "account", str(tmp_path / name))
    assert (result.exit_code, "exists already" in result.stderr) == (1, True)
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


@pytest.mark.usefixtures("capture")
@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_of_an_export_that_fails_nothing_is_left(
    command: Callable[..., Result], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(tmp_path.iterdir())

    def full(_record: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "plain_record", full)
    result = command("export", "account", str(tmp_path / name))
    assert (result.exit_code, "No space left" in result.stderr) == (1, True)
    assert [p for p in sorted(tmp_path.iterdir()) if not p.name.startswith("gateway.db")] == [
        p for p in before if not p.name.startswith("gateway.db")
    ]


def test_of_nobody_there_is_nothing(command: Callable[..., Result], tmp_path: Path) -> None:
    result = command("export", "contact", "nobody@nowhere.example", str(tmp_path / "out"))
    assert (result.exit_code, "Nothing is stored" in result.stderr) == (1, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("capture")
def test_it_is_on_record_and_names_nobody(good: Callable[..., str], tmp_path: Path) -> None:
    good("export", "contact", ANN, str(tmp_path / "out"))
    [told] = [line for line in good("account", "audit", "--json").splitlines() if "person.export" in line]
    assert ANN not in told
