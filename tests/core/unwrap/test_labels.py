"""The table of words: whole, and without words that would prove what they don't."""

from __future__ import annotations

import pytest

from gateway.core.unwrap import labels

_ROLES = {"from", "date", "to", "cc", "subject"}


@pytest.mark.parametrize("locale", labels.LOCALES)
def test_every_locale_names_every_role(locale: str) -> None:
    assert {role for _, role in labels.WRITTEN[locale]} - {"reply_to"} == _ROLES


@pytest.mark.parametrize("locale", labels.LOCALES)
def test_no_word_of_a_locale_has_two_meanings(locale: str) -> None:
    for word, role in labels.WRITTEN[locale]:
        assert labels.ROLES[labels.fold(word)][locale] == role, word


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ("İletilen İleti", "iletilen ileti"),
        ("KIMDEN", "kımden"),
        ("رسالة ممرّرة", "رسالة ممررة"),
        ("Ｆｒｏｍ", "from"),
        ("\u200fمن\u200e", "من"),
        ("Message d’origine", "message d'origine"),
        ("Envoyé\u00a0", "envoyé"),
        ("E\u2011Mail", "e-mail"),
        ("Către mesaj redirecţionat", "către mesaj redirecționat"),
        ("الرسالة الاصلية", "الرسالة الأصلية"),
    ],
)
def test_spellings_that_a_reader_can_t_tell_apart_are_equal(written: str, other: str) -> None:
    assert labels.fold(written) == labels.fold(other)


def test_accents_make_another_word() -> None:
    """À is "to" in French, A in Italian and Spanish."""
    assert labels.fold("À") != labels.fold("A")


def test_a_label_has_one_role_in_one_language() -> None:
    assert labels.ROLES["de"] == dict.fromkeys(("fr", "es", "pt-BR", "pt-PT", "ro", "ca", "gl"), "from")
    assert labels.ROLES["do"] == {"pl": "to"}
    assert labels.ROLES["data"].keys() == {"pt-BR", "pt-PT", "it", "pl", "ro", "ca", "gl", "eu", "lt", "sq"}


def test_names_of_hidden_recipients_are_known_in_every_locale() -> None:
    for label in ("bcc", "cci", "cco", "udw", "blindkopie", "hemlig kopia", "скрытая копия", "密送", "密件副本"):
        assert labels.ROLES[labels.fold(label)] == dict.fromkeys(labels.LOCALES, "bcc")


def test_a_marker_either_forwards_or_quotes() -> None:
    assert labels.MARKERS[labels.fold("Weitergeleitete Nachricht")] == "forwarded"
    assert labels.MARKERS[labels.fold("Ursprüngliche Nachricht")] == "original"
    assert labels.MARKERS[labels.fold("Початок листа, що пересилається:")] == "forwarded"
    assert set(labels.MARKERS.values()) == {"forwarded", "original"}


def test_what_stands_without_dashes_needs_its_colon() -> None:
    assert labels.fold("Begin forwarded message") not in labels.MARKERS
    assert labels.fold("Begin forwarded message:") in labels.MARKERS
    assert labels.fold("Original Message:") not in labels.MARKERS
