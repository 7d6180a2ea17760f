"""What the writer wrote, without quoted history and signature."""


import pytest
from fakes.effort import bounded
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.reply_text import trim


@pytest.mark.parametrize(
    "introduction",
    [
        "On Tue, Mar 4, 2025 at 10:12 AM Ana <ana@example.com> wrote:",
        "On Tue, Mar 4, 2025 at 10:12 AM Ana Example <\nana@example.com> wrote:",
        "On 04.03.25 10:12, Ana wrote:",
        "Le mar. 4 mars 2025 à 10:12, Ana <ana@example.com> a écrit :",
        "Am Di., 4. März 2025 um 10:12 Uhr schrieb Ana\n<ana@example.com>:",
        "El mar, 4 mar 2025 a las 10:12, Ana (<ana@example.com>) escribió:",
        "Il giorno mar 4 mar 2025 alle ore 10:12 Ana <ana@example.com> ha scritto:",
        "Em ter., 4 de mar. de 2025 às 10:12, Ana <ana@example.com> escreveu:",
        "Op di 4 mrt 2025 om 10:12 schreef Ana <ana@example.com>:",
        "Den tis 4 mars 2025 kl 10:12 skrev Ana <ana@example.com>:",
        "W dniu wt., 4 mar 2025 o 10:12 Ana <ana@example.com> napisał(a):",
        "вт, 4 мар. 2025 г. в 10:12, Ana <ana@example.com>:",
        "2025年3月4日(火) 10:12 Ana <ana@example.com>:",
        "2025-03-04 10:12 GMT+01:00 Ana <ana@example.com>:",
        "---- On Tue, 04 Mar 2025 10:12:00 +0100 Ana <ana@example.com> wrote ----",
        "-----Original Message-----",
        "-----Ursprüngliche Nachricht-----",
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "________________________________\nFrom: Ana <ana@example.com>\nSent: Tuesday\nTo: Bob\nSubject: x",
        "*From:* Ana\n*Date:* Tuesday\n*To:* Bob",
        "Von: Ana\nGesendet: Dienstag\nAn: Bob\nBetreff: x",
        "差出人: Ana\n送信日時: 火曜日\n宛先: Bob",
        "Date: Tue, 4 Mar 2025\nFrom: ana@example.com\nTo: bob@example.com",
        "W dniu 04.03.2025 o 10:12, Ana pisze:",
        "Ana píše v Út 04. 03. 2025 v 10:12 +0100:",
        "Ana писав 2025-03-04 10:12:",
        "2025-03-04 10:12에 Ana 이(가) 쓴 글:",
        "El 4/3/25 a les 10:12, Ana ha escrit:",
        "Dne 4. 3. 2025 ob 10:12 je Ana napisal/a:",
        "\u202bבתאריך יום ג׳, 4 במרץ 2025 ב-10:12 מאת \u202aAna\u202c <\u202aana@example.com\u202c>:\u202c",
        '>>> "Ana" <ana@example.com> 3/4/2025 10:12 AM >>>',
        "----------------\nКому: Bob (bob@example.com);\nТема: x;\n04.03.2025, 10:12, Ana <ana@example.com>:",
    ],
)
def test_history_is_cut_at_its_introduction(introduction: str) -> None:
    assert trim(f"My answer.\n\n{introduction}\n\nold text\n") == "My answer."


@pytest.mark.parametrize(
    "text",
    [
        "One line.",
        "On Monday we meet at 10:30: bring the offer.",
        "From: the beginning it was clear\nthat this would work.",
        "He wrote:\nnothing at all",
        "To do:\nDate: to be found\nthat is all",
        "Price - 10 EUR\n\n    indented\n- item",
        "> a quotation of my own choice\n\nand my words on it",
    ],
)
def test_what_only_looks_like_history_stays(text: str) -> None:
    assert trim(text) == text


def test_answers_below_and_between_quotations_are_kept() -> None:
    text = "On Tue, Mar 4, 2025 Ana <ana@example.com> wrote:\n> question\nanswer\n> another\nyes\n"
    assert trim(text) == "answer\nyes"


def test_a_name_that_wrote_needs_a_quotation_behind_it() -> None:
    assert trim("Answer.\n\nAna wrote:\n> old") == "Answer."


def test_trailing_quotations_are_cut_without_introduction() -> None:
    assert trim("Answer.\n> old\n>> older\n") == "Answer."


@pytest.mark.parametrize(
    "end",
    [
        "--\nAna\nExample Ltd",
        "-- \nAna",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "_" * 40,
        "Odesláno z iPhonu",
        "Wysłano z urządzenia Galaxy",
        "Отправлено из Почты для Windows",
        "iPhone’umdan gönderildi",
        "나의 iPhone에서 보냄",
        "发自我的iPhone",
        "נשלח מה-iPhone שלי",
        "Get Outlook for iOS<https://example.com/get>",
        "Stáhnout Outlook pro iOS",
        "Outlook für iOS beziehen",
    ],
)
def test_signatures_and_footers_are_cut_at_the_end(end: str) -> None:
    assert trim(f"Answer.\n\n{end}\n") == "Answer."


@pytest.mark.parametrize(
    "last",
    [
        "Can you install Outlook for iOS on my new phone?",
        "The crash happens in Outlook for Android",
        "Wysłane wczoraj przez kuriera",
        "Verzonden op 3 maart met pakketpost",
        "Gesendet habe ich es gestern an Ihr Handy",
        "iPhone 15 128 GB: 20 pieces",
    ],
)
def test_what_a_person_says_about_devices_stays(last: str) -> None:
    assert trim(f"Answer.\n\n{last}\n") == f"Answer.\n\n{last}"


def test_a_long_text_behind_dashes_is_no_signature() -> None:
    text = "Answer.\n--\n" + "\n".join(f"line {i}" for i in range(30))
    assert trim(text) == text


UNITS = [
    "From:\n",
    "On 2020 a@b.example wrote\n",
    "On " + "x 10:20 a@b.example " * 20 + "\n",
    "-" * 300 + "\n",
    "> a\n",
    ">>> a@b.example 10:20 ",
    "Subject: x\n",
    "sent from \n",
    " ",
    "To: x\n",
    "--\n",
]


@pytest.mark.parametrize("unit", UNITS)
def test_no_repetition_is_slow(unit: str) -> None:
    text = unit * (256 * 1024 // len(unit))
    with bounded():
        trim(text)


@given(
    st.lists(
        st.sampled_from(
            ["> q", "", "text", "On 4 Mar 2025, Ana <a@b.example> wrote:", "From: a", "To: b", "Date: c", "--"]
        )
    )
)
def test_only_lines_of_the_text_are_left(lines: list[str]) -> None:
    kept = trim("\n".join(lines)).split("\n")
    rest = iter(lines)
    assert kept == [""] or all(line in rest for line in kept)
