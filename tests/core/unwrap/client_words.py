"""What each family of mail programs writes around a forwarded message, by locale: data of the generator.

Written down apart from the reader's own tables, so that neither repeats the other's mistakes. A cell that isn't known
is empty; the program isn't claimed for a locale without its words.
"""

from __future__ import annotations

OUTLOOK = """
locale  | from | sent | to | cc | subject | prefix | original
en      | From | Sent | To | Cc | Subject | FW | Original Message
fr      | De | Envoyé | À | Cc | Objet | TR | Message d'origine
de      | Von | Gesendet | An | Cc | Betreff | WG | Ursprüngliche Nachricht
es      | De | Enviado el | Para | CC | Asunto | RV | Mensaje original
pt-BR   | De | Enviada em | Para | Cc | Assunto | ENC | Mensagem original
pt-PT   | De | Enviado | Para | Cc | Assunto | FW | Mensagem original
it      | Da | Inviato | A | Cc | Oggetto | I | Messaggio originale
nl      | Van | Verzonden | Aan | CC | Onderwerp | FW | Oorspronkelijk bericht
sv      | Från | Skickat | Till | Kopia | Ämne | VB | Ursprungligt meddelande
no      | Fra | Sendt | Til | Kopi | Emne | VS | Opprinnelig melding
da      | Fra | Sendt | Til | Cc | Emne | VS | Oprindelig meddelelse
fi      | Lähettäjä | Lähetetty | Vastaanottaja | Kopio | Aihe | VL | Alkuperäinen viesti
pl      | Od | Wysłano | Do | DW | Temat | PD | Oryginalna wiadomość
cs      | Od | Odesláno | Komu | Kopie | Předmět | FW | Původní zpráva
sk      | Od | Odoslané | Komu | Kópia | Predmet | FW | Pôvodná správa
hu      | Feladó | Elküldve | Címzett | Másolatot kap | Tárgy | FW | Eredeti üzenet
ro      | De la | Trimis | Către | Cc | Subiect | FW | Mesaj original
ru      | От | Отправлено | Кому | Копия | Тема | FW | Исходное сообщение
uk      | Від | Надіслано | Кому | Копія | Тема | FW | Початкове повідомлення
tr      | Kimden | Gönderilen | Kime | Bilgi | Konu | İLT | Özgün İleti
hr      | Od | Poslano | Prima | Cc | Predmet | FW | Izvorna poruka
et      | Saatja | Saadetud | Adressaat | Koopia | Teema | FW | Algne kiri
ja      | 差出人 | 送信日時 | 宛先 | CC | 件名 | FW | 元のメッセージ
zh-Hans | 发件人 | 发送时间 | 收件人 | 抄送 | 主题 | FW | 原始邮件
zh-Hant | 寄件者 | 寄件日期 | 收件者 | 副本 | 主旨 | FW | 原始郵件
ko      | 보낸 사람 | 보낸 날짜 | 받는 사람 | 참조 | 제목 | FW | 원본 메시지
ar      | من | تاريخ الإرسال | إلى | نسخة | الموضوع | FW | الرسالة الأصلية
he      | מאת | נשלח | אל | עותק | נושא | FW | הודעה מקורית
th      | จาก | ส่ง | ถึง | สำเนาถึง | เรื่อง | FW | ข้อความต้นฉบับ
el      | Από | Στάλθηκε | Προς | Κοιν. | Θέμα | FW | Αρχικό μήνυμα
bg      | От | Изпратено | До | Копие | Относно | FW | Оригинално съобщение
ca      | De | Enviat el | Per a | A/c | Assumpte | FW | Missatge original
gl      | De | Enviado | Para | Cc | Asunto | FW | Mensaxe orixinal
eu      | Nork | Bidalia | Nori | Kopia | Gaia | FW | Jatorrizko mezua
sl      | Od | Poslano | Za | Kp | Zadeva | FW | Izvirno sporočilo
sr      | Од | Послато | За | Копија | Тема | FW | Оригинална порука
mk      | Од | Испратено | До | Копија | Наслов | FW | Оригинална порака
lt      | Nuo | Išsiųsta | Kam | Kopija | Tema | FW | Pradinis laiškas
lv      | No | Nosūtīts | Kam | Kopija | Tēma | FW | Sākotnējais ziņojums
is      | Frá | Sent | Til | Afrit | Efni | FW | Upprunalegt skeyti
id      | Dari | Dikirim | Kepada | Cc | Subjek | FW | Pesan Asli
ms      | Daripada | Dihantar | Kepada | Cc | Subjek | FW | Mesej Asal
vi      | Từ | Đã gửi | Đến | Cc | Chủ đề | FW | Thư gốc
fa      | از | ارسال شده | به | رونوشت | موضوع | FW | پیام اصلی
hi      | प्रेषक | भेजा गया | प्रति | प्रतिलिपि | विषय | FW | मूल संदेश
af      | Van | Gestuur | Aan | Afskrif | Onderwerp | FW | Oorspronklike boodskap
sq      | Nga | Dërguar | Për | Cc | Subjekti | FW | Mesazhi origjinal
be      | Ад | Адпраўлена | Каму | Копія | Тэма | FW | Зыходны ліст
az      | Kimdən | Göndərildi | Kimə | Surət | Mövzu | FW | Orijinal mesaj
kk      | Кімнен | Жіберілді | Кімге | Көшірме | Тақырып | FW | Бастапқы хабар
"""
"""Of Microsoft; programs that quote an "original message" write its words too."""

APPLE = """
locale  | line | from | subject | date | to | cc | reply_to
en      | Begin forwarded message | From | Subject | Date | To | Cc | Reply-To
fr      | Début du message réexpédié | De | Objet | Date | À | Cc | Répondre à
de      | Anfang der weitergeleiteten Nachricht | Von | Betreff | Datum | An | Kopie | Antwort an
es      | Inicio del mensaje reenviado | De | Asunto | Fecha | Para | Cc | Responder a
pt-BR   | Início da mensagem encaminhada | De | Assunto | Data | Para | Cc | Responder A
pt-PT   | Início da mensagem reencaminhada | De | Assunto | Data | Para | Cc | Responder a
it      | Inizio messaggio inoltrato | Da | Oggetto | Data | A | Cc | Rispondi a
nl      | Begin doorgestuurd bericht | Van | Onderwerp | Datum | Aan | Kopie | Antwoord aan
sv      | Vidarebefordrat mejl | Från | Ämne | Datum | Till | Kopia | Svara till
no      | Videresendt melding | Fra | Emne | Dato | Til | Kopi | Svar til
da      | Start på videresendt besked | Fra | Emne | Dato | Til | Cc | Svar til
fi      | Välitetty viesti alkaa | Lähettäjä | Aihe | Päivämäärä | Vastaanottaja | Kopio | Vastaus
pl      | Początek przekazywanej wiadomości | Od | Temat | Data | Do | DW | Odpowiedź-do
cs      | Začátek přeposílané zprávy | Od | Předmět | Datum | Komu | Kopie | Odpověď na
sk      | Začiatok preposlanej správy | Od | Predmet | Dátum | Pre | Kópia | Odpovedať-Pre
hu      | Továbbított levél kezdete | Feladó | Tárgy | Dátum | Címzett | Másolat | Válaszcím
ro      | Începe mesajul redirecționat | Expeditorul | Subiectul | Data | Destinatarul | Cc | Răspuns către
ru      | Начало переадресованного сообщения | Отправитель | Тема | Дата | Кому | Копия | Ответ-Кому
uk      | Початок листа, що пересилається | Від кого | Тема | Дата | Кому | Копія | Кому відповісти
tr      | İleti başlangıcı | Kimden | Konu | Tarih | Kime | Bilgi | Yanıt Adresi
hr      | Započni proslijeđenu poruku | Šalje | Predmet | Datum | Prima | Cc | Odgovori na
ja      | 転送されたメッセージ | 差出人 | 件名 | 日付 | 宛先 | Cc | 返信先
zh-Hans | 下面是被转发的邮件 | 发件人 | 主题 | 日期 | 收件人 | 抄送 | 回复地址
zh-Hant | 開始轉寄郵件 | 寄件人 | 主旨 | 日期 | 收件人 | 副本 | 回函地址
ko      | 전달된 메시지 시작 | 보낸 사람 | 제목 | 날짜 | 받는 사람 | 참조 | 회신 주소
ar      | بداية الرسالة المُعاد توجيهها | من | الموضوع | التاريخ | إلى | نسخة | الرد إلى
he      | תחילת ההודעה שהועברה | מאת | נושא | תאריך | אל | עותק | השב אל
el      | Αρχή προωθημένου μηνύματος | Από | Θέμα | Ημερομηνία | Προς | Κοιν. | Απάντηση
ca      | Inici del missatge reenviat | De | Assumpte | Data | Per a | Cc | Respon a
id      | Mulai pesan yang diteruskan | Dari | Perihal | Tanggal | Kepada | Cc | Balas ke
"""

THUNDERBIRD = """
locale  | marker | subject | date | from | reply_to | to | cc
en      | Forwarded Message | Subject | Date | From | Reply-To | To | CC
fr      | Message transféré | Sujet | Date | De | Répondre à | Pour | Copie à
de      | Weitergeleitete Nachricht | Betreff | Datum | Von | Antwort an | An | Kopie (CC)
es      | Mensaje reenviado | Asunto | Fecha | De | Responder a | Para | CC
pt-BR   | Mensagem encaminhada | Assunto | Data | De | Responder a | Para | CC
pt-PT   | Mensagem reencaminhada | Assunto | Data | De | Responder-Para | Para | CC
it      | Messaggio Inoltrato | Oggetto | Data | Mittente | Rispondi-a | A | CC
nl      | Doorgestuurd bericht | Onderwerp | Datum | Van | Antwoord-naar | Aan | CC
sv      | Vidarebefordrat meddelande | Ämne | Datum | Från | Svar till | Till | Kopia
no      | Videresendt melding | Emne | Dato | Fra | Svar-Til | Til | Kopi
da      | Videresendt meddelelse | Emne | Dato | Fra | Svar til | Til | Kopi til (CC)
fi      | Välitetty viesti / Fwd.Msg | Aihe | Päiväys | Lähettäjä | Vastausosoite | Vastaanottaja | Kopio
pl      | Treść przekazanej wiadomości | Temat | Data | Nadawca | Odpowiedź-do | Adresat | Kopia
cs      | Přeposlaná zpráva | Předmět | Datum | Od | Adresa pro odpověď | Komu | Kopie
sk      | Preposlaná správa --- Forwarded Message | Predmet | Dátum | Od | Odpovedať na | Komu | Kópia
hu      | Továbbított üzenet | Tárgy | Dátum | Feladó | Válaszcím | Címzett | CC
ro      | Mesaj redirecționat | Subiect | Data | De la | Răspuns către | Către | CC
ru      | Перенаправленное сообщение | Тема | Дата | От | Отвечать | Кому | Копия
uk      | Переслане повідомлення | Тема | Дата | Від | Відповісти | Кому | Копія
tr      | İletilen İleti | Konu | Tarih | Gönderen | Yanıt adresi | Kime | CC
hr      | Proslijeđena poruka | Naslov | Datum | Šalje | Odgovori na | Prima | CC
et      | Edastatud kiri | Teema | Kuupäev | Saatja | Vastamise aadress | Saaja | CC
ja      | Forwarded Message | 件名 | 日付 | 差出人 | 返信先 | 宛先 | CC
zh-Hans | 转发的消息 | 主题 | 日期 | 发件人 | 回复地址 | 收件人 | 抄送
zh-Hant | 轉寄郵件 | 主旨 | 日期 | 從 | 回函地址 | 至 | 副本
ko      | 전달된 메시지 | 제목 | 날짜 | 보낸 사람 | 회신 주소 | 받는 사람 | 참조
ar      | رسالة ممرّرة | الموضوع | التاريخ | من | رُد إلى | إلى | نسخة
he      | הודעה שהועברה | נושא | תאריך | מאת | השב-אל | אל | עותק
th      | ข้อความที่ส่งต่อ | หัวเรื่อง | วันที่ | จาก | ตอบกลับถึง | ถึง | สำเนาถึง
el      | Προωθημένο μήνυμα | Θέμα | Ημερομηνία | Από | Απάντηση | Προς | Κοινοποίηση
bg      | Препратено писмо | Тема | Дата | От | Отговор до | До | Копие
ca      | Missatge reenviat | Assumpte | Data | De | Respon a | A | Cc
gl      | Mensaxe reenviada | Asunto | Data | De | Responder a | Para | CC
eu      | Birbidalitako mezua | Gaia | Data | Nork | Erantzun honi | Nori | CC
sl      | Posredovano sporočilo | Zadeva | Datum | Od | Odgovor za | Za | Kp
sr      | Прослеђена порука | Наслов | Датум | Од | Одговор за | За | CC
lt      | Persiųstas laiškas | Tema | Data | Nuo | Atsakyti | Kam | Kopija
is      | Áframsent skeyti | Efni | Dagsetning | Frá | Svara til | Til | Afrit
id      | Pesan Terusan | Subjek | Tanggal | Dari | Balas ke | Kepada | CC
vi      | Thư đã chuyển tiếp | Chủ đề | Ngày | Từ | Trả lời tới | Đến | CC
sq      | Mesazh i Përcjellë | Subjekt | Datë | Nga | Përgjigju | Për | CC
"""

GMAIL = """
locale  | from | old
en      | From | Forwarded message
fr      | De | Message transféré
de      | Von | Weitergeleitete Nachricht
es      | De | Mensaje reenviado
pt-BR   | De | Mensagem encaminhada
pt-PT   | De | Mensagem encaminhada
it      | Da | Messaggio inoltrato
nl      | Van | Doorgestuurd bericht
sv      | Från | Vidarebefordrat meddelande
no      | Fra | Videresendt melding
da      | Fra | Videresendt meddelelse
fi      | Lähettäjä | Välitetty viesti
pl      | Od | Wiadomość przekazana dalej
cs      | Od | Přeposlaná zpráva
sk      | Od | Preposlaná správa
hu      | Feladó | Továbbított üzenet
ro      | De la | Mesaj redirecționat
ru      | От | Пересылаемое сообщение
uk      | Від | Пересланий лист
tr      | Gönderen | İletilmiş ileti
hr      | Šalje | Proslijeđena poruka
et      | Saatja | Edastatud sõnum
ja      | From | 転送メッセージ
zh-Hans | 发件人 | 已转发邮件
zh-Hant | 寄件者 | 已轉寄郵件
ko      | 보낸사람 | 전달된 메일
ar      | من | رسالة مُعاد توجيهها
he      | מאת | הודעה שהועברה
th      | จาก | ข้อความที่ถูกส่งต่อ
el      | Από | Προωθημένο μήνυμα
bg      | От | Препратено съобщение
ca      | De | Missatge reenviat
gl      | De | Mensaxe reenviada
eu      | Nork | Birbidalitako mezua
sl      | Od | Posredovano sporočilo
sr      | Од | Прослеђена порука
mk      | Од | Препратена порака
lt      | Nuo | Persiųstas pranešimas
lv      | No | Pārsūtīta ziņa
is      | Frá | Áframsent skeyti
id      | Dari | Pesan terusan
ms      | Daripada | Mesej yang dimajukan
vi      | Từ | Thư được chuyển tiếp
fa      | از | پیام بازارسال‌شده
hi      | से | फ़ॉरवर्ड किया गया संदेश
af      | Van | Aangestuurde boodskap
"""

YAHOO = """
locale  | marker | from | to | cc | sent | subject
en      | Forwarded Message | From | To | Cc | Sent | Subject
fr      | Message transmis | De | À | Cc | Envoyé | Objet
de      | Weitergeleitete Nachricht | Von | An | CC | Gesendet | Betreff
es      | Mensaje reenviado | De | Para | CC | Enviado | Asunto
pt-BR   | Mensagem encaminhada | De | Para | Cc | Enviado | Assunto
pt-PT   | Mensagem reencaminhada | De | Para | Cc | Enviado | Assunto
it      | Messaggio inoltrato | Da | A | Cc | Inviato | Oggetto
nl      | Doorgestuurd bericht | Van | Aan | CC | Verzonden | Onderwerp
sv      | Vidarebefordrat meddelande | Från | Till | Kopia | Skickat | Ämne
no      | Videresendt melding | Fra | Til | Kopi | Sendt | Emne
da      | Videresendt meddelelse | Fra | Til | Cc | Sendt | Emne
fi      | Edelleenlähetetty viesti | Lähettäjä | Vastaanottaja | Kopio | Lähetetty | Aihe
pl      | Przekazana wiadomość | Od | Do | DW | Wysłano | Temat
cs      | Přeposlaná zpráva | Od | Komu | Kopie | Odesláno | Předmět
sk      | Preposlaná správa | Od | Komu | Kópia | Odoslané | Predmet
hu      | Továbbított üzenet | Feladó | Címzett | Másolat | Elküldve | Tárgy
ro      | Mesaj redirecționat | De la | Către | Cc | Trimis | Subiect
ru      | Пересылаемое сообщение | От | Кому | Копия | Отправлено | Тема
uk      | Перенаправлене повідомлення | Від | Кому | Копія | Надіслано | Тема
tr      | İletilmiş Mesaj | Kimden | Kime | Cc | Gönderildi | Konu
el      | Προωθημένο μήνυμα | Από | Προς | Κοινοποίηση | Στάλθηκε | Θέμα
id      | Pesan yang Diteruskan | Dari | Kepada | Cc | Terkirim | Judul
vi      | Thư đã chuyển tiếp | Từ | Đến | Cc | Đã gửi | Chủ đề
"""

DATE = """
locale  | date
en | Date
fr | Date
de | Datum
es | Fecha
pt-BR | Data
pt-PT | Data
it | Data
nl | Datum
sv | Datum
no | Dato
da | Dato
fi | Päivämäärä
pl | Data
cs | Datum
sk | Dátum
hu | Dátum
ro | Data
ru | Дата
uk | Дата
tr | Tarih
hr | Datum
et | Kuupäev
ja | 日付
zh-Hans | 日期
zh-Hant | 日期
ko | 날짜
ar | التاريخ
he | תאריך
th | วันที่
el | Ημερομηνία
bg | Дата
sl | Datum
sr | Датум
lt | Data
id | Tanggal
vi | Ngày
ca | Data
"""
"""Of programs that take Outlook's other labels, as the new Outlook, Samsung's and Roundcube do."""

REPLIES = """
locale  | line
en      | On {date} {name} <{address}> wrote:
fr      | Le {date}, {name} <{address}> a écrit :
de      | Am {date} schrieb {name} <{address}>:
es      | El {date}, {name} (<{address}>) escribió:
pt-BR   | Em {date}, {name} <{address}> escreveu:
pt-PT   | {name} <{address}> escreveu ({date}):
it      | Il giorno {date} {name} <{address}> ha scritto:
nl      | Op {date} schreef {name} <{address}>:
sv      | Den {date} skrev {name} <{address}>:
no      | {date} skrev {name} <{address}>:
da      | Den {date} skrev {name} <{address}>:
fi      | {date} {name} ({address}) kirjoitti:
pl      | {date} {name} <{address}> napisał(a):
cs      | {date} odesílatel {name} <{address}> napsal:
sk      | {date} {name} <{address}> napísal(a):
hu      | {name} <{address}> ezt írta (időpont: {date}):
ro      | În {date}, {name} <{address}> a scris:
ru      | {date}, {name} <{address}>:
uk      | {date} {name} <{address}> пише:
tr      | {name} <{address}>, {date} tarihinde şunu yazdı:
hr      | {date} {name} <{address}> napisao je:
et      | {name} <{address}> kirjutas kuupäeval {date}:
ja      | {date} {name} <{address}>:
zh-Hans | {name} <{address}> 于{date}写道：
zh-Hant | {name} <{address}> 於 {date} 寫道：
ko      | {date}, {name} <{address}>님이 작성:
ar      | في {date} {name} <{address}> كتب:
he      | בתאריך {date} מאת {name} <{address}>:
th      | {date} {name} <{address}> เขียนว่า:
el      | Στις {date} ο χρήστης {name} <{address}> έγραψε:
bg      | На {date} {name} <{address}> написа:
ca      | Missatge de {name} <{address}> del dia {date}:
gl      | O {date}, {name} (<{address}>) escribiu:
sl      | {date} je {name} <{address}> napisal:
sr      | {date} {name} <{address}> је написао/ла:
lt      | {date}, {name} <{address}> rašė:
lv      | {date}, lietotājs {name} (<{address}>) rakstīja:
is      | {date} skrifaði {name} <{address}>:
id      | Pada tanggal {date} {name} <{address}> menulis:
ms      | Pada {date} {name} <{address}> menulis:
vi      | Vào {date} {name} <{address}> đã viết:
fa      | {name} <{address}> در {date} نوشت:
hi      | {date} को {name} <{address}> ने लिखा:
"""
"""What stands above the quotation in a reply, as Gmail and others have it."""

REPLY_PREFIXES = {"de": "AW", "sv": "SV", "no": "SV", "da": "SV", "fi": "VS", "nl": "Antw", "pl": "Odp", "pt-BR": "RES"}
"""Where a program replies under a prefix other than Re."""


def table(text: str) -> dict[str, dict[str, str]]:
    """Locale → column → word."""
    header, *rows = [[cell.strip() for cell in row.split("|")] for row in text.strip().split("\n")]
    return {row[0]: dict(zip(header[1:], row[1:], strict=True)) for row in rows}
