"""Passwords: hashed, compared beside the event loop, and without a word of whether there is anybody to compare with."""

from __future__ import annotations

import asyncio
import threading

import pytest

from gateway import passwords

RIGHT, WRONG = "correct horse battery", "incorrect horse"


@pytest.fixture(scope="module")
def hashed() -> str:
    return passwords.hashed(RIGHT)


class Counting:
    """The real hasher, counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        passwords.prepare()
        self.calls = 0
        self.running = self.most = 0
        self.threads: set[str] = set()
        self._lock = threading.Lock()
        self._verify = passwords._fits
        monkeypatch.setattr(passwords, "_fits", self.fits)

    def fits(self, one: str, password: bytes) -> bool:
        with self._lock:
            self.calls += 1
            self.running += 1
            self.most = max(self.most, self.running)
            self.threads.add(threading.current_thread().name)
        try:
            return self._verify(one, password)
        finally:
            with self._lock:
                self.running -= 1


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    return Counting(monkeypatch)


async def test_the_password_that_fits_is_found_among_those_of_a_name(hashed: str) -> None:
    other = passwords.hashed(WRONG)
    assert await passwords.which_fits(RIGHT, [other, hashed]) == 1
    assert await passwords.which_fits(RIGHT, [hashed, hashed]) == 0
    assert await passwords.which_fits(RIGHT, [other]) is None


async def test_what_is_no_hash_fits_nothing() -> None:
    assert await passwords.which_fits(RIGHT, ["", "x", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA"]) is None


@pytest.mark.parametrize(("real", "least"), [(0, 1), (1, 1), (0, 3), (1, 3), (3, 3)])
async def test_as_many_hashes_are_made_for_a_name_that_nobody_has(
    counting: Counting, hashed: str, real: int, least: int
) -> None:
    """Whether the password is right or not."""
    for password in (RIGHT, WRONG):
        counting.calls = 0
        await passwords.which_fits(password, [hashed] * real, least)
        assert counting.calls == least


async def test_nobody_has_the_password_of_nobody(counting: Counting) -> None:
    assert await passwords.which_fits(RIGHT, [], 2) is None


async def test_few_are_compared_at_a_time_and_never_in_the_event_loop(counting: Counting, hashed: str) -> None:
    """P06: many attempts hold up nothing but each other, the threads of everybody else least of all."""
    attempts = asyncio.gather(*(passwords.which_fits(WRONG, [hashed]) for _ in range(30)))
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "served"), 5) == "served"
    assert not attempts.done()
    assert await attempts == [None] * 30
    assert counting.most <= 2
    assert threading.current_thread().name not in counting.threads


async def test_letters_that_are_typed_in_two_ways_are_the_same() -> None:
    assert (
        await passwords.which_fits(
            "Stra\u00dfen und Br\u0075\u0308cken", [passwords.hashed("Straßen und Br\u00fccken")]
        )
        == 0
    )


def test_a_made_up_password_is_a_good_one() -> None:
    made = {passwords.generated() for _ in range(50)}
    assert len(made) == 50
    assert {passwords.fault(password) for password in made} == {None}


@pytest.mark.parametrize("password", ["", "a" * 11, "a" * 257, "twelve chars\0", "twelve\ncharacters"])
def test_what_is_no_password_is_told(password: str) -> None:
    assert passwords.fault(password)


def test_the_hash_is_argon2id_with_a_salt_of_its_own(hashed: str) -> None:
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.hashed(RIGHT) != hashed
