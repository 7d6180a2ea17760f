"""The words that mail programs put around a forwarded message, by locale: labels of its header, lines above it.

Both tables are data. A program's language decides about its labels, and programs mix in English ones; the words were
seen in mail or in the programs' translations.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

_LABELS = """
locale  | from | date | to | cc | subject | reply_to
en      | From | Sent, Date, Sent on | To | Cc | Subject | Reply-To
fr      | De, Expéditeur | Envoyé, Envoyé le, Date | À, Pour, Destinataire | Cc, Copie à | Objet, Sujet | Répondre à
de      | Von | Gesendet, Gesendet am, Datum | An | Cc, Kopie, Kopie (CC) | Betreff | Antwort an
es      | De | Enviado, Enviado el, Fecha | Para, A | CC | Asunto | Responder a
pt-BR   | De | Enviada em, Enviado em, Enviada, Enviado, Data | Para | Cc | Assunto | Responder a
pt-PT   | De | Enviado, Enviada, Data | Para | CC | Assunto | Responder a, Responder-Para
it      | Da, Mittente | Inviato, Data | A | Cc | Oggetto | Rispondi a, Rispondi-a
nl      | Van | Verzonden, Datum | Aan | CC, Kopie | Onderwerp | Antwoord aan, Antwoord-naar
sv      | Från | Skickat, Datum | Till | Kopia | Ämne | Svara till, Svar till
no      | Fra | Sendt, Dato | Til | Kopi, CC | Emne | Svar til, Svar-Til
da      | Fra | Sendt, Dato | Til | Cc, Kopi til (CC), Kopi til, Kopi | Emne | Svar til
fi      | Lähettäjä | Lähetetty, Päivämäärä, Päiväys | Vastaanottaja | Kopio, CC | Aihe | Vastaus, Vastausosoite
pl      | Od, Nadawca | Wysłano, Data | Do, Adresat | DW, Kopia | Temat | Odpowiedź-do
cs      | Od | Odesláno, Datum | Komu | Kopie | Předmět | Odpověď na, Adresa pro odpověď
sk      | Od | Odoslané, Dátum | Komu, Pre | Kópia, Cc | Predmet | Odpovedať-Pre, Odpovedať na
hu      | Feladó | Elküldve, Küldve, Dátum | Címzett | Másolatot kap, Másolat, CC | Tárgy | Válaszcím
ro      | De la, Expeditorul | Trimis, Dată, Data | Către, Destinatarul | Cc | Subiect, Subiectul | Răspuns către
ru      | От, Отправитель, От кого | Отправлено, Дата | Кому | Копия | Тема | Ответ-Кому, Отвечать
uk      | Від, Від кого | Відправлено, Надіслано, Дата | Кому | Копія, CC | Тема | Кому відповісти, Відповісти
tr      | Kimden, Gönderen | Gönderilen, Gönderildi, Gönderme tarihi, Tarih | Kime | Bilgi, Cc | Konu | Yanıt Adresi
hr      | Šalje, Od | Poslano, Datum | Prima, Za | Cc, Kopija | Predmet, Naslov | Odgovori na
et      | Saatja | Saadetud, Kuupäev | Saaja, Adressaat, Kellele | CC, Koopia | Teema | Vastamise aadress
ja      | 差出人, 送信元, 送信者 | 送信日時, 日付, 日時 | 宛先, 送信先 | CC | 件名 | 返信先
zh-Hans | 发件人 | 发送时间, 发送日期, 日期 | 收件人 | 抄送 | 主题 | 回复地址
zh-Hant | 寄件者, 寄件人, 從 | 寄件日期, 日期 | 收件者, 收件人, 至, 到 | 副本 | 主旨, 主題 | 回函地址
ko      | 보낸 사람, 보낸사람 | 보낸 날짜, 보낸날짜, 날짜 | 받는 사람, 받는사람 | 참조, CC | 제목 | 회신 주소
ar      | من | تاريخ الإرسال, المرسلة, التاريخ | إلى | نسخة, CC | الموضوع | رد إلى
he      | מאת | נשלח, תאריך | אל | עותק | נושא | השב-אל
th      | จาก | ส่ง, วันที่ | ถึง | สำเนาถึง, สำเนา | หัวเรื่อง, เรื่อง | ตอบกลับถึง
el      | Από | Στάλθηκε, Ημερομηνία | Προς | Κοινοποίηση, Κοιν. | Θέμα | Απάντηση
bg      | От | Изпратено, Дата | До | Копие, CC | Тема, Относно | Отговор до
"""

_ANY_LOCALE = """
bcc        | Bcc, Cci, CCO, Ccn, UDW, Blindkopie, Hemlig kopia, Скрытая копия, 密送, 密件副本
message_id | Message-ID
other      | Importance, Priority, Sensitivity, Attachments, Organization, Sender, Return-Path, Resent-From, User-Agent
other      | Wichtigkeit, Priorität, Anlagen, Importance, Pièces jointes, Importancia, Datos adjuntos, Prioridade
other      | Importância, Anexos, Priorità, Importanza, Allegati, Urgentie, Prioriteit, Bijlagen, Prioritet
other      | Bifogade filer, Vedlegg, Vedhæftede filer, Tärkeys, Liitteet, Ważność, Priorytet, Załączniki, Důležitost
other      | Přílohy, Важность, Вложения, Вкладення, Önem, Ekler, 添付ファイル, 重要度, 附件, 重要性, 첨부 파일
"""

_MARKERS = """
locale  | forwarded | above, before a colon | original
en      | Forwarded message | Begin forwarded message | Original Message, Original Appointment, Reply Message
fr      | Message transféré, Message transmis | Début du message réexpédié, Début du message transféré
        | Message original, Message d'origine
de      | Weitergeleitete Nachricht
        | Anfang der weitergeleiteten Nachricht, Anfang der weitergeleiteten E-Mail
        | Ursprüngliche Nachricht, Original-Nachricht, Originalnachricht
es      | Mensaje reenviado | Inicio del mensaje reenviado | Mensaje original
pt-BR   | Mensagem encaminhada | Início da mensagem encaminhada | Mensagem original
pt-PT   | Mensagem reencaminhada | Início da mensagem reencaminhada | Mensagem original
it      | Messaggio inoltrato | Inizio messaggio inoltrato, Inizio del messaggio inoltrato | Messaggio originale
nl      | Doorgestuurd bericht | Begin doorgestuurd bericht | Oorspronkelijk bericht
sv      | Vidarebefordrat meddelande | Vidarebefordrat mejl | Ursprungligt meddelande
no      | Videresendt melding | Videresendt melding | Opprinnelig melding
da      | Videresendt meddelelse | Start på videresendt besked | Oprindelig meddelelse
fi      | Välitetty viesti, Välitetty viesti / Fwd.Msg, Edelleenlähetetty viesti | Välitetty viesti alkaa
        | Alkuperäinen viesti
pl      | Treść przekazanej wiadomości, Przekazana wiadomość, Wiadomość przesłana dalej
        | Początek przekazywanej wiadomości | Treść oryginalnej wiadomości, Oryginalna wiadomość
cs      | Přeposlaná zpráva | Začátek přeposílané zprávy | Původní zpráva
sk      | Preposlaná správa, Preposlaná správa --- Forwarded Message | Začiatok preposlanej správy | Pôvodná správa
hu      | Továbbított üzenet | Továbbított levél kezdete | Eredeti üzenet
ro      | Mesaj redirecționat | Începe mesajul redirecționat | Mesajul original
ru      | Перенаправленное сообщение, Пересылаемое сообщение | Начало переадресованного сообщения | Исходное сообщение
uk      | Переслане повідомлення, Перенаправлене повідомлення | Початок листа; що пересилається | Початкове повідомлення
tr      | İletilen İleti, İletilmiş Mesaj | İleti başlangıcı | Özgün İleti, Orijinal İleti, Orijinal Mesaj
hr      | Proslijeđena poruka | Započni proslijeđenu poruku | Izvorna poruka
et      | Edastatud kiri | Edastatud sõnumi algus | Algne kiri
ja      | メッセージを転送, 転送メール | 転送されたメッセージ | 元のメッセージ
zh-Hans | 转发的消息, 转发邮件信息 | 下面是被转发的邮件 | 原始邮件, 原始消息
zh-Hant | 轉寄郵件, 轉寄的郵件 | 開始轉寄郵件 | 原始郵件
ko      | 전달된 메시지 | 전달된 메시지 시작 | 원본 메시지
ar      | رسالة ممررة | | الرسالة الأصلية
he      | הודעה שהועברה | | הודעה מקורית
th      | ข้อความที่ส่งต่อ | | ข้อความต้นฉบับ
el      | Προωθημένο μήνυμα | Αρχή προωθημένου μηνύματος | Αρχικό μήνυμα
bg      | Препратено писмо | | Оригинално писмо
"""

_FORWARDED_BY = """
Forwarded message from, Forwarded by, Weitergeleitet von, Réacheminé par, Remitido por, Inoltrato da, Doorgestuurd door
Repassado por
"""
_END = "End forwarded message, Конец пересылаемого сообщения, End of forwarded message"

_WROTE = """
en | wrote, writes
fr | a écrit, a ecrit
de | schrieb
es | escribió, escribio
it | ha scritto
pt | escreveu
nl | geschreven, schreef
sv | skrev
no | skrev følgende
fi | kirjoitti
pl | napisał
cs | napsal
sk | napísal
hu | írta
ru | написал, писал
uk | пише, пишет
tr | yazdı
ro | a scris
el | έγραψε
bg | написа
hr | je napisao, napisao je
et | kirjutas
zh | 写道, 寫道
ja | のメール, さんは書きました
ko | 님이 작성
ar | كتب
he | כתב
th | เขียนว่า
vi | viết
"""
_OPENINGS = """
on, at, in, le, am, el, il, em, a, op, den, d., dnia, w dniu, dne, dňa, pe, în data, στις, на, mån
tis, ons, tors, fre, lör, sön, man, tir, tor, lør, søn, ma, ti, ke, to, la, su, пн, вт, ср, чт, пт
сб, вс, нд, vo, so, út, st, čt, pá
"""
_BETWEEN = """
heeft, het volgende, följende, följande, følgende, uživatel, uživatelka, používateľ, používateľka, пользователь
користувач, tarihinde, şunu, időpontban, ezt, an, at, am, pm, a.m, p.m, kl, klo, uhr, den, giorno, dnia, dne, dňa
"""

_MARKS = re.compile("[\u0307\u064b-\u065f\u0670\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""The dot of the Turkish i, Arabic vowel signs, and what turns letters round."""
_TURNING = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def fold(words: str) -> str:
    """A form in which words compare equal whatever the case, the width and the blanks."""
    if words.isascii():
        return " ".join(words.lower().split())
    text = _MARKS.sub("", unicodedata.normalize("NFKC", words).casefold()).replace("ı", "i").replace("’", "'")
    return " ".join(_MARKS.sub("", unicodedata.normalize("NFKC", text)).split())


def unmarked(text: str) -> str:
    """A text without what turns letters round."""
    return _TURNING.sub("", text)


def _rows(table: str) -> Iterator[list[str]]:
    """The cells of each row; a line that begins with a bar or a blank continues the row above."""
    for row in re.split(r"\n(?=\S)", table.strip()):
        yield [cell.strip() for cell in " ".join(row.split()).split("|")]


def _words(cell: str) -> list[str]:
    """The words of a cell; a semicolon stands for a comma within them."""
    return [word.strip().replace(";", ",") for word in cell.split(",") if word.strip()]


def _label_table() -> tuple[list[str], dict[str, dict[str, str]], dict[str, list[tuple[str, str]]]]:
    header, *rows = _rows(_LABELS)
    locales = [row[0] for row in rows]
    roles: dict[str, dict[str, str]] = {}
    written: dict[str, list[tuple[str, str]]] = {}
    for locale, *cells in rows:
        for role, cell in zip(header[1:], cells, strict=True):
            for word in _words(cell):
                roles.setdefault(fold(word), {})[locale] = role
                written.setdefault(locale, []).append((word, role))
    for role, cell in _rows(_ANY_LOCALE):
        for word in _words(cell):
            roles.setdefault(fold(word), {}).update(dict.fromkeys(locales, role))
    return locales, roles, written


def _markers() -> dict[str, str]:
    kinds: dict[str, str] = {}
    for _, forwarded, above, original in list(_rows(_MARKERS))[1:]:
        kinds |= {fold(word): "original" for word in _words(original)}
        kinds |= {fold(word): "forwarded" for word in _words(forwarded)}
        kinds |= {fold(f"{word}:"): "forwarded" for word in _words(forwarded) + _words(above)}
    return kinds


LOCALES: list[str]
ROLES: Mapping[str, Mapping[str, str]]
"""Folded label → locale → role: from, date, to, cc, bcc, subject, reply_to, message_id or other."""
WRITTEN: Mapping[str, list[tuple[str, str]]]
"""Locale → its labels as programs write them, with their roles."""
LOCALES, ROLES, WRITTEN = _label_table()

MARKERS: Mapping[str, str] = _markers()
"""Folded words → forwarded or original; those that stand without dashes end in a colon."""
FORWARDED_BY = tuple(fold(word) + " " for line in _FORWARDED_BY.split("\n") for word in _words(line))
"""How folded words between dashes begin that name the author or the forwarder."""
ENDS = frozenset(map(fold, _words(_END)))
"""Folded words between dashes below a forwarded message."""

WROTE: Mapping[str, str] = {word: locale for locale, cell in _rows(_WROTE) for word in _words(cell)}
"""What the line says that names date and author of what follows → the language it says it in."""
OPENINGS = tuple(word for line in _OPENINGS.split("\n") for word in _words(line))
"""How such a line begins, if not with the date itself."""
BETWEEN = frozenset(fold(word) for line in (*_BETWEEN.split("\n"), *WROTE) for word in _words(line))
"""What stands in such a line between the date and the author."""
