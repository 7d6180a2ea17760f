"""Is it a report by a machine about another message, or a loop?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gateway.core import notices
from gateway.core.notices import Speaker

_MOST_OWN_HOPS = 4
_BY = re.compile(r"\bby\s+([^\s;()]+)", re.IGNORECASE)
_REPORT = "multipart/report"
_STATUS_TYPES = {f"{_REPORT};delivery-status", "message/delivery-status", "message/global-delivery-status"}
_RECEIPT_TYPES = {
    f"{_REPORT};disposition-notification", "message/disposition-notification",
    "message/global-disposition-notification",
}  # fmt: skip
_FEEDBACK_TYPES = {
    f"{_REPORT};feedback-report", "message/feedback-report",
    f"{_REPORT};tlsrpt", "application/tlsrpt+gzip", "application/tlsrpt+json",  # RFC 8460 §5.3
}  # fmt: skip
_FEEDBACK_MARKS = ("x-arf", "x-xarf", "x-spamcop-sourceip")
_HEADER_TYPES = {"text/rfc822-headers", "text/rfc822-header", "message/global-headers"}
_ORIGINAL_TYPES = {"message/rfc822", "message/global", *_HEADER_TYPES}

_COMPLAINT = re.compile(
    r"\s*(?:complaint about message from \d|(?:aol )?(?:email feedback report|client tos notif))", re.I
)
_COMPLAINT_TEXT = re.compile(
    r"\s*this is an? (?:\S+ ){0,3}(?:abuse|opt-out|spam|feedback|authentication failure|auth-failure|complaint) report "
    r"for an e-?mail message",
    re.IGNORECASE,
)
_FEEDBACK_FIELDS = re.compile(r"(?mi)^feedback-type:[ \t]*[a-z-]+[ \t]*$")
_AGGREGATE = re.compile(  # RFC 7489 §7.2.1.1
    r"\s*(?:\[[^\]]{0,40}\]\s*)?(?:dmarc )?(?:aggregate )?(?:report )?report domain:\s*\S+\s+submitter:", re.IGNORECASE
)
_ARCHIVES = frozenset(
    {
        "application/gzip", "application/x-gzip", "application/zip", "application/x-zip-compressed",
        "application/octet-stream", "application/xml", "text/xml",
    }
)  # fmt: skip
_RECEIPT = re.compile(
    r"(?:(?:not )?read|gelesen|ungelesen|(?:non )?lu|(?:no )?leído|(?:non )?letto|(?:não )?lida|gelezen|läst|lest|læst"
    r"|przeczytano|прочитано|прочтено|přečteno|開封済み|已读|已讀|(?:return|read) receipt) ?(?:\([^)]*\) ?)?[:-]"
)
_RECEIPT_TEXT = re.compile(
    r"was (?:read|displayed|deleted without being read) on|return receipt for the (?:mail|message)"
    r"|wurde am .{1,60} gelesen|a été lu|(?:fue leído|se leyó) el|è stato letto|foi lida? (?:em|às)|is gelezen op"
    r"|было прочитано|開封されました"
)
_NOTIFICATION = re.compile(r'\s*\{.{0,200}?"(?:notification|event)Type"\s*:\s*"(\w{1,30})"', re.DOTALL)
_NOTIFIED = {
    "bounce": "dsn", "delivery": "dsn", "deliverydelay": "dsn", "reject": "dsn", "complaint": "feedback_report",
}  # fmt: skip


def classify(
    values: Mapping[str, Sequence[str]],
    content_types: Sequence[str],
    *,
    null_path: bool,
    our_host: str,
    text: str = "",
) -> str | None:
    """loop, dsn, mdn, feedback_report, bounce, or None for what is no report.

    `values` and `content_types` are those of `Message`; `null_path`: the message's own reverse-path is null;
    `our_host`: the name that our Received fields give, "" if there is none to look for; `text`: that of the message.
    """
    if our_host and _own_hops(values, our_host) > _MOST_OWN_HOPS:
        return "loop"
    types = frozenset(content_types)
    first = {name: value[0] for name, value in values.items()}
    if types & _STATUS_TYPES or "x-ricevuta" in first:  # Italian certified mail: dPR 68/2005, technical rules
        return "dsn"
    subject = notices.plain(first.get("subject", ""))
    if types & _RECEIPT_TYPES or _is_receipt(subject, text):
        return "mdn"
    if _is_feedback(first, types, subject, text):
        return "feedback_report"
    if notified := _notified(first, text):
        return notified
    return "bounce" if _is_bounce(first, types, subject, text, null_path=null_path) else None


def _own_hops(values: Mapping[str, Sequence[str]], our_host: str) -> int:
    hops = map(_BY.search, values.get("received", ()))
    return sum(1 for hop in hops if hop and hop[1].lower() == our_host.lower())


def _is_receipt(subject: str, text: str) -> bool:
    """A receipt in plain text: the subject of one and its sentence."""
    return bool(_RECEIPT.match(subject)) and bool(_RECEIPT_TEXT.search(notices.folded(text[:1000])))


def _is_feedback(first: Mapping[str, str], types: frozenset[str], subject: str, text: str) -> bool:
    if types & _FEEDBACK_TYPES or first.get("x-apple-unsubscribe", "").strip().lower() == "true":
        return True
    if any(mark in first for mark in _FEEDBACK_MARKS):
        return True
    if types & _ORIGINAL_TYPES and (_COMPLAINT.match(subject) or _COMPLAINT_TEXT.match(text)):
        return True
    if any(kind.startswith(_REPORT) for kind in types) and _FEEDBACK_FIELDS.search(text):
        return True
    return bool(types & _ARCHIVES) and bool(_AGGREGATE.match(subject))


def _notified(first: Mapping[str, str], text: str) -> str | None:
    """The class of a notification that a sending service wrote as JSON and its notifier mailed."""
    if "x-amz-sns-message-id" not in first:
        return None
    found = _NOTIFICATION.match(text)
    return _NOTIFIED.get(found[1].lower()) if found else None


def _is_bounce(first: Mapping[str, str], types: frozenset[str], subject: str, text: str, *, null_path: bool) -> bool:
    """By layers: marks and senders that prove it, the subject of a notice, its words with what programs print."""
    speaker = notices.speaker(first.get("from", ""))
    if speaker is Speaker.DAEMON or "x-failed-recipients" in first or "x-ms-exchange-message-is-ndr" in first:
        return True
    if (speaker is Speaker.MAILER and (null_path or types & _HEADER_TYPES)) or (
        speaker is Speaker.NOBODY and null_path
    ):
        return True
    reported = any(kind.startswith(_REPORT) for kind in types)
    if not (null_path or reported or speaker in (Speaker.MAILER, Speaker.NOBODY)):
        by_program = speaker is Speaker.ROLE or _is_submitted(first)
        return by_program and bool(types & _ORIGINAL_TYPES) and notices.announced(subject) and notices.told(text)
    if notices.announced(subject):
        return True
    by_hand = not (null_path or reported) and notices.greets(text)
    return not by_hand and notices.told(text) and (bool(types & _ORIGINAL_TYPES) or notices.technical(text))


def _is_submitted(first: Mapping[str, str]) -> bool:
    """Whether Auto-Submitted says that a program wrote it (RFC 3834 §5)."""
    return (
        first.get("auto-submitted", "").strip().lower().startswith(("auto-generated", "auto-replied", "auto-notified"))
    )
