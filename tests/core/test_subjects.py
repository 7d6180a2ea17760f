"""Base subjects and what prefixes prove."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.subjects import base, has_forward_prefix, has_reply_prefix

REPLY_WORDS = """
    Re RE Ré RÉF Rép Réponse AW Antw Antwort SV Svar Odp Odpowiedź Vá Válasz RIF Risposta RES Resp Respuesta Resposta
    YNT Yanıt YANIT Odg Odgovor ΑΠ ΣΧΕΤ Отв Ответ На Відп Atb Ats Răspuns
    回复 答复 回覆 返信 회신 답장 رد תגובה ตอบ BLS TL 答覆 השב ตอบกลับ
"""
FORWARD_WORDS = """
    Fw Fwd FWD WG TR RV ENC Doorst VB Videresend VL PD Továbbítás Redir İLT Proslj ΠΡΘ Пер Пересл
    转发 轉寄 轉發 転送 전달 הועבר ส่งต่อ TRS
"""
REPLY, FORWARD = REPLY_WORDS.split(), [*FORWARD_WORDS.split(), "إعادة توجيه"]


@pytest.mark.parametrize("word", [*REPLY, *FORWARD, "I", "R", "VS"])
@pytest.mark.parametrize("mark", [":", ".:", " : ", "：", "[2]: ", "(3):", "^4: ", "*5: ", "6:", " 7: "])
def test_every_prefix_is_stripped(word: str, mark: str) -> None:
    assert base(f"{word}{mark}Offer") == "offer"


@pytest.mark.parametrize("word", REPLY)
def test_reply_prefixes_prove_a_reply(word: str) -> None:
    assert has_reply_prefix(f"{word}: Offer")
    assert not has_forward_prefix(f"{word}: Offer")


@pytest.mark.parametrize("word", FORWARD)
def test_forward_prefixes_prove_a_forward(word: str) -> None:
    assert has_forward_prefix(f"{word}: Offer")
    assert not has_reply_prefix(f"{word}: Offer")


@pytest.mark.parametrize(
    "subject", ["I: Offer", "R: Offer", "VS: Offer", "R: Fwd: Offer", "Offer", "", "Reply: x", "Re Offer"]
)
def test_other_beginnings_prove_nothing(subject: str) -> None:
    assert not has_reply_prefix(subject)
    assert not has_forward_prefix(subject)


def test_the_outermost_prefix_counts_behind_tags() -> None:
    assert has_forward_prefix("[EXT] ***SPAM*** Fwd: Re: Offer")
    assert not has_reply_prefix("[EXT] Fwd: Re: Offer")
    assert has_reply_prefix("[list] Re: Fwd: Offer")
    assert has_forward_prefix("[Fwd: Offer]")


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Re: Fwd: AW: Offer", "offer"),
        ("Re: [list] Re: Offer", "offer"),
        ("[EXTERNAL] ***SPAM*** Re: Offer", "offer"),
        ("[Fwd: [Fwd: Re: Offer]]", "offer"),
        ("Offer (fwd) (fwd)", "offer"),
        ("  Two \t words ", "two words"),
        ("Ｏｆｆｅｒ", "offer"),
        ("Re:Offer", "offer"),
        ("[only a tag]", "[only a tag]"),
        ("Re: ", ""),
        ("", ""),
        ("Regarding: Offer", "regarding: offer"),
        ("Offer Re: more", "offer re: more"),
    ],
)
def test_the_base_is_what_remains(subject: str, expected: str) -> None:
    assert base(subject) == expected


@given(st.text(max_size=60) | st.text("Refwd:[]() 2", max_size=40))
def test_a_prefix_more_never_changes_the_base(subject: str) -> None:
    assert base(f"Re: {subject}") == base(f"Fwd:{subject}") == base(subject)


def test_a_long_subject_takes_little_time() -> None:
    assert base("Re: " * 1_000_000).startswith("re:")
    assert base("[Fwd: " * 100_000)
