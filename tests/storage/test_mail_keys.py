"""Stored mail under keys: what is stored comes back under any of them, and nothing else ever does."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.content import compressed, packed, place
from storage.errors import MailKeyMissing, MailKeysUnusable, StoreBroken
from storage.mail_keys import NONE, MailKeys, key_id, key_of

HERE, THERE = place("raw_message", "a1"), place("raw_message", "a2")
RAW = b"Subject: x\r\n\r\nhi\r\n"
FIRST, SECOND = (f"{key_id(key)} {key.hex()}" for key in (b"1" * 32, b"2" * 32))


def keys(folder: Path, *lines: str) -> MailKeys:
    """Those of a file with these lines, which takes the place of the one before."""
    draft = folder / f"draft.{secrets.token_hex(4)}"
    draft.write_text("\n".join(lines) + "\n", encoding="ascii")
    return MailKeys(draft.rename(folder / "mail.keys"))


@given(raw=st.binary(max_size=500), order=st.permutations([FIRST, SECOND, NONE]), then=st.permutations([FIRST, SECOND]))
def test_any_bytes_come_back_whatever_the_order_of_the_keys(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, order: list[str], then: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    stored = keys(folder, *order).encrypted(compressed(raw), HERE)
    later = keys(folder, *then)
    assert key_of(stored.encoding) == order[0].split()[0]
    assert later.raw_bytes(stored) == raw
    moved = later.moved(stored, later.first)
    assert key_of(moved.encoding) == then[0].split()[0]
    assert MailKeys(folder / "mail.keys").raw_bytes(moved) == raw
    assert later.moved(moved, NONE).data == compressed(raw).data


def test_what_is_encrypted_is_another_each_time_and_holds_nothing_of_it(tmp_path: Path) -> None:
    ring, raw = keys(tmp_path, FIRST), secrets.token_bytes(4000)
    one, other = (ring.encrypted(compressed(raw), HERE).data for _ in range(2))
    pieces = [packed(raw)[at : at + 8] for at in range(16, 3900)]
    assert all(piece in compressed(raw).data for piece in pieces)
    assert not [piece for piece in pieces if piece in one]
    assert not [at for at in range(len(one) - 8) if one[at : at + 8] in other]


def test_another_row_s_message_is_never_taken_for_its_own(tmp_path: Path) -> None:
    ring = keys(tmp_path, FIRST, SECOND)
    here, there = (ring.encrypted(compressed(RAW + where.encode()), where) for where in (HERE, THERE))
    for swapped in (replace(here, place=THERE), replace(there, place=HERE), replace(here, data=there.data)):
        with pytest.raises(StoreBroken):
            ring.raw_bytes(swapped)
    assert ring.raw_bytes(here) == RAW + HERE.encode()


@given(data=st.data())
def test_damage_is_noticed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    ring = keys(tmp_path_factory.mktemp("keys"), FIRST)
    stored = ring.encrypted(compressed(RAW), HERE)
    at = data.draw(st.integers(0, len(stored.data) - 1))
    damaged = stored.data[:at] + bytes([stored.data[at] ^ data.draw(st.integers(1, 255))]) + stored.data[at + 1 :]
    for bad in (damaged, stored.data[:at]):
        with pytest.raises(StoreBroken):
            ring.raw_bytes(replace(stored, data=bad))


def test_a_key_that_is_missing_is_named_with_the_file(tmp_path: Path) -> None:
    stored = keys(tmp_path, FIRST).encrypted(compressed(RAW), HERE)
    needed = key_of(stored.encoding)
    for without, named in ((keys(tmp_path, SECOND), "mail.keys"), (MailKeys(), "store.mail_key_file is not set")):
        with pytest.raises(MailKeyMissing, match=f"{needed}.*{named}"):
            without.raw_bytes(stored)
        with pytest.raises(MailKeyMissing, match=f"{needed}.*{named}"):
            without.must_have([NONE, needed])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param("\n \n", "is empty", id="blank"),
        pytest.param(f"{FIRST}\n{SECOND[:-1]}\n", "line 2", id="cut off"),
        pytest.param(FIRST.replace("31", "32", 1), "line 1", id="not the key of that name"),
        pytest.param("hunter2", "line 1", id="a password"),
        pytest.param("\xff", "is no text", id="bytes"),
    ],
)
def test_a_file_that_is_none_is_refused_without_showing_what_it_holds(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mail.keys").write_text(text, encoding="latin-1")
    with pytest.raises(MailKeysUnusable, match=said) as told:
        MailKeys(tmp_path / "mail.keys").encrypted(compressed(RAW), HERE)
    assert not [word for word in text.split() if len(word) > 3 and word in str(told.value)]


def test_a_file_that_changes_is_read_again_and_one_that_breaks_leaves_the_keys_in_use(tmp_path: Path) -> None:
    ring = keys(tmp_path, FIRST)
    before = ring.encrypted(compressed(RAW), HERE)
    keys(tmp_path, SECOND, FIRST)
    after = ring.encrypted(compressed(RAW), HERE)
    assert [key_of(stored.encoding) for stored in (before, after)] == [FIRST.split()[0], SECOND.split()[0]]
    keys(tmp_path, "broken")
    (tmp_path / "mail.keys").unlink()
    assert ring.encrypted(compressed(RAW), HERE).encoding == after.encoding
    assert ring.raw_bytes(before) == ring.raw_bytes(after) == RAW
