"""The mail programs whose forwards are read: a row each, and what one may say. Data of the generator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import client_words


@dataclass(frozen=True)
class Client:
    """How a program forwards. `above` and `below` stand around the header; {marker} is the locale's word for it."""

    words: Mapping[str, Mapping[str, str]]
    order: str
    above: str = ""
    below: str = ""
    end: str = ""
    people: str = "{name} <{address}>"
    nameless: str = "{address}"
    separator: str = ", "
    date: str = "full"
    label: str = "{word}: "
    form: str = "plain"
    """plain, quoted, indented or glued."""
    html: str = "lines"
    """A function of `client_html`; "" for a program that writes text only."""
    prefix: str = "Fwd"
    """"" for the locale's own."""
    gap: int = 1
    """How many empty lines part the header from the text."""


OUTLOOK = client_words.table(client_words.OUTLOOK)
_OUTLOOK_SENT = {
    locale: words | {"date": words["sent"], "marker": words["original"]} for locale, words in OUTLOOK.items()
}
_DATED = {
    locale: OUTLOOK[locale] | words | {"marker": OUTLOOK[locale]["original"]}
    for locale, words in client_words.table(client_words.DATE).items()
}
_APPLE = {k: v | {"marker": v["line"]} for k, v in client_words.table(client_words.APPLE).items()}
_THUNDERBIRD = client_words.table(client_words.THUNDERBIRD)
_YAHOO = {k: v | {"date": v["sent"]} for k, v in client_words.table(client_words.YAHOO).items()}
_ENGLISH = {"date": "Date", "to": "To", "cc": "Cc", "subject": "Subject", "reply_to": "Reply-To"}
_GMAIL = {k: _ENGLISH | v | {"marker": "Forwarded message"} for k, v in client_words.table(client_words.GMAIL).items()}
_OLD_GMAIL = {k: v | {"marker": v["old"]} for k, v in _GMAIL.items()}
_EN = {"en": _ENGLISH | {"from": "From", "marker": "Forwarded message"}}


def _some(words: Mapping[str, Mapping[str, str]], locales: str, **other: str) -> dict[str, dict[str, str]]:
    return {locale: {**words[locale], **other} for locale in locales.split()}


def _other(locale: str, row: str) -> dict[str, dict[str, str]]:
    """The words of a program that is at home in one language: marker, from, date, to, cc, subject."""
    names = ("marker", "from", "date", "to", "cc", "subject")
    return {locale: dict(zip(names, (cell.strip() for cell in row.split("|")), strict=True))}


_LINKED = "{name} [mailto:{address}]"
_QUOTED_NAME = '"{name}" <{address}>'
_RULE = "_" * 32
_BOB = "Bob Client <bob@client.example>"

# fmt: off
CLIENTS: dict[str, Client] = {
    "Gmail": Client(
        _GMAIL, "from date subject to cc", "---------- {marker} ---------", nameless="<{address}>", date="abbreviated",
        html="gmail", gap=2,
    ),
    "Gmail, older": Client(
        _OLD_GMAIL, "from date subject to cc", "---------- {marker} ----------", nameless="<{address}>",
        date="abbreviated", html="gmail", gap=2,
    ),
    "Outlook for Windows": Client(
        _OUTLOOK_SENT, "from date to cc subject", separator="; ", html="outlook", prefix="",
    ),
    "Outlook, plain text": Client(
        _OUTLOOK_SENT, "from date to cc subject", "-----{marker}-----", people=_LINKED, separator="; ", html="",
        prefix="",
    ),
    "Outlook, new": Client(_DATED, "from date to cc subject", separator=", ", html="outlook", prefix="", gap=0),
    "Outlook on the web and mobile": Client(
        _OUTLOOK_SENT, "from date to cc subject", _RULE, nameless="{address} <{address}>", separator="; ", html="owa",
        prefix="",
    ),
    "Apple Mail": Client(
        _APPLE, "from subject date to cc reply_to", "{marker}:\n", date="long", form="quoted", html="apple",
    ),
    "Apple Mail, rich text": Client(
        _APPLE, "from subject date to cc reply_to", "{marker}:\n", date="long", label="*{word}: *", form="quoted",
        html="",
    ),
    "Mail for iOS": Client(_APPLE, "from date to cc subject", "{marker}:\n", date="long", form="quoted", html="ios"),
    "Thunderbird": Client(
        _THUNDERBIRD, "subject date from reply_to to cc", "-------- {marker} --------", date="rfc", label="{word}: \t",
        html="thunderbird", gap=2,
    ),
    "Yahoo": Client(
        _YAHOO, "from to cc date subject", "  ----- {marker} ----- ", people=_QUOTED_NAME, form="glued", html="",
        prefix="Fw", gap=0,
    ),
    "Zoho": Client(
        _EN, "from to cc date subject", "============ {marker} ============", "============ {marker} ============",
        label="{word} : ", date="rfc",
    ),
    "Proton": Client(
        _EN, "from date subject to cc", "------- {marker} -------", date="full", people="{name} <{address}>",
    ),
    "Samsung": Client(_DATED, "from date to cc subject", "-------- {marker} --------", date="numeric"),
    "K-9 and FairEmail": Client(
        _OUTLOOK_SENT, "from date to cc subject", "-------- {marker} --------", people=_QUOTED_NAME, date="long",
    ),
    "Roundcube": Client(
        _DATED, "subject date from to cc", "-------- {marker} --------", date="iso", html="table", nameless="{address}",
    ),
    "SOGo": Client(_DATED, "subject date from to cc", "-------- {marker} --------", date="full", html="table"),
    "Open-Xchange": Client(
        _DATED, "from to cc date subject", "---------- {marker} ----------", people="{name} <{address}>",
        date="numeric", gap=2,
    ),
    "eM Client": Client(
        _OUTLOOK_SENT, "from to cc date subject", "------ {marker} ------", people=_QUOTED_NAME, separator="; ",
        date="numeric",
    ),
    "BlackBerry": Client(
        _OUTLOOK_SENT, "from date to cc subject", "----- {marker} -----", people="{name} [mailto:{address}]",
        separator="; ", html="",
    ),
    "Evolution": Client(
        _some(_THUNDERBIRD, "en de fr es it nl pt-BR cs hu"), "from reply_to to cc subject date",
        "-------- {marker} --------", date="rfc",
    ),
    "Zimbra": Client(
        _some(_OUTLOOK_SENT, "en de es it pt-BR nl", marker="Forwarded Message")
        | _some(_OUTLOOK_SENT, "fr", marker="Mail transféré"),
        "from to cc date subject", "----- {marker} -----", people=_QUOTED_NAME,
    ),
    "Horde": Client(
        _some(_EN, "en", marker=f"Forwarded message from {_BOB}")
        | _some(_DATED, "de", marker=f"Weitergeleitete Nachricht von {_BOB}"),
        "date from reply_to subject to cc", "----- {marker} -----", date="rfc",
        label="{word:>8}: ", html="", end="----- End forwarded message -----",
    ),
    "mutt": Client(
        _EN, "date from to cc subject reply_to", f"----- {{marker}} from {_BOB} -----", date="rfc",
        html="", end="----- End forwarded message -----",
    ),
    "KMail": Client(_EN, "subject date from to cc", "----------  Forwarded Message  ----------\n", date="rfc"),
    "Alpine": Client(_EN, "date from to cc subject", "---------- {marker} ----------", date="rfc", html=""),
    "Claws and Sylpheed": Client(
        _EN, "date from to cc subject", "Begin forwarded message:\n", date="rfc", html="", gap=2,
    ),
    "The Bat!": Client(
        _EN, "from to cc date subject", "This is a forwarded message",
        "\n===8<==============Original message text===============", date="full", html="",
        end="===8<===========End of original message text===========",
    ),
    "Mailspring": Client(
        _EN, "from subject date to cc", "---------- Forwarded Message ---------\n", date="abbreviated", prefix="Fwd",
    ),
    "Spark": Client(_EN, "from date to cc subject", "---------- {marker} ----------", date="abbreviated"),
    "Fastmail": Client(_EN, "from to cc subject date", "----- Original message -----", date="full"),
    "Tuta": Client(_EN, "date from to cc subject", date="abbreviated", html="tuta", prefix="FWD"),
    "Missive": Client(_EN, "from date subject to cc", "---------- {marker} ----------", date="full"),
    "MailMate": Client(_EN, "from to cc subject date", "Forwarded message:\n", date="rfc", form="quoted", html=""),
    "HubSpot": Client(
        _some(_OLD_GMAIL, "en de es fr it nl") | _other("ja", "メッセージを転送|送信元|日付|送信先|CC|件名"),
        "from date subject to cc", "---------- {marker} ----------", date="full",
    ),
    "GMX and web.de": Client(
        _some(_OUTLOOK_SENT, "de en fr es it"), "date from to cc subject", people=_QUOTED_NAME, html="gmx",
        date="abbreviated", prefix="Fw",
    ),
    "T-Online": Client(
        _some(_DATED, "de", marker="Original-Nachricht"), "subject date from to cc", "-----{marker}-----",
        people=_QUOTED_NAME, date="zoned",
    ),
    "Orange and laposte": Client(
        _some(_DATED, "fr", to="A", cc="Copie à"), "from to cc subject", "Message du {date}", people=_QUOTED_NAME,
        label="{word} : ", form="quoted", date="numeric", html="",
    ),
    "Orange": Client(_some(_OUTLOOK_SENT, "fr", date="envoyé", to="à"), "date from to cc subject", date="long"),
    "Seznam": Client(
        _some(_DATED, "cs", marker="Původní e-mail"), "from to cc date subject", "---------- {marker} ----------",
        date="numeric",
    ),
    "Mail.ru": Client(
        _some(_DATED, "ru", **{"from": "От кого", "marker": "Пересылаемое сообщение"}), "from to cc date subject",
        "-------- {marker} --------", date="full",
    ),
    "QQ": Client(
        _some(_OUTLOOK_SENT, "zh-Hans"), "from date to cc subject", "------------------ {marker} ------------------",
        people='"{name}"<{address}>', separator="; ", date="full",
    ),
    "NetEase": Client(
        _some(_OUTLOOK_SENT, "zh-Hans", date="发送日期", cc="抄送人", marker="转发邮件信息"),
        "from date to cc subject", "-------- {marker} --------", people='"{name}" <{address}>', label="{word}：",
        date="iso",
    ),
    "Foxmail": Client(_some(_OUTLOOK_SENT, "zh-Hans en"), "from date to cc subject", label="{word}： ", date="iso"),
    "Aliyun": Client(
        _some(_OUTLOOK_SENT, "zh-Hans", cc="抄　送", subject="主　题"), "from date to cc subject", "-" * 66,
        label="{word}：", date="full", prefix="转发",
    ),
    "Naver": Client(
        _some(_OUTLOOK_SENT, "en"), "from to cc date subject", "-----Original Message-----",
        people='"{name}"<{address}>', separator="; ", date="iso",
    ),
    "Daum": Client(
        _other("ko", "원본 메일|보낸사람|날짜|받는사람|참조|제목"), "from to cc date subject",
        "---------[ {marker} ]---------", people='"{name}" <{address}>', date="full",
    ),
    "Notes": Client(
        _some(_EN, "en", cc="cc"), "from to cc date subject",
        "----- Forwarded by Ana Ames/US/Example on 03/06/2025 08:00 AM -----\n", label="{word}:    ", date="numeric",
    ),
}
# fmt: on
