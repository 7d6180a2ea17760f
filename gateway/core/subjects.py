"""The base subject, by which a reply is compared with its thread, and what its prefixes say (after RFC 5256 §2.1)."""

from __future__ import annotations

import re
import unicodedata

_REPLY = """
    re ré réf rép réponse aw antw antwort sv svar odp odpowiedź vá válasz rif risposta res resp respuesta resposta
    ynt yanıt odg odgovor απ σχετ отв ответ на відп відповідь atb ats vast raspuns răspuns
    回复 答复 回覆 答覆 返信 회신 답장 رد תגובה השב ตอบ ตอบกลับ bls tl trả_lời
"""
_FORWARD = """
    fw fwd wg tr rv enc doorst vb videresend vl pd továbbítás redir ilt proslj πρθ пер пересл
    转发 轉寄 轉發 転送 전달 إعادة_توجيه הועבר ส่งต่อ trs
"""
_NEITHER = "i r vs"  # alone they prove nothing: each is a reply in one language and something else in another

_LONGEST = 1000
_MOST_PREFIXES = 20


def _folded(text: str) -> str:
    """Compatibility forms, case and the difference of the Turkish i removed, blanks collapsed."""
    text = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold().replace("\u0307", "").replace("ı", "i")
    return " ".join(unicodedata.normalize("NFKC", text).split())


_KINDS = {
    _folded(word.replace("_", " ")): kind
    for kind, words in (("reply", _REPLY), ("forward", _FORWARD), ("", _NEITHER))
    for word in words.split()
}
_WORD = "|".join(sorted(map(re.escape, _KINDS), key=len, reverse=True))
_PREFIX = re.compile(rf"({_WORD})\.?\s*(?:\[\d+\]|\(\d+\)|\^\d+|\*\d+|\d{{1,2}})?\s*:\s*")
_TAG = re.compile(r"(?:\[[^][]*\]|\*{2,}[^*]{1,40}\*{2,})\s*")
_WRAPPED = re.compile(r"\[\s*fwd?\s*:\s*(.*)\]", re.DOTALL)
_TRAILER = re.compile(r"\s*\(fwd\)\Z")


def base(subject: str) -> str:
    """A decoded subject without reply and forward prefixes, tags, trailers and case; "" equals nothing."""
    text = _folded(subject)
    for _ in range(_MOST_PREFIXES):
        shorter = _shorter(text)
        if shorter == text:
            break
        text = shorter
    return text


def has_reply_prefix(subject: str) -> bool:
    """Whether the outermost prefix, behind tags, says that this is a reply."""
    return _outermost(subject) == "reply"


def has_forward_prefix(subject: str) -> bool:
    """Whether the outermost prefix, behind tags, says that this is a forward."""
    return _outermost(subject) == "forward"


def _shorter(text: str) -> str:
    """A folded subject with one layer of each kind less."""
    prefix = _PREFIX.match(text) if ":" in text else None
    if prefix:
        text = text[prefix.end() :]
    tag = _TAG.match(text)
    wrapped = _WRAPPED.fullmatch(text)
    if wrapped:
        text = wrapped[1].strip()
    elif tag and tag.end() < len(text):
        text = text[tag.end() :]
    return _TRAILER.sub("", text) if text.endswith("(fwd)") else text


def _outermost(subject: str) -> str:
    text = _folded(subject)
    if ":" not in text:
        return ""
    for _ in range(_MOST_PREFIXES):
        if _WRAPPED.fullmatch(text):
            return "forward"
        tag = _TAG.match(text)
        if tag is None:
            break
        text = text[tag.end() :]
    prefix = _PREFIX.match(text)
    return _KINDS[prefix[1]] if prefix else ""
