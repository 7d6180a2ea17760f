"""What the writer of a reply wrote, without the history that the mail program quoted below or above it."""

from __future__ import annotations

import re

_MOST_LINES = 4000
_LINE = 400
"""How much of a line is looked at."""

_VERBS = (
    "wrote|writes|a écrit|a ecrit|schrieb|escribió|escribio|ha scritto|escreveu|heeft geschreven|schreef|geschreven"
    "|skrev(?:\\s+følgende(?:\\s+den)?|\\s+följande)?|kirjoitti|napisała?|napisał\\(a\\)|napsala?|napsal\\(a\\)"
    "|napísala?|napísal\\(a\\)|ezt írta|írta|написала?|написав(?:ла)?|писала?|пише|пишет|yazdı|a scris|έγραψε|написа"
    "|je napisao(?:/la)?|napisao je|kirjutas|写道|寫道|wrote|のメール|さんは書きました|님이 작성|كتب|כתב|‏כתב|เขียนว่า|viết"
)
_SAYS = re.compile(rf"(?:{_VERBS})[^:：]{{0,120}}[:：]?\s*-{{0,10}}\s*$", re.IGNORECASE)
_MAILBOX = re.compile(r"<\s*[^<>\s]{1,200}@[^<>\s]{1,200}\s*(?:<[^<>]{0,200}>)?\s*>|\[mailto:[^\]\s]{1,200}\]|\S{1,100}@\S{1,100}\.\w")
_DATED = re.compile(r"\b(?:19|20)\d\d\b|\d{1,2}[:.h]\d\d\b|\d{1,2}[./-]\d{1,2}[./-]\d\d|\d\s*[年월月日]")
_ISO_DATED = re.compile(r"\s*(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}[ T,]")
_OPENING = re.compile(
    r"\s*-*\s*(?:On|At|In|Le|Am|El|Il(?:\s+giorno)?|Em|A|Op|Den|D\.|Dnia|W dniu|Dne|Dňa|Pe|În data|Στις|На|"
    r"\d|mån|tis|ons|tors|fre|lör|sön|man|tir|tor|lør|søn|ma|ti|ke|to|pe|la|su|пн|вт|ср|чт|пт|сб|вс|нд|vo|so|út|st|čt|pá)[\s.,\d]",
    re.IGNORECASE,
)

_BANNER_WORDS = (
    "original message|original appointment|forwarded message|reply message|message original|message d'origine|message transféré"
    "|message transmis|ursprüngliche nachricht|original-?nachricht|weitergeleitete nachricht|mensaje original|mensaje reenviado"
    "|mensagem original|mensagem (?:re)?encaminhada|messaggio originale|messaggio (?:inoltrato|originale)"
    "|oorspronkelijk bericht|doorgestuurd bericht|ursprungligt meddelande|vidarebefordrat meddelande"
    "|opprinnelig melding|videresendt melding|oprindelig meddelelse|videresendt meddelelse|alkuperäinen viesti"
    "|välitetty viesti|treść oryginalnej wiadomości|treść przekazanej wiadomości|oryginalna wiadomość|przekazana wiadomość"
    "|původní zpráva|přeposlaná zpráva|pôvodná správa|preposlaná správa|eredeti üzenet|továbbított üzenet"
    "|mesajul original|mesaj redirecționat|исходное сообщение|перенаправленное сообщение|пересылаемое сообщение"
    "|початкове повідомлення|переслане повідомлення|özgün ileti|orijinal (?:ileti|mesaj)|iletilen ileti|izvorna poruka"
    "|proslijeđena poruka|algne kiri|edastatud kiri|元のメッセージ|转发的消息|转发邮件信息|原始邮件|原始消息|轉寄郵件|原始郵件"
    "|원본 메시지|전달된 메시지|الرسالة الأصليَّة|הודעה מקורית|הודעה שהועברה|ข้อความต้นฉบับ|ข้อความที่ส่งต่อ|αρχικό μήνυμα"
    "|προωθημένο μήνυμα|оригинално писмо|препратено писмо"
)
_BANNER = re.compile(rf"[\s*]*[-=_–—]{{2,}}\s*(?:{_BANNER_WORDS})\b[^\n]{{0,120}}?[-=_–—]{{2,}}[\s*]*$", re.IGNORECASE)
_APPLE = re.compile(r"\s*(?:begin forwarded message|début du message (?:réexpédié|transféré)|anfang der weitergeleiteten .{4,20}"
                    r"|inicio del mensaje reenviado|inizio (?:del )?messaggio inoltrato)\s*:\s*$", re.IGNORECASE)  # fmt: skip
_RULE = re.compile(r"\s*[_-]{20,}\s*$")

_FROM = (
    "from|de|expéditeur|von|da|mittente|van|från|fra|lähettäjä|od|nadawca|feladó|de la|expeditorul|от|отправитель|от кого"
    "|від|від кого|kimden|gönderen|šalje|saatja|差出人|送信元|送信者|发件人|寄件者|寄件人|從|보낸 ?사람|من|מאת|จาก|από"
)
_OTHER = (
    "sent|date|to|cc|bcc|subject|reply-to|importance|envoyé|à|pour|objet|sujet|copie à|répondre à|gesendet|datum|an|kopie|betreff"
    "|antwort an|enviado(?: el| em)?|enviada(?: em)?|fecha|para|asunto|data|assunto|responder a|inviato|a|oggetto|rispondi a"
    "|verzonden|aan|onderwerp|skickat|till|kopia|ämne|sendt|dato|til|kopi(?: til)?|emne|svar til|lähetetty|päivämäärä|päiväys"
    "|vastaanottaja|kopio|aihe|wysłano|do|adresat|dw|temat|odesláno|komu|předmět|odoslané|dátum|pre|predmet|kópia|elküldve"
    "|küldve|címzett|másolat(?:ot kap)?|tárgy|trimis|dată|către|destinatarul|subiect(?:ul)?|отправлено|дата|кому|копия|тема"
    "|відправлено|надіслано|копія|gönderilen|gönderildi|gönderme tarihi|tarih|kime|bilgi|konu|poslano|prima|naslov|saadetud"
    "|kuupäev|saaja|teema|送信日時|日付|日時|宛先|送信先|件名|发送时间|发送日期|日期|收件人|抄送|主题|寄件日期|收件者|副本|主旨|主題"
    "|보낸 ?날짜|날짜|받는 ?사람|참조|제목|تاريخ الإرسال|التاريخ|إلى|نسخة|الموضوع|נשלח|תאריך|אל|עותק|נושא|ส่ง|วันที่|ถึง|สำเนา"
    "|หัวเรื่อง|เรื่อง|στάλθηκε|ημερομηνία|προς|κοινοποίηση|θέμα|изпратено|до|копие|относно"
)
_FROM_LINE = re.compile(rf"[\s>*]*(?:{_FROM})[*\s]*[:：]", re.IGNORECASE)
_LABEL_LINE = re.compile(rf"[\s>*]*(?:{_FROM}|{_OTHER})[*\s]*[:：]", re.IGNORECASE)

_SIGNATURE = re.compile(r"--\s*$|—\s*$")
_MOST_SIGNATURE = 15
_DEVICE = re.compile(
    r"[\s(<*_]*(?:(?:sent|get|von meinem|gesendet|envoyé|envoyée|enviado|enviada|inviato|verzonden|verstuurd|sendt|skickat|wysłan[eo]"
    r"|odesláno|отправлено|надіслано|lähetetty|gönderildi|telefonumdan|obter|obtenga|obtenir|descarga|télécharge[rz]|scarica)\b"
    r".{0,20}\b(?:from|via|by|with|using|outlook|depuis|de|da|dal|van|vanaf|met|mit|von|fra|från|z|ze|из|с|з|iphone|iOS|android"
    r"|mobilgerät)\b.{0,120}|from my .{1,40}|.{0,40}(?:iphone|ipad|android|blackberry|mobil\w*|smartphone).{0,40}(?:傳送|发送|發送|から送信|gesendet|에서 보냄)"
    r"|(?:iPhone|iPad|スマートフォン)から送信|diese nachricht wurde von .{1,80} gesendet\.?|someone from mobile)[\s)>*_.]*$",
    re.IGNORECASE,
)


def trim(text: str) -> str:
    """The text above (or between, or below) quoted history, without the signature; "" if nothing else is there.

    Only the first 4000 lines are looked at. Linear in the text.
    """
    lines = text.split("\n")[:_MOST_LINES]
    start, after = _history(lines)
    if start == len(lines):
        return _without_tail(lines)
    quoted = next((i for i in range(after, min(after + 3, len(lines))) if lines[i].strip()), after)
    if quoted < len(lines) and lines[quoted].lstrip().startswith(">"):
        own = [line for line in lines[after:] if not line.lstrip().startswith(">")]
        return _without_tail([*lines[:start], *own])
    return _without_tail(lines[:start])


def _history(lines: list[str]) -> tuple[int, int]:
    """The first line of quoted history and the first line behind its introduction; both the end if there is none."""
    for i, line in enumerate(lines):
        head = line[:_LINE]
        if not head.strip() or head.lstrip().startswith(">"):
            continue
        if _BANNER.match(head) or _APPLE.match(head):
            return i, i + 1
        if _FROM_LINE.match(head) and _is_header_block(lines, i):
            return _above_rule(lines, i), i + 1
        length = _attribution(lines, i)
        if length:
            return i, i + length
    return len(lines), len(lines)


def _above_rule(lines: list[str], i: int) -> int:
    """The line before, if a rule sets the header block apart."""
    above = i - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    return above if above >= 0 and _RULE.match(lines[above][:_LINE]) else i


def _is_header_block(lines: list[str], i: int) -> bool:
    following = [line[:_LINE] for line in lines[i + 1 : i + 9] if line.strip()][:6]
    return sum(1 for line in following if _LABEL_LINE.match(line)) >= 2


def _attribution(lines: list[str], i: int) -> int:
    """How many lines from here say who wrote, as "On <date> <name> wrote:"; 0 if they do not."""
    if not _OPENING.match(lines[i][:_LINE]) and not _names_somebody(lines[i][:_LINE]):
        return 0
    joined = ""
    for length, line in enumerate(lines[i : i + 4], start=1):
        if not line.strip():
            break
        joined = f"{joined} {line.strip().removeprefix('> ')[:_LINE]}".strip()
        if _is_attribution(joined) and (length == 1 or len(joined) < 2 * _LINE):
            return length
    return 0


def _names_somebody(line: str) -> bool:
    return bool(_SAYS.search(line) or _MAILBOX.search(line))


def _is_attribution(line: str) -> bool:
    dated = _DATED.search(line)
    if _SAYS.search(line):
        return bool(dated or _MAILBOX.search(line)) and line.rstrip(" -")[-1:] in ":：" or bool(dated and _OPENING.match(line) and _MAILBOX.search(line))
    if _ISO_DATED.match(line) and len(line) < 200:
        return bool(_MAILBOX.search(line)) or "GMT" in line
    return bool(dated and _MAILBOX.search(line)) and line.endswith((":", "："))


def _without_tail(lines: list[str]) -> str:
    """Without trailing quotes, device footers and signature, and without empty lines at both ends."""
    kept = list(lines)
    for i in range(len(kept) - 1, max(len(kept) - _MOST_SIGNATURE - 1, 0), -1):
        if _SIGNATURE.fullmatch(kept[i]) and any(line.strip() for line in kept[:i]):
            del kept[i:]
            break
    while kept and (not kept[-1].strip() or kept[-1].lstrip().startswith(">") or _RULE.match(kept[-1][:_LINE]) or _DEVICE.match(kept[-1][:_LINE])):
        kept.pop()
    while kept and not kept[0].strip():
        kept.pop(0)
    return "\n".join(kept)
