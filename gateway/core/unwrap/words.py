"""The words that mail programs put around a forwarded message, by locale. Data only: `labels` makes tables of it.

The words were seen in mail or in the programs' translations; where they aren't known for sure, the cell is empty. In a
cell a comma parts the words, and a semicolon stands for a comma within one. A row may go on in lines that begin with a
blank. Letters that a reader can't tell apart count as equal (`labels.fold`).
"""

from __future__ import annotations

LABELS = """
locale  | from | date | to | cc | subject | reply_to
en      | From | Sent, Date, Sent on | To | Cc | Subject | Reply-To, Reply to
fr      | De, Expéditeur | Envoyé, Envoyé le, Date, Date d'envoi, Message du | À, Pour, Destinataire, Destinataires, A
        | Cc, Copie à, Copie | Objet, Sujet | Répondre à, Réponse à
de      | Von, Absender | Gesendet, Gesendet am, Datum | An, Empfänger | Cc, Kopie, Kopie (CC), Kopie an |
         Betreff | Antwort an, Antworten an
es      | De, Remitente | Enviado, Enviado el, Enviada, Enviados, Fecha, Fecha de envío | Para, A, Destinatario | CC,
         Con copia, Copia | Asunto | Responder a, Responder-a
pt-BR   | De, Remetente | Enviada em, Enviado em, Enviada, Enviado, Enviadas, Data | Para, Destinatário | Cc,
         Com cópia | Assunto | Responder a, Responder para
pt-PT   | De, Remetente | Enviado, Enviada, Enviado em, Data | Para, Destinatário | CC, Com conhecimento | Assunto |
         Responder a, Responder-Para, Responder para
it      | Da, Mittente | Inviato, Inviata, Inviato il, Data | A, Per, Destinatario | Cc, Copia, p.c. | Oggetto, Ogg |
         Rispondi a, Rispondi-a
nl      | Van, Afzender | Verzonden, Verstuurd, Datum | Aan, Ontvanger | CC, Kopie, Kopie aan | Onderwerp |
         Antwoord aan, Antwoord-naar, Beantwoorden aan
sv      | Från, Avsändare | Skickat, Skickades, Datum | Till, Mottagare | Kopia, Kopia till, Cc | Ämne, Rubrik, Ärende |
         Svara till, Svar till
no      | Fra, Avsender | Sendt, Dato | Til, Mottaker | Kopi, Kopi til, CC | Emne | Svar til, Svar-Til
da      | Fra, Afsender | Sendt, Dato | Til, Modtager | Cc, Kopi til (CC), Kopi til, Kopi | Emne | Svar til,
         Besvar til
fi      | Lähettäjä | Lähetetty, Päivämäärä, Päiväys, Pvm, Pv | Vastaanottaja, Vastaanottajat, Saaja | Kopio, CC |
         Aihe, Otsikko | Vastaus, Vastausosoite, Vastaa osoitteeseen
pl      | Od, Nadawca | Wysłano, Wysłane, Data | Do, Adresat, Odbiorca | DW, Kopia, Do wiadomości | Temat, Tytuł |
         Odpowiedź-do, Odpowiedz do, Odpowiedź do
cs      | Od, Odesílatel | Odesláno, Posláno, Datum | Komu, Pro, Příjemce | Kopie, Kopie (Cc), Cc | Předmět, Věc |
         Odpověď na, Adresa pro odpověď, Odpovědět na, Odpověď komu
sk      | Od, Odosielateľ | Odoslané, Poslané, Dátum | Komu, Pre, Príjemca | Kópia, Cc | Predmet, Vec | Odpovedať-Pre,
         Odpovedať na, Odpoveď komu
hu      | Feladó, Küldő | Elküldve, Küldve, Dátum, Küldés ideje | Címzett, Címzettek | Másolatot kap, Másolat, CC |
         Tárgy | Válaszcím
ro      | De la, Expeditorul, Expeditor, De | Trimis, Trimisă, Trimise, Dată, Data | Către, Destinatarul, Destinatar,
         Catre | Cc, Copie | Subiect, Subiectul | Răspuns către, Răspunde la
ru      | От, Отправитель, От кого | Отправлено, Отправленные, Дата, Дата отправки, Время |
         Кому, Получатель | Копия, Копии | Тема | Ответ-Кому, Отвечать, Обратный адрес, Ответить
uk      | Від, Від кого, Відправник | Відправлено, Надіслано, Надіслані, Дата | Кому, Отримувач, Одержувач | Копія, CC |
         Тема | Кому відповісти, Відповісти, Відповідати
tr      | Kimden, Gönderen, Gönderici | Gönderilen, Gönderildi, Gönderme tarihi, Gönderim tarihi, Gönderilenler, Tarih |
         Kime, Alıcı, Alıcılar | Bilgi, Cc | Konu | Yanıt Adresi, Yanıtla, Yanıt adresi
hr      | Šalje, Od, Pošiljatelj | Poslano, Datum | Prima, Za, Primatelj | Cc, Kopija | Predmet, Naslov |
         Odgovori na, Odgovor na
et      | Saatja, Kellelt | Saadetud, Kuupäev, Saatmisaeg, Saatmise aeg | Saaja, Adressaat, Kellele | CC, Koopia |
         Teema | Vastamise aadress
ja      | 差出人, 送信元, 送信者 | 送信日時, 日付, 日時, 送信日, 送信済み, 日 付 | 宛先, 送信先, 宛 先 | CC, Cc | 件名,
         件 名, 題名 | 返信先
zh-Hans | 发件人, 寄件人, 发信人, 发送人 | 发送时间, 发送日期, 日期, 时间, 发件时间, 日 期 | 收件人, 收信人 | 抄送,
         抄送人, 抄 送 | 主题, 主 题, 标题 | 回复地址, 答复
zh-Hant | 寄件者, 寄件人, 從 | 寄件日期, 日期, 傳送時間, 傳送日期, 寄送時間, 已傳送 | 收件者, 收件人, 至, 到 | 副本,
         副本抄送 | 主旨, 主題, 標題 | 回函地址, 回覆給
ko      | 보낸 사람, 보낸사람, 보낸이, 발신, 발신자, 보낸 이 | 보낸 날짜, 보낸날짜, 날짜, 보낸시간, 보낸 시간, 일시 |
         받는 사람, 받는사람, 받은 사람, 받는이, 수신, 수신자 | 참조, CC | 제목 | 회신 주소, 회신 대상
ar      | من, المرسل | تاريخ الإرسال, المرسلة, التاريخ, أرسلت, تم الإرسال, تم الإرسال في | إلى, المستلم | نسخة,
         نسخة إلى, CC | الموضوع | رد إلى, الرد إلى
he      | מאת | נשלח, תאריך, נשלח ב | אל, עבור | עותק, העתק | נושא, הנושא | השב-אל, השב אל
th      | จาก | ส่ง, วันที่, วันที่ส่ง, ส่งเมื่อ | ถึง | สำเนาถึง, สำเนา | หัวเรื่อง, เรื่อง, ชื่อเรื่อง, หัวข้อ | ตอบกลับถึง
el      | Από, Αποστολέας | Στάλθηκε, Εστάλη, Ημερομηνία, Ημ/νία, Αποστολή | Προς, Παραλήπτης | Κοινοποίηση, Κοιν.,
         Κοιν | Θέμα | Απάντηση, Απάντηση προς
bg      | От, Подател | Изпратено, Изпратени, Изпратено на, Дата | До, Получател | Копие, Копие до, Як, CC | Тема,
         Относно, Заглавие | Отговор до, Отговор на
ca      | De | Enviat, Enviat el, Data | A, Per a | A/c, Cc, Còpia | Assumpte, Tema | Respon a
gl      | De | Enviado, Enviado o, Data | Para, A | Cc, Copia | Asunto | Responder a
eu      | Nork, Bidaltzailea, Igorlea | Bidalia, Bidaltze-data, Data, Noiz | Nori, Hartzailea, Norentzat | Kopia, Cc
        | Gaia | Erantzun honi
sl      | Od, Pošiljatelj | Poslano, Datum | Za, Prejemnik, Komu | Kp, Cc, Kopija | Zadeva | Odgovor za, Odgovori na
sr      | Од, Шаље, Пошиљалац, Od, Šalje, Pošiljalac | Послато, Датум, Poslato, Datum | За, Прима, Коме, Za, Prima,
         Kome | Копија, Кк, Kopija, Cc | Тема, Наслов, Предмет, Tema, Naslov, Predmet | Одговор за, Odgovor za
mk      | Од, Испраќач | Испратено, Датум, Дата | До, За | Копија, Cc | Наслов, Тема, Предмет | Одговор до
lt      | Nuo, Siuntėjas | Išsiųsta, Data | Kam, Gavėjas, Iki | Kopija, Cc | Tema | Atsakyti
lv      | No, Sūtītājs | Nosūtīts, Nosūtīta, Datums | Kam, Adresāts, Saņēmējs | Kopija, Cc | Tēma, Temats | Atbildēt
is      | Frá, Sendandi | Sent, Dagsetning | Til, Viðtakandi | Afrit, Cc | Efni | Svara til
id      | Dari, Pengirim | Dikirim, Terkirim, Tanggal | Kepada, Ke, Untuk, Penerima | Cc, Tembusan | Subjek, Perihal,
         Judul | Balas ke
ms      | Daripada, Dari | Dihantar, Tarikh | Kepada, Ke | Cc, s.k., Salinan | Subjek, Perkara | Balas kepada
vi      | Từ, Người gửi | Đã gửi, Ngày gửi, Gửi, Ngày, Gửi lúc, Vào lúc | Đến, Tới, Người nhận, Gửi đến | Cc, Bản sao
        | Chủ đề, Tiêu đề | Trả lời tới, Trả lời
fa      | از, فرستنده | ارسال شده, فرستاده شده, تاریخ, تاریخ ارسال, ارسال | به, گیرنده | رونوشت, Cc | موضوع, عنوان |
         پاسخ به
hi      | प्रेषक, से, द्वारा | भेजा गया, दिनांक, तारीख, तिथि | प्रति, को, प्राप्तकर्ता | प्रतिलिपि, Cc | विषय | उत्तर दें
af      | Van | Gestuur, Datum | Aan | Afskrif, Cc | Onderwerp | Antwoord aan
sq      | Nga, Prej | Dërguar, Data, Datë, Dërguar më | Për, Tek | Cc, Kopje | Subjekti, Subjekt, Tema, Lënda |
         Përgjigju
be      | Ад, Ад каго, Адпраўнік | Адпраўлена, Дата | Каму, Атрымальнік | Копія, Cc | Тэма |
az      | Kimdən, Göndərən | Göndərildi, Göndərilib, Tarix | Kimə, Alıcı | Surət, Cc | Mövzu |
kk      | Кімнен | Жіберілді, Жіберілген, Күні | Кімге | Көшірме, Cc | Тақырып, Тақырыбы |
"""

ANY_LOCALE = """
bcc        | Bcc, Cci, CCO, Ccn, UDW, Blindkopie, Blindkopie (BCC), Hemlig kopia, Скрытая копия, Прихована копія
bcc        | Skrytá kopie, Skrytá kópia, Titkos másolat, Piilokopio, Skjult kopi, Blindkopi, Ukryta kopia
bcc        | Copie cachée, Copia oculta, Cópia oculta, Copia nascosta, 密送, 密件副本, 숨은참조, 숨은 참조,
            Κρυφή κοινοποίηση
message_id | Message-ID, Message ID
other      | Importance, Priority, Sensitivity, Attachments, Attachment, Organization, Sender, Return-Path,
            Resent-From
other      | User-Agent, Mailed-By, Signed-By, Security, List-Id, Categories, Flag, Follow Up Flag, Flag Status,
            When, Where, Required Attendees, Optional Attendees, Files
other      | Wichtigkeit, Priorität, Anlagen, Anhang, Anhänge, Kategorien, Vertraulichkeit, Organisation
other      | Pièces jointes, Pièce jointe, Priorité, Catégories, Importancia, Datos adjuntos, Adjuntos,
            Prioridad
other      | Importância, Prioridade, Anexos, Anexo, Priorità, Importanza, Allegati, Allegato, Urgentie, Prioriteit,
            Bijlagen
other      | Bijlage, Prioritet, Bifogade filer, Bilagor, Vedlegg, Vedhæftede filer, Vigtighed, Tärkeys, Liitteet,
            Ważność
other      | Priorytet, Załączniki, Důležitost, Přílohy, Dôležitosť, Prílohy, Fontosság, Mellékletek, Важность,
            Вложения, Файлы
other      | Вкладення, Важливість, Önem, Önem Derecesi, Ekler, Privitci, Važnost, Priloge, Manused, Tähtsus,
            Συνημμένα
other      | Importanță, Atașări, Viktighet, Σπουδαιότητα, Важност, Прикачени файлове, חשיבות, קבצים מצורפים
other      | الأهمية, المرفقات, Pomembnost, Svarba, Priedai, Svarīgums, Pielikumi, Importància, Fitxers adjunts
other      | Mức độ quan trọng, Tệp đính kèm, Tingkat Kepentingan, Lampiran, ความสำคัญ, สิ่งที่แนบมา, Sensitivitet
other      | Følsomhet, Gevoeligheid, Sensibilité, Confidencialidad, Riservatezza, Poufność, Конфиденциальность
other      | 添付ファイル, 重要度, 附件, 重要性, 첨부 파일, 첨부파일, 첨부, 중요도, 大小
"""

MARKERS = """
locale  | forwarded | above, before a colon | original
en      | Forwarded message, Forwarded messages, Forwarded mail, Forwarded email, Forwarded e-mail,
         Forwarding messages, Forwarded letter | Begin forwarded message, Start of forwarded message,
         Begin forwarded email | Original Message, Original Appointment, Reply Message, Original, Original mail,
         Original email, Original e-mail
fr      | Message transféré, Message transmis, Message réexpédié, Mail transféré, Courriel transféré,
         E-mail transféré, Courrier transféré | Début du message réexpédié, Début du message transféré,
         Début de l'e-mail transféré, Début du courriel transféré, Début du message transmis | Message original,
         Message d'origine, Message initial, Mail original, E-mail d'origine, Courriel d'origine, Mail d'origine
de      | Weitergeleitete Nachricht, Weitergeleitete E-Mail, Weitergeleitete Mail, Weitergeleitete Nachrichten |
         Anfang der weitergeleiteten Nachricht, Anfang der weitergeleiteten E-Mail,
         Beginn der weitergeleiteten Nachricht, Beginn der weitergeleiteten E-Mail | Ursprüngliche Nachricht,
         Original-Nachricht, Originalnachricht, Original Nachricht, Ursprüngliche Mail, Ursprüngliche E-Mail,
         Original E-Mail, Original-Mail, Originalmail, Urspruengliche Nachricht
es      | Mensaje reenviado, Correo reenviado | Inicio del mensaje reenviado, Comienzo del mensaje reenviado,
         Inicio del correo reenviado | Mensaje original, Correo original, Mensaje de origen
pt-BR   | Mensagem encaminhada, E-mail encaminhado | Início da mensagem encaminhada, Início do e-mail encaminhado |
         Mensagem original, Mensagem de origem
pt-PT   | Mensagem reencaminhada, Mensagem encaminhada, E-mail reencaminhado | Início da mensagem reencaminhada,
         Início do e-mail reencaminhado | Mensagem original
it      | Messaggio inoltrato, E-mail inoltrata | Inizio messaggio inoltrato, Inizio del messaggio inoltrato,
         Inizio e-mail inoltrata | Messaggio originale, Messaggio Originario, Messaggio d'origine
nl      | Doorgestuurd bericht, Doorgestuurde e-mail, Doorgezonden bericht | Begin doorgestuurd bericht,
         Begin van doorgestuurd bericht | Oorspronkelijk bericht, Originele bericht, Origineel bericht
sv      | Vidarebefordrat meddelande, Vidarebefordrat mejl, Vidarebefordrat brev | Vidarebefordrat mejl,
         Vidarebefordrat brev, Början på vidarebefordrat meddelande | Ursprungligt meddelande, Originalmeddelande,
         Ursprungligt mejl
no      | Videresendt melding, Vidaresend melding, Videresendt e-post | Videresendt melding,
         Start på videresendt melding, Start på videresendt e-post | Opprinnelig melding, Opprinneleg melding,
         Original melding, Opprinnelig e-post
da      | Videresendt meddelelse, Videresendt besked, Videresendt mail | Start på videresendt besked,
         Start på videresendt mail, Start på videresendt meddelelse | Oprindelig meddelelse, Oprindelig besked,
         Original besked, Original meddelelse, Oprindelig mail
fi      | Välitetty viesti, Välitetty viesti / Fwd.Msg, Edelleenlähetetty viesti, Edelleen lähetetty viesti,
         Edelleenlähetetty sähköposti | Välitetty viesti alkaa, Välitetyn viestin alku | Alkuperäinen viesti,
         Alkuperäinen sähköposti
pl      | Treść przekazanej wiadomości, Przekazana wiadomość, Wiadomość przesłana dalej, Wiadomość przekazana,
         Przekazywana wiadomość, Przesłana wiadomość, Wiadomość przekazana dalej | Początek przekazywanej wiadomości,
         Początek przekazanej wiadomości | Treść oryginalnej wiadomości, Oryginalna wiadomość, Wiadomość oryginalna,
         Wiadomość pierwotna
cs      | Přeposlaná zpráva, Přeposlaný e-mail, Přeposlaný email | Začátek přeposílané zprávy,
         Začátek přeposlané zprávy | Původní zpráva, Původní e-mail, Původní email
sk      | Preposlaná správa, Preposlaná správa --- Forwarded Message, Preposlaný e-mail | Začiatok preposlanej správy
        | Pôvodná správa, Pôvodný e-mail
hu      | Továbbított üzenet, Továbbított levél, Továbbított e-mail | Továbbított levél kezdete,
         Továbbított üzenet kezdete | Eredeti üzenet, Eredeti levél
ro      | Mesaj redirecționat, Mesaj înaintat, Mesaj retransmis, Mesaj transmis mai departe |
         Începe mesajul redirecționat, Începutul mesajului redirecționat | Mesajul original, Mesaj original
ru      | Перенаправленное сообщение, Пересылаемое сообщение, Пересланное сообщение, Переадресованное сообщение,
         Пересылаемое письмо, Пересланное письмо | Начало переадресованного сообщения,
         Начало пересылаемого сообщения, Начало пересланного сообщения | Исходное сообщение, Оригинальное сообщение,
         Исходное письмо, Исходное сообщение пользователя
uk      | Переслане повідомлення, Перенаправлене повідомлення, Пересланий лист, Переадресоване повідомлення,
         Повідомлення; що пересилається | Початок листа; що пересилається, Початок переадресованого повідомлення,
         Початок пересланого повідомлення, Початок пересланого листа | Початкове повідомлення,
         Оригінальне повідомлення, Оригінальний лист, Вихідне повідомлення, Початковий лист
tr      | İletilen İleti, İletilmiş Mesaj, İletilmiş ileti, İletilen mesaj, Yönlendirilen mesaj, Yönlendirilmiş ileti
        | İleti başlangıcı, İletilen ileti başlangıcı, İletilmiş ileti başlangıcı | Özgün İleti, Orijinal İleti,
         Orijinal Mesaj, Özgün Mesaj, Asıl mesaj
hr      | Proslijeđena poruka, Prosljeđena poruka | Započni proslijeđenu poruku, Početak proslijeđene poruke |
         Izvorna poruka, Originalna poruka
et      | Edastatud kiri, Edastatud sõnum, Edastatud teade | Edastatud sõnumi algus, Edastatud kirja algus |
         Algne kiri, Algne sõnum, Algne teade, Algsõnum
ja      | メッセージを転送, 転送メール, 転送メッセージ, 転送されたメッセージ, 転送されたメール |
         転送されたメッセージ, 転送されたメール, 以下は転送されたメッセージです | 元のメッセージ, 元のメール,
         オリジナルメッセージ
zh-Hans | 转发的消息, 转发邮件信息, 转发的邮件, 已转发邮件, 转发邮件, 转发消息, 转发信息, 被转发邮件信息 |
         下面是被转发的邮件, 开始转发的邮件, 以下是转发的邮件, 开始转发邮件 | 原始邮件, 原始消息, 原邮件, 原始信息,
         邮件原件, 原始郵件
zh-Hant | 轉寄郵件, 轉寄的郵件, 已轉寄郵件, 轉寄訊息, 轉寄的訊息, 轉寄信件, 已轉寄的郵件 | 開始轉寄郵件,
         以下是轉寄的郵件, 開始轉寄的郵件 | 原始郵件, 原始訊息, 原始信件, 原來的郵件, 原文信件
ko      | 전달된 메시지, 전달된 메일, 전달된 이메일, 전달 메시지, 전달된 편지 | 전달된 메시지 시작,
         전달된 이메일 시작 | 원본 메시지, 원본 메일, 원본 이메일, 원문, 원본메시지, 원본메일
ar      | رسالة ممررة, رسالة معاد توجيهها, الرسالة الممررة, الرسالة المعاد توجيهها, رسالة محولة, الرسالة المحولة |
         بداية الرسالة المعاد توجيهها, بدء الرسالة المعاد توجيهها, بداية الرسالة المحولة | الرسالة الأصلية,
         رسالة أصلية, الرسالة الاصلية
he      | הודעה שהועברה, הודעה מועברת | תחילת ההודעה שהועברה, תחילת הודעה שהועברה | הודעה מקורית, ההודעה המקורית
th      | ข้อความที่ส่งต่อ, ข้อความที่ถูกส่งต่อ, อีเมลที่ส่งต่อ | เริ่มข้อความที่ส่งต่อ, เริ่มต้นข้อความที่ส่งต่อ | ข้อความต้นฉบับ, ข้อความเดิม
el      | Προωθημένο μήνυμα, Προωθημένο email, Προωθούμενο μήνυμα | Αρχή προωθημένου μηνύματος,
         Έναρξη προωθημένου μηνύματος | Αρχικό μήνυμα, Πρωτότυπο μήνυμα
bg      | Препратено писмо, Препратено съобщение, Препратен имейл | Начало на препратеното съобщение |
         Оригинално писмо, Оригинално съобщение, Първоначално съобщение
ca      | Missatge reenviat, Missatge redirigit | Inici del missatge reenviat | Missatge original
gl      | Mensaxe reenviada | Inicio da mensaxe reenviada | Mensaxe orixinal
eu      | Birbidalitako mezua, Birbidalitako mezu | | Jatorrizko mezua
sl      | Posredovano sporočilo | Začetek posredovanega sporočila | Izvirno sporočilo
sr      | Прослеђена порука, Prosleđena poruka | Почетак прослеђене поруке | Изворна порука, Оригинална порука,
         Originalna poruka
mk      | Препратена порака | | Оригинална порака, Изворна порака
lt      | Persiųstas laiškas, Persiųstas pranešimas, Persiunčiamas laiškas | | Pradinis laiškas, Pirminis laiškas,
         Originalus pranešimas, Pradinis pranešimas
lv      | Pārsūtītā vēstule, Pārsūtīta ziņa, Pārsūtīts ziņojums, Pārsūtīta vēstule | | Sākotnējais ziņojums,
         Oriģinālā ziņa
is      | Áframsent skeyti, Áframsend skilaboð | | Upprunalegt skeyti, Upphaflegt skeyti, Upprunaleg skilaboð
id      | Pesan terusan, Pesan yang diteruskan, Pesan diteruskan | Mulai pesan yang diteruskan,
         Awal pesan yang diteruskan | Pesan asli, Pesan Asal
ms      | Mesej yang dimajukan, Mesej dimajukan, Mesej dikirim semula | Mulakan mesej dimajukan | Mesej asal
vi      | Thư đã chuyển tiếp, Thư được chuyển tiếp, Thư chuyển tiếp, Tin nhắn đã chuyển tiếp,
         Tin nhắn được chuyển tiếp | Bắt đầu thư được chuyển tiếp, Bắt đầu thư đã chuyển tiếp | Thư gốc, Tin nhắn gốc
fa      | پیام هدایت شده, پیام بازارسال شده, پیام ارسال شده, پیام فوروارد شده | | پیام اصلی
hi      | अग्रेषित संदेश, फ़ॉरवर्ड किया गया संदेश | | मूल संदेश
af      | Aangestuurde boodskap | | Oorspronklike boodskap
sq      | Mesazh i përcjellë | | Mesazhi origjinal, Mesazh origjinal
be      | Перасланы ліст, Перасланае паведамленне | | Зыходны ліст, Зыходнае паведамленне
az      | Yönləndirilmiş mesaj | | Orijinal mesaj
kk      | Қайта жіберілген хабар | | Бастапқы хабар
"""

ALONE = "This is a forwarded message, Это пересылаемое сообщение"
"""Lines of their own above a forwarded message, without dashes or a colon."""

FORWARDED_BY = """
Forwarded message from, Forwarded by, Forwarded message by, Forwarded mail from
Message transféré de, Message transféré par, Réacheminé par
Weitergeleitete Nachricht von, Weitergeleitet von, Mensaje reenviado de, Remitido por, Reenviado por
Messaggio inoltrato da, Inoltrato da, Doorgestuurd bericht van, Doorgestuurd door, Repassado por, Encaminhado por
Mensagem encaminhada de, Vidarebefordrat meddelande från, Vidarebefordrat av, Videresendt af, Videresendt av
Przekazane przez, Wiadomość przekazana od, Přeposláno uživatelem, Továbbította, Transféré par, Välittänyt
Edelleen lähettänyt, Переслано:, Переслано, Переслал, İleten, 転送者:, 转发人, 转发人:, 轉寄者:, 전달자 :, 전달자:
"""
"""Beginnings of the words between dashes that name the author or the forwarder."""

ENDS = """
End forwarded message, End of forwarded message, End forwarded messages, End of original message text
Original message end, Original Message Ends, Конец исходного текста сообщения, Ende der weitergeleiteten Nachricht,
Ende der weitergeleiteten E-Mail, Fin du message transféré
Fin del mensaje reenviado, Fine messaggio inoltrato, Fine del messaggio inoltrato, Einde doorgestuurd bericht
Fim da mensagem encaminhada, Slut på vidarebefordrat meddelande, Koniec przekazanej wiadomości
Koniec treści przekazanej wiadomości, Konec přeposlané zprávy, Конец пересылаемого сообщения
Кінець пересланого повідомлення
"""
"""Words between dashes below a forwarded message."""

BEGINS = "Original message text, Текст пересылаемого сообщения, Исходный текст сообщения"
"""Words between dashes that part the header from the text."""

DIRECTIONS = """
vs | da no | fi
i  | it |
r  | | it
"""
"""Prefixes of subjects whose meaning the language decides: where it forwards, where it replies."""

ON_BEHALF_OF = """
on behalf of, im auftrag von, im namen von, de la part de, au nom de, en nombre de, en nom de, em nome de, per conto di
a nome di, namens, på vegne af, på vegne av, för, w imieniu, jménem, v mene, u ime, v imenu, în numele, от имени
від імені, от името на, εκ μέρους, atas nama, thay mặt, thay mặt cho, ในนามของ, בשם, نيابة عن, 代表
"""
"""Between two people: the first one sent what the second one is the author of."""
VIA = "via, über, através de, через, przez"
"""Between two people: the first one is the author of what the second one passed on."""

WROTE = """
en | wrote, writes
fr | a écrit, a ecrit
de | schrieb
es | escribió, escribio
it | ha scritto
pt | escreveu
nl | geschreven, schreef
sv da no | skrev
fi | kirjoitti
pl | napisał, pisze
cs | napsal, píše
sk | napísal
hu | írta
ru | написал, писал
uk | пише, пишет, писав
tr az | yazdı
ro | a scris
el | έγραψε
bg | написа
hr sr | je napisao, napisao je
sl | je napisal, napisal
sr | је написао, написао је
mk | напиша
et | kirjutas
lt | rašė
lv | rakstīja
is | skrifaði
ca | va escriure, ha escrit
gl | escribiu
id ms | menulis
vi | viết
zh | 写道, 寫道
ja | のメール, さんは書きました
ko | 님이 작성, 쓴 글
ar | كتب
he | כתב
th | เขียนว่า
fa | نوشت
hi | ने लिखा
"""
"""What the line says that names date and author of what follows, and the languages it may say it in."""

OPENINGS = """
on, at, in, le, am, el, il, em, a, op, den, d., dnia, w dniu, dne, dňa, pe, în data, στις, на, mån
tis, ons, tors, fre, lör, sön, man, tir, tor, lør, søn, ma, ti, ke, to, la, su, пн, вт, ср, чт, пт
сб, вс, нд, vo, so, út, st, čt, pá
"""
PRELUDES = "Missatge de, Wiadomość napisana przez"
"""What stands before the author where he comes first."""
BETWEEN = """
heeft, het volgende, följende, följande, følgende, uživatel, uživatelka, používateľ, používateľka, пользователь
користувач, odesílatel, odosielateľ, korisnik, lietotājs, lietotāja, naudotojas, ο, χρήστης, מאת, को, در, je, oseba
tarihinde, şunu, időpontban, ezt, an, at, am, pm, a.m, p.m, π.μ, μ.μ, ص, م, pg, ptg, kl, klo, uhr, den, giorno, dnia
dne, dňa
"""
