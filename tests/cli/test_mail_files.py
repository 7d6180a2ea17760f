"""Which files a PATH stands for, and which messages a file holds."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli import mail_files
from gateway.cli.mail_files import Piece, Unreadable

MAIL = b"From: ana@example.com\nSubject: hello\n\nHi\n"
START = b"From ana@example.com Tue Mar  4 10:12:00 2025\n"


def names(path: Path, *, maildirs: bool = True) -> list[str]:
    found, faults = mail_files.files(str(path), maildirs=maildirs)
    assert faults == []
    return [str(Path(name).relative_to(path)) for name in found]


def messages(content: bytes, folder: Path) -> list[Piece | Unreadable]:
    file = folder / "mail"
    file.write_bytes(content)
    return list(mail_files.read([str(file)]))


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("cur", "new", "tmp", ".Sent/cur", ".Sent/new", ".Sent/tmp"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("new/2", "cur/1:2,S", "tmp/3", ".Sent/cur/4:2,S", ".Sent/tmp/5"):
        (tmp_path / name).write_bytes(MAIL)
    (tmp_path / "dovecot-uidlist").write_text("3 V1 N2 Gabc\n1 :1\n")
    (tmp_path / ".Sent" / "maildirfolder").touch()
    return tmp_path


def test_of_a_maildir_only_delivered_mail_counts(maildir: Path) -> None:
    assert names(maildir) == [".Sent/cur/4:2,S", "cur/1:2,S", "new/2"]


def test_mail_that_stands_in_a_maildir_beside_its_folders_counts(maildir: Path) -> None:
    (maildir / "7:2,").write_bytes(MAIL)
    (maildir / "box").write_bytes(START + MAIL)
    assert {"7:2,", "box"} < set(names(maildir))


def test_a_folder_is_no_maildir_without_cur_and_new(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "a").write_bytes(b"anything")
    assert names(tmp_path) == ["tmp/a"]


def test_where_maildirs_mean_nothing_every_file_counts(maildir: Path) -> None:
    assert len(names(maildir, maildirs=False)) == 7


def test_what_is_in_cur_counts_whatever_it_looks_like(maildir: Path) -> None:
    (maildir / "cur" / "6").write_bytes(b"\0\0")
    assert "cur/6" in names(maildir)


def test_a_folder_that_cannot_be_opened_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(path: str, onerror: object) -> object:
        assert callable(onerror)
        onerror(PermissionError(13, "Permission denied", path))
        return iter(())

    monkeypatch.setattr(mail_files.os, "walk", walk)
    _, faults = mail_files.files(str(tmp_path), maildirs=True)
    assert faults == [Unreadable(str(tmp_path), "Permission denied")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_neither_from_line_nor_blank_line_is_part_of_a_message(end: bytes, tmp_path: Path) -> None:
    box = (START + MAIL + b"\n" + START + MAIL + b"\n").replace(b"\n", end)
    sent = MAIL.replace(b"\n", b"\r\n")
    assert [(p.index, p.raw) for p in messages(box, tmp_path) if isinstance(p, Piece)] == [(0, sent), (1, sent)]


def test_a_message_is_the_same_whether_or_not_another_follows(tmp_path: Path) -> None:
    alone = messages(START + MAIL + b"\n", tmp_path)
    followed = messages(START + MAIL + b"\n" + START + MAIL, tmp_path)
    assert alone == followed[:1]


@pytest.mark.parametrize(
    "text", [b"\nFrom the start it was clear.\n", b"x\nFrom: a\nb: c\n", b"\nFrom x\nFrom y\nno field\n"]
)
def test_a_line_of_text_begins_no_message(text: bytes, tmp_path: Path) -> None:
    assert len(messages(START + MAIL + text, tmp_path)) == 1


def test_a_message_that_holds_a_from_line_is_no_mbox(tmp_path: Path) -> None:
    (piece,) = messages(MAIL + b"\n" + START + MAIL, tmp_path)
    assert isinstance(piece, Piece)
    assert START.replace(b"\n", b"\r\n") in piece.raw


@pytest.mark.parametrize("content", [b"x" * 1000, MAIL + b"x" * 1000, START + MAIL + b"x\n" * 500])
def test_of_a_message_that_is_too_large_little_is_read(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(content + (b"\n" + START + MAIL if content.startswith(b"From ") else b""))
    first, *others = (p for p in mail_files.read([str(file)], 100) if isinstance(p, Piece))
    assert 100 < len(first.raw) < 250
    assert [p.raw for p in others] == [MAIL.replace(b"\n", b"\r\n")] * len(others)


def test_a_file_that_cannot_be_opened_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(MAIL)
    none, found = mail_files.read([str(tmp_path / "none"), str(tmp_path / "mail")])
    assert none == Unreadable(str(tmp_path / "none"), "No such file or directory")
    assert isinstance(found, Piece)


LINES = st.sampled_from([b"\n", b"From x\n", b"From: a\n", b"text\n", b"\r\n", b"From", b">From x\n", b""])


@given(st.lists(LINES, max_size=30).map(b"".join))
def test_every_byte_of_a_file_belongs_to_one_message(content: bytes) -> None:
    found = list(mail_files._messages(io.BytesIO(content), 10**9))
    assert sum(stored for _, stored in found) == len(content)
    assert found
