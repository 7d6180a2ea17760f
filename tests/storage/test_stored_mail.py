"""Stored mail comes under another key page by page, wherever that is interrupted; nothing of the old bytes stays."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.stores import Look

from gateway.core.model import OperatorMail, OperatorMailbox
from storage import operator_mail, stored_mail
from storage.administration.act import Act
from storage.content import compressed, packed
from storage.errors import MailKeyMissing, StoreBroken
from storage.interface import Store
from storage.mail_keys import NONE, MailKeys, new_line
from storage.plan import ask

NOW = 1_767_225_600_000
DAY = 24 * 60 * 60 * 1000
MAILS = [random.Random(number).randbytes(900) for number in range(12)]
"""Bytes that no compression hides."""


def _mail(number: int) -> OperatorMail:
    mailbox = OperatorMailbox("postmaster@log.example")
    return OperatorMail(f"t{number}", "192.0.2.1", "bob@client.example", (mailbox,), NOW + number * DAY, MAILS[number])


async def _keep(store: Store, act: Act, keys: MailKeys, numbers: range) -> None:
    for number in numbers:
        mail = _mail(number)
        assert await store.change(operator_mail.keep(mail, compressed(mail.raw), act.keyed, act.new_id, keys))


async def _all(store: Store, keys: MailKeys) -> list[bytes]:
    return [
        keys.raw_bytes((await store.read(operator_mail.find(mail.id)))[1])
        for mail in await store.read(operator_mail.every())
    ]


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., MailKeys]:
    """`file(*lines)`: keys that stand in a file with these lines, from now on."""

    def written(*lines: str) -> MailKeys:
        path = tmp_path / "mail.keys"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        return MailKeys(path)

    return written


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_mail, "BYTES", 2000)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("pages", range(7))
async def test_what_is_interrupted_after_any_page_goes_on_under_whatever_key_is_first_by_then(
    store: Store, act: Act, file: Callable[..., MailKeys], pages: int
) -> None:
    first, second, third = new_line(), new_line(), new_line()
    await _keep(store, act, MailKeys(), range(4))
    await _keep(store, act, file(first), range(4, 8))
    keys = file(second, first)
    await _keep(store, act, keys, range(8, 12))
    moved = [await store.change(stored_mail.move_some(keys), erases=True) for _ in range(pages)]
    assert all(0 < some <= 2 for some in moved[:4])
    assert await _all(store, keys) == MAILS
    for lines in ((third, second, first), (NONE, third, second, first)):
        keys = file(*lines)
        for _ in range(2 * len(MAILS)):
            if not await store.change(stored_mail.move_some(keys), erases=True):
                break
        assert await store.read(stored_mail.counted()) == {keys.first: len(MAILS)}
        assert await store.read(stored_mail.keys_needed()) == {keys.first}
    assert await _all(store, MailKeys()) == MAILS


async def test_a_key_that_is_missing_is_told_before_anything_is_moved(
    store: Store, act: Act, file: Callable[..., MailKeys]
) -> None:
    first, second = new_line(), new_line()
    await _keep(store, act, file(first), range(3))
    for keys in (file(second), MailKeys()):
        for plan in (stored_mail.must_open(keys), stored_mail.move_some(keys)):
            with pytest.raises(MailKeyMissing, match=first.split()[0]):
                await store.change(plan)
    assert await _all(store, file(second, first)) == MAILS[:3]


async def test_messages_that_changed_places_are_noticed(
    store: Store, act: Act, file: Callable[..., MailKeys], look: Look
) -> None:
    keys = file(new_line())
    await _keep(store, act, keys, range(2))
    (one, _, encoding), (other, data, _) = await look("SELECT id, content, encoding FROM operator_mail ORDER BY id")
    await store.change(ask("UPDATE operator_mail SET content = $2, encoding = $3 WHERE id = $1", one, data, encoding))
    with pytest.raises(StoreBroken, match=one):
        keys.raw_bytes((await store.read(operator_mail.find(one)))[1])
    assert keys.raw_bytes((await store.read(operator_mail.find(other)))[1]) == MAILS[1]
    with pytest.raises(StoreBroken, match=one):
        await store.change(stored_mail.move_some(replace_first(keys)))


def replace_first(keys: MailKeys) -> MailKeys:
    """The same with another key before them."""
    assert keys.path
    keys.path.write_text(f"{new_line()}\n{keys.path.read_text(encoding='ascii')}", encoding="ascii")
    return MailKeys(keys.path)


async def test_nothing_of_the_old_bytes_is_left_in_any_file(
    store: Store, act: Act, file: Callable[..., MailKeys], tmp_path: Path
) -> None:
    """A server's are gone when it has cleaned up: docs/postgres.md."""
    await _keep(store, act, MailKeys(), range(12))
    files = [path for path in tmp_path.iterdir() if path.name.startswith("gateway.db")]
    assert not files or traces(files) == set(range(12))  # as they are without a key
    keys = file(new_line())
    while await store.change(stored_mail.move_some(keys), erases=True):
        pass
    assert traces(files) == set()
    assert await _all(store, keys) == MAILS


def traces(files: list[Path]) -> set[int]:
    """Numbers of messages of which a piece stands in these files."""
    held = b"".join(path.read_bytes() for path in files if path.exists())
    return {
        number
        for number, raw in enumerate(MAILS)
        if any(piece[at : at + 12] in held for piece in (raw, packed(raw)) for at in range(20, len(piece) - 12, 5))
    }
