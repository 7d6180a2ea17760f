"""Was it written by a person? Auto-replies, generated mail, lists and bulk mail by what their header says."""

from __future__ import annotations

import unicodedata

from gateway.core.model import Message

_REPLY_MARKS = (
    "x-autoreply", "x-autoreply-from", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply",
)  # fmt: skip
_LIST_MARKS = ("list-id", "list-post", "x-beenthere", "mailing-list")
_UNSUBSCRIBE_MARKS = ("list-unsubscribe", "list-unsubscribe-post")
_SUBJECTS = (
    "automatic reply", "auto-reply", "auto reply", "autoreply", "out of office", "out of the office",
    "réponse automatique", "absence du bureau", "automatische antwort", "abwesenheitsnotiz",
    "respuesta automática", "fuera de la oficina", "resposta automática", "risposta automatica", "fuori sede",
    "automatisch antwoord", "afwezig", "automatiskt svar", "autosvar", "automatisk svar", "fraværsmelding",
    "automaattinen vastaus", "odpowiedź automatyczna", "automatická odpověď", "automatická odpoveď",
    "automatikus válasz", "răspuns automat", "автоматический ответ", "автоответ", "автоматична відповідь",
    "otomatik yanıt", "automatski odgovor", "automaatvastus", "自動応答", "自動返信", "自动答复", "自动回复",
    "自動回覆", "자동 회신", "رد تلقائي", "תשובה אוטומטית", "ตอบกลับอัตโนมัติ", "αυτόματη απάντηση", "автоматичен отговор",
)  # fmt: skip


def classify(
    message: Message, *, null_path: bool, own_list: bool, author_is_user: bool, answers_ours: bool
) -> str | None:
    """auto_reply, generated, list, bulk, or None for a person's mail.

    `null_path`: the message's own reverse-path is null; `own_list`: its list is a group of the account;
    `author_is_user`: a user wrote it; `answers_ours`: it answers a message that the account knows.
    """
    header = _Header(message)
    submitted = header.word("auto-submitted")  # RFC 3834 §5
    if submitted == "auto-replied":
        return "auto_reply"
    if submitted not in ("", "no", "auto-forwarded"):
        return "generated"
    if _is_auto_reply(header, message, null_path=null_path):
        return "auto_reply"
    precedence = header.word("precedence")
    if not own_list and (header.has(*_LIST_MARKS) or precedence == "list"):
        return "list"
    if author_is_user or answers_ours:
        return None
    unsubscribable = not own_list and header.has(*_UNSUBSCRIBE_MARKS)
    return "bulk" if unsubscribable or precedence in ("bulk", "junk") or header.has("feedback-id") else None


class _Header:
    """The first value of each header field."""

    def __init__(self, message: Message) -> None:
        self.values = {field.name.lower(): field.value for field in reversed(message.fields)}

    def has(self, *names: str) -> bool:
        return any(name in self.values for name in names)

    def value(self, name: str) -> str:
        """Lower-case; "" where there is none."""
        return self.values.get(name, "").strip().lower()

    def word(self, name: str) -> str:
        """The first word of its value."""
        return self.value(name).partition(";")[0].partition("(")[0].partition(" ")[0]


def _is_auto_reply(header: _Header, message: Message, *, null_path: bool) -> bool:
    if any(header.has(mark) and header.word(mark) not in ("no", "false") for mark in _REPLY_MARKS):
        return True
    precedence = header.word("precedence")
    if precedence in ("auto_reply", "auto-reply") or "autoresponder" in header.value("x-post-messageclass"):
        return True
    if header.word("x-apple-action") == "vacation":
        return True
    suppress = header.value("x-auto-response-suppress")
    words = {word.strip() for word in suppress.split(",")}
    if "all" in words and header.has("x-ms-exchange-inbox-rules-loop") and not header.has("resent-from"):
        return True
    hinted = null_path or bool(suppress) or precedence in ("bulk", "junk")
    subject = unicodedata.normalize("NFC", message.subject or "").strip().casefold()
    return hinted and subject.startswith(_SUBJECTS)
