"""What every supported mail program forwards, in every language it is claimed for, is read back as it was written."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import client_forwards
import client_words
import pytest
from client_dates import written
from client_forwards import CLIENTS, Mail, Person
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core import message
from gateway.core.limits import ReadingLimits
from gateway.core.model import Mailbox
from gateway.core.unwrap import find, labels
from gateway.core.unwrap.original import HIGH, MEDIUM, Unwrapped

_PAIRS = [(name, locale) for name, client in CLIENTS.items() for locale in client.words]
_DOCUMENT = Path(__file__).parents[3] / "docs" / "forwards.md"
_CET = timezone(timedelta(hours=1))
_MAIL = Mail(
    author=("Bob Client", "bob@client.example"),
    to=(("Ana Ames", "ana@us.example"), ("Client, Kim", "kim@client.example"), ("", "lea@client.example")),
    cc=(("Dan Dale", "dan@us.example"), ("", "x.y@client.example")),
    reply_to=(("Office", "office@client.example"),),
    subject="Drawing 12: a question",
    date=datetime(2025, 3, 4, 10, 12, tzinfo=_CET),
    body="Hello Ana,\n\nhere is the drawing you asked for; see https://client.example/\n\nBob",
)
_NOTE = "Please look at this."
_CHARSETS = {
    "ru": "koi8-r", "uk": "windows-1251", "bg": "windows-1251", "ja": "iso-2022-jp", "zh-Hans": "gb18030",
    "zh-Hant": "big5", "ko": "euc-kr", "el": "iso-8859-7", "he": "iso-8859-8", "th": "tis-620", "tr": "iso-8859-9",
    "pl": "iso-8859-2", "cs": "iso-8859-2", "hu": "windows-1250", "fr": "windows-1252", "de": "iso-8859-15",
    "ar": "windows-1256", "lt": "windows-1257",
}  # fmt: skip


def _read(raw: bytes) -> Unwrapped | None:
    return find.forwarded(message.read_parts(raw), ReadingLimits())


def _people(mailboxes: tuple[Mailbox | None, ...]) -> tuple[Person, ...]:
    return tuple((one.name, one.address) for one in mailboxes if one)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _assert_read(raw: bytes, client: str, locale: str, mail: Mail, note: str | None) -> None:
    own = CLIENTS[client]
    found = _read(raw)
    assert found is not None
    assert found.findings == ()
    original = found.originals[0]
    assert original.confidence == HIGH
    assert _people((original.from_,)) == (mail.author,)
    assert _people(original.to) == mail.to
    assert _people(original.cc) == mail.cc
    assert _people(original.reply_to) == (mail.reply_to if _tells_reply_to(client, locale) else ())
    assert original.subject == mail.subject
    assert original.date == mail.date, original.date_text
    assert _lines(original.text) == _lines(mail.body)
    assert found.note == note
    assert own.date in ("rfc", "zoned") or original.date_assumed


def _tells_reply_to(client: str, locale: str) -> bool:
    own = CLIENTS[client]
    return "reply_to" in own.order and bool(own.words[locale].get("reply_to"))


@pytest.mark.parametrize(("client", "locale"), _PAIRS)
def test_every_form_in_every_encoding_is_read_back(client: str, locale: str) -> None:
    old = _charset(client, locale)
    forms = (("html", "base64", old), ("both", "quoted-printable", old))
    if not CLIENTS[client].html:
        forms = (("text", "base64", old), ("text", "quoted-printable", old))
    for form, transfer, charset in (("text", "8bit", "utf-8"), *forms):
        raw = client_forwards.write(client, locale, _MAIL, note=_NOTE, form=form, charset=charset, transfer=transfer)
        _assert_read(raw, client, locale, _MAIL, _NOTE)


def _charset(client: str, locale: str) -> str:
    """That of the language's old mail, or UTF-8 where it lacks a letter."""
    try:
        client_forwards.plain(CLIENTS[client], locale, _MAIL).encode(_CHARSETS.get(locale, "ascii"))
    except UnicodeEncodeError:
        return "utf-8"
    return _CHARSETS.get(locale, "ascii")


def _says_forward(client: str) -> bool:
    raw = client_forwards.write(client, next(iter(CLIENTS[client].words)), _MAIL, prefix="")
    found = _read(raw)
    return bool(found and found.originals and found.originals[0].confidence >= HIGH)


_SAYS_FORWARD = frozenset(filter(_says_forward, CLIENTS))
"""Clients that mark a forward with words of their own, whatever its subject says."""


@pytest.mark.parametrize(("client", "locale"), [pair for pair in _PAIRS if pair[0] not in _SAYS_FORWARD])
def test_the_same_under_a_reply_prefix_is_a_reply(client: str, locale: str) -> None:
    for prefix in ("Re", client_words.REPLY_PREFIXES.get(locale, "Re")):
        raw = client_forwards.write(client, locale, _MAIL, note="Thanks!", prefix=prefix)
        found = _read(raw)
        assert found is not None
        assert (found.kind, found.findings) == ("none", ("forward.is_reply",))


_REPLIES = client_words.table(client_words.REPLIES)


@pytest.mark.parametrize("locale", _REPLIES)
@pytest.mark.parametrize("quoted", [True, False])
def test_a_reply_of_any_language_is_no_forward(locale: str, quoted: bool) -> None:  # noqa: FBT001 - two forms of a case
    date = written(_MAIL.date, locale, "abbreviated")
    line = _REPLIES[locale]["line"].format(date=date, name="Bob Client", address="bob@client.example")
    body = "\n".join(f"> {text}" if quoted else text for text in _MAIL.body.split("\n"))
    text = f"Thanks!\n\n{line}\n{body}\n"
    for subject in ("Re: Drawing 12", f"{client_words.REPLY_PREFIXES.get(locale, 'Re')}: Drawing 12", "Drawing 12"):
        found = _read(_message(subject, text))
        assert found is not None
        assert (found.kind, found.findings) == ("none", ("forward.is_reply",)), subject
    found = _read(_message("Fwd: Drawing 12", text))
    assert found is not None
    assert found.originals[0].confidence == MEDIUM
    assert _people((found.originals[0].from_,)) == (_MAIL.author,)
    assert found.originals[0].date == _MAIL.date


def _message(subject: str, text: str) -> bytes:
    return (
        f"From: ana@us.example\r\nTo: k7f3@forward.log.example\r\nDate: Thu, 6 Mar 2025 08:00:00 +0100\r\n"
        f"Subject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + text.replace("\n", "\r\n")
    ).encode()


def test_many_people_are_read_whatever_breaks_their_lines() -> None:
    people = tuple((f"Person {n} Client", f"person.{n}@client.example") for n in range(25))
    mail = replace(_MAIL, to=people, cc=people[:12])
    for client in ("Gmail", "Outlook on the web and mobile", "Apple Mail", "Thunderbird", "Zoho"):
        _assert_read(client_forwards.write(client, "en", mail, note=_NOTE, flowed=True), client, "en", mail, _NOTE)


_LETTERS = "abcdefgxyzABCDXYZäéßøçñłčžğıŁÉжшЖдאבגابت中文日本한국กขา"
# Three letters of Latin-1 in a row, which hardly any word has, are taken for bytes of another charset.
_WORD = st.text(_LETTERS, min_size=2, max_size=8).filter(lambda word: not re.search("[\x80-\xff]{3}", word))
_NAME = st.one_of(
    st.lists(_WORD, min_size=1, max_size=3).map(" ".join),
    st.tuples(_WORD, _WORD).map(", ".join),
)
_ADDRESS = st.builds(
    "{}@{}.example".format, st.from_regex(r"[a-z][a-z0-9]{0,8}([._+-][a-z0-9]{1,6})?", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?", fullmatch=True),
)  # fmt: skip
_PEOPLE = st.lists(st.tuples(st.one_of(_NAME, st.just("")), _ADDRESS), min_size=1, max_size=5).map(tuple)
_MAILS = st.builds(
    Mail,
    author=st.tuples(_NAME, _ADDRESS),
    to=_PEOPLE,
    cc=st.one_of(st.just(()), _PEOPLE),
    reply_to=st.just(()),
    subject=st.builds("{}{} {}".format, st.sampled_from(["", "Re: ", "AW: "]), _WORD, st.integers(0, 999)),
    date=st.datetimes(datetime(2000, 1, 1), datetime(2025, 3, 5)).map(  # noqa: DTZ001 - the zone follows
        lambda moment: moment.replace(second=0, microsecond=0, tzinfo=_CET)
    ),
    body=st.lists(st.lists(_WORD, min_size=1, max_size=9).map(" ".join), min_size=1, max_size=4).map("\n\n".join),
)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(_PAIRS), _MAILS, st.sampled_from(["text", "html", "both"]))
def test_what_a_client_wraps_is_unwrapped_again(pair: tuple[str, str], mail: Mail, form: str) -> None:
    client, locale = pair
    raw = client_forwards.write(client, locale, mail, note=_NOTE, form=form if CLIENTS[client].html else "text")
    found = _read(raw)

    assert found is not None
    original = found.originals[0]
    assert original.confidence == HIGH
    assert _people((original.from_, *original.to, *original.cc)) == (mail.author, *mail.to, *mail.cc)
    assert original.subject == mail.subject
    assert _lines(original.text) == _lines(mail.body)
    assert found.note == _NOTE
    assert original.date is not None
    numbers = CLIENTS[client].date == "numeric" and locale == "en"
    assert numbers or original.date.astimezone(UTC) == mail.date.astimezone(UTC), original.date_text


def test_the_document_lists_what_is_proven_here() -> None:
    section = _DOCUMENT.read_text(encoding="utf-8").partition("## Programs and languages")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", section, re.MULTILINE)[1:]
    assert {client: locales.split() for client, locales in rows} == {
        client: list(own.words) for client, own in CLIENTS.items()
    }


def test_every_language_of_the_reader_is_proven_by_a_client() -> None:
    assert {locale for _, locale in _PAIRS} == set(labels.LOCALES)
