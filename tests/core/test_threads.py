"""Messages tied by their identifiers alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.message import read
from gateway.core.threads import Ties


def mail(own: str = "", subject: str = "Offer", answers: str = "", references: str = "") -> bytes:
    """A message; the identifiers are words."""
    fields = {
        "Message-ID": _ids(own),
        "In-Reply-To": _ids(answers),
        "References": _ids(references),
        "Subject": subject,
    }
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value).encode() + b"\r\n"


def _ids(words: str) -> str:
    return " ".join(f"<{word}@example.com>" for word in words.split())


def threads(*messages: bytes) -> list[set[int]]:
    """The threads, as sets of the messages' positions."""
    ties = Ties()
    added = [ties.add(read(message), f"copy {number}") for number, message in enumerate(messages)]
    found: dict[str, set[int]] = {}
    for number, identifier in enumerate(added):
        found.setdefault(ties.thread(identifier), set()).add(number)
    return list(found.values())


def test_an_answer_stands_with_what_it_answers_under_any_subject() -> None:
    assert threads(mail("a"), mail("b", "Lunch?", answers="a"), mail("c")) == [{0, 1}, {2}]


def test_two_answers_to_a_message_that_was_never_seen_stand_together() -> None:
    assert threads(mail("b", answers="a"), mail("c", "Lunch?", answers="a")) == [{0, 1}]


def test_a_chain_is_one_thread_though_its_middle_is_missing() -> None:
    assert threads(mail("a"), mail("d", "Lunch?", answers="c", references="a b c")) == [{0, 1}]


def test_references_alone_tie_under_any_subject() -> None:
    assert threads(mail("a"), mail("b", "Lunch?", references="a"), mail("c", "Lunch?")) == [{0, 1}, {2}]


def test_a_person_named_in_in_reply_to_ties_nothing() -> None:
    """As old programs write it: the sender and date of what is answered, in words."""

    def answer(own: str, more: str = "") -> bytes:
        words = f"Message of Bob <bob@example.com> {more}"
        return f"To: Bob <Bob@example.com>\r\nIn-Reply-To: {words}\r\n".encode() + mail(own)

    assert threads(answer("b"), answer("c"), mail("a"), answer("d", "<a@example.com>")) == [{0}, {1}, {2, 3}]


def test_identifiers_are_compared_without_case() -> None:
    assert threads(mail("A"), mail("b", answers="a")) == [{0, 1}]


def test_the_same_identifier_is_the_same_message() -> None:
    assert threads(mail("a"), mail("a", "Lunch?")) == [{0, 1}]


def test_messages_without_identifiers_stand_alone_unless_they_answer() -> None:
    assert threads(mail(), mail(), mail("a"), mail(answers="a")) == [{0}, {1}, {2, 3}]


def test_identifiers_in_a_circle_end() -> None:
    assert threads(mail("a", answers="b"), mail("b", answers="a"), mail("c", answers="c")) == [{0, 1}, {2}]


WORDS = st.lists(st.sampled_from("abcde"), max_size=3).map(" ".join)
MAIL = st.builds(mail, st.sampled_from(["", *"abcde"]), st.sampled_from(["", "Offer", "Lunch?"]), WORDS, WORDS)


@given(st.lists(MAIL, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_messages_does_not_matter(messages: list[bytes], random: object) -> None:
    order = list(range(len(messages)))
    random.shuffle(order)  # type: ignore[attr-defined]  # hypothesis gives a Random
    shuffled = [{order[i] for i in thread} for thread in threads(*(messages[i] for i in order))]
    assert sorted(map(sorted, shuffled)) == sorted(map(sorted, threads(*messages)))


def test_a_long_chain_is_no_deep_one() -> None:
    chain = [mail(f"m{n}", answers=f"m{n - 1}") for n in range(3000)]
    assert len(threads(*chain)) == 1
