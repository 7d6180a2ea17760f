"""The words by which mail programs introduce what they quote, in the languages they speak; all lower-case."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.replace("\n", "|").split("|") if word.strip())


WROTE = _words("""
    wrote|writes|a écrit|a ecrit|schrieb|escribió|escribio|ha scritto|escreveu|geschreven|schreef|skrev|kirjoitti
    napisał|napsal|napísal|írta|написал|писал|пише|пишет|yazdı|a scris|έγραψε|написа|je napisao|napisao je|kirjutas
    写道|寫道|のメール|さんは書きました|님이 작성|كتب|כתב|เขียนว่า|viết
""")
"""What the line says that names date and author of what follows."""

OPENINGS = _words("""
    on|at|in|le|am|el|il|em|a|op|den|d.|dnia|w dniu|dne|dňa|pe|în data|στις|на|mån|tis|ons|tors|fre|lör|sön|man|tir
    tor
    lør|søn|ma|ti|ke|to|la|su|пн|вт|ср|чт|пт|сб|вс|нд|vo|so|út|st|čt|pá
""")
"""How such a line begins, if not with the date itself."""

BANNERS = _words("""
    original message|original appointment|forwarded message|reply message|message original|message d'origine
    message transféré|message transmis|ursprüngliche nachricht|original-nachricht|originalnachricht
    weitergeleitete nachricht|mensaje original|mensaje reenviado|mensagem original|mensagem encaminhada
    mensagem reencaminhada|messaggio originale|messaggio inoltrato|oorspronkelijk bericht|doorgestuurd bericht
    ursprungligt meddelande|vidarebefordrat meddelande|opprinnelig melding|videresendt melding|oprindelig meddelelse
    videresendt meddelelse|alkuperäinen viesti|välitetty viesti|edelleenlähetetty viesti|treść oryginalnej wiadomości
    treść przekazanej wiadomości|oryginalna wiadomość|przekazana wiadomość|wiadomość przesłana dalej|původní zpráva
    přeposlaná zpráva|pôvodná správa|preposlaná správa|eredeti üzenet|továbbított üzenet|mesajul original
    mesaj redirecționat|исходное сообщение|перенаправленное сообщение|пересылаемое сообщение|початкове повідомлення
    переслане повідомлення|перенаправлене повідомлення|özgün ileti|orijinal ileti|orijinal mesaj|iletilen ileti
    iletilmiş mesaj|izvorna poruka|proslijeđena poruka|algne kiri|edastatud kiri|元のメッセージ|メッセージを転送
    转发的消息|转发邮件信息|原始邮件|原始消息|轉寄郵件|原始郵件|원본 메시지|전달된 메시지|الرسالة الأصليَّة
    رسالة ممرّرة
    הודעה מקורית|הודעה שהועברה|ข้อความต้นฉบับ|ข้อความที่ส่งต่อ|αρχικό μήνυμα|προωθημένο μήνυμα|оригинално писмо
    препратено писмо
""")
"""What stands between dashes above a quoted or forwarded message."""

FORWARDS = _words("""
    begin forwarded message|début du message réexpédié|début du message transféré
    anfang der weitergeleiteten nachricht
    anfang der weitergeleiteten e-mail|inicio del mensaje reenviado|início da mensagem encaminhada
    início da mensagem reencaminhada|inizio messaggio inoltrato|inizio del messaggio inoltrato
    begin doorgestuurd bericht
    vidarebefordrat mejl|videresendt melding|start på videresendt besked|välitetty viesti alkaa
    początek przekazywanej wiadomości|začátek přeposílané zprávy|začiatok preposlanej správy|továbbított levél kezdete
    începe mesajul redirecționat|начало переадресованного сообщения|початок листа, що пересилається|ileti başlangıcı
    započni proslijeđenu poruku|下面是被转发的邮件|開始轉寄郵件|전달된 메시지 시작
""")
"""What stands before a colon above a forwarded message."""

FROM_LABELS = frozenset(
    _words("""
    from|de|expéditeur|von|da|mittente|van|från|fra|lähettäjä|od|nadawca|feladó|de la|expeditorul|от|отправитель
    от кого
    від|від кого|kimden|gönderen|šalje|saatja|差出人|送信元|送信者|发件人|寄件者|寄件人|從|보낸 사람|보낸사람|من|מאת
    จาก|από
""")
)
"""The author of a quoted header."""

LABELS = FROM_LABELS | frozenset(
    _words("""
    sent|date|to|cc|bcc|subject|reply-to|importance|envoyé|à|pour|objet|sujet|copie à|répondre à|gesendet|datum|an
    kopie
    betreff|antwort an|enviado|enviado el|enviado em|enviada|enviada em|fecha|para|asunto|data|assunto|responder a
    inviato
    a|oggetto|rispondi a|verzonden|aan|onderwerp|skickat|till|kopia|ämne|sendt|dato|til|kopi|kopi til|emne|svar til
    lähetetty|päivämäärä|päiväys|vastaanottaja|kopio|aihe|wysłano|do|adresat|dw|temat|odesláno|komu|předmět|odoslané
    dátum
    pre|predmet|kópia|elküldve|küldve|címzett|másolat|másolatot kap|tárgy|trimis|dată|către|destinatarul|subiect
    subiectul
    отправлено|дата|кому|копия|тема|відправлено|надіслано|копія|gönderilen|gönderildi|gönderme tarihi|tarih|kime|bilgi
    konu|poslano|prima|naslov|saadetud|kuupäev|saaja|teema|送信日時|日付|日時|宛先|送信先|件名|发送时间|发送日期|日期
    收件人
    抄送|主题|寄件日期|收件者|副本|主旨|主題|보낸 날짜|보낸날짜|날짜|받는 사람|받는사람|참조|제목|تاريخ الإرسال
    التاريخ|إلى
    نسخة|الموضوع|נשלח|תאריך|אל|עותק|נושא|ส่ง|วันที่|ถึง|สำเนา|หัวเรื่อง|เรื่อง|στάλθηκε|ημερομηνία|προς|κοινοποίηση
    θέμα
    изпратено|до|копие|относно
""")
)
"""Every label of such a header."""
