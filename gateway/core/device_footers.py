"""The line that a phone or a mail program adds below what was written with it, as "Sent from my iPhone"."""

from __future__ import annotations

import re

from gateway.core.unwrap.labels import fold

_LONGEST, _LONGEST_OFFER = 120, 60

_SENT = """
von meinem, von meiner, gesendet von, gesendet mit, gesendet über, verzonden vanaf, verzonden vanuit, verzonden met
verzonden via, verstuurd vanaf, verstuurd vanuit, verstuurd met, envoyé de, envoyé à partir, envoyé avec, envoyé par
envoyé via, envoyé à l'aide, enviado de, enviado do, enviado con, enviado com, enviado a partir, enviado pelo
enviado mediante, enviado via, enviat des, enviat amb, inviato da, inviato con, inviato tramite, skickat från
skickades från, skickat med, sendt fra, sendt med, sendt via, lähetetty, wysłane z, wysłano z, odesláno z, posláno z
odesláno přes, odoslané z, poslané z, elküldve, trimis de pe, trimis din, trimis de la, trimis cu, отправлено из
отправлено с, отправлено через, надіслано з, надіслано із, надіслано через, відправлено з, poslano s, poslano iz
poslato s, poslato iz, послато са, послато с, saadetud, išsiųsta iš, nosūtīts no, sūtīts no, στάλθηκε από, εστάλη από
изпратено от, изпратено с, 发自, 發自, 发送自, 來自, 来自, 从, 從, أرسلت من, نشر من, تم الإرسال من, مرسل من
ارسال شده از, נשלח מ, ส่งจาก, đã gửi từ, được gửi từ, gửi từ, dikirim dari, dihantar dari
"""
"""How it begins, before the device or the program."""
_SENT_BEHIND = """
gesendet, gönderildi, küldve, から送信, 에서 보냄, 에서 보낸 메일, 에서 보낸 메시지, 에서 보냈습니다
发送, 傳送, 寄出, 發送, से भेजा गया, ارسال شد
"""
"""How it ends, behind them."""
_DEVICES = """
iphon, ipad, ipod, ios, android, blackberry, samsung, galaxy, huawei, xiaomi, redmi, oneplus, mobil, smartphone, handy
telefon, teléfono, téléphone, phone, tablet, outlook, windows, yahoo, gmail, mail, почты, proton, spark, 手机, 手機
устройства, zařízení, urządzenia, appareil, dispositivo
"""
_OFFERS = """
get, holen sie sich, laden sie, beziehen, herunterladen, obtenir, obtenez, télécharger, téléchargez, obtener, obtenga
descargar, obter, obtenha, transferir, baixar, ottieni, scarica, downloaden, download, hämta, skaffa, skaff deg, hent
få, hanki, lataa, pobierz, stáhnout, získat, stiahnuť, získať, beszerzése, letöltése, töltse le, obțineți, descărcați
получить, скачать, отримати, завантажити, edinin, indirin, nabavite, preuzmite, λήψη, αποκτήστε, изтеглете, изтегляне
вземете, pridobite, prenesite, gauti, gaukite, iegūstiet, iegūt, hankige, laadige, を入手, 获取, 下载, 取得, 下載
다운로드, 가져오기, tải, dapatkan, รับ, ดาวน์โหลด, השג, הורד, קבל, الحصول على, تنزيل, obtén, aconseguiu
"""
"""How the line begins or ends that offers a program for a phone."""


def _listed(lines: str) -> tuple[str, ...]:
    return tuple(fold(word) for line in lines.strip().split("\n") for word in line.split(", "))


_BEGINNINGS, _ENDS, _NAMES, _GET = map(_listed, (_SENT, _SENT_BEHIND, _DEVICES, _OFFERS))
_LINK = re.compile(r"<?https?://[^\s<>]{1,300}>?")
_ENGLISH = re.compile(r"sent (?:from|via|with|by|using) .|from my .{1,40}$|someone from mobile$")
_GERMAN = re.compile(r"diese nachricht wurde von .{1,80} gesendet$")


def is_footer(line: str) -> bool:
    """Whether a line, without blanks around it, is such a footer and nothing that a person writes."""
    if not line or len(line) > _LONGEST:
        return False
    text = fold(_LINK.sub(" ", line)).strip("()[]<>*_-.。 ")
    if _ENGLISH.match(text) or _GERMAN.match(text):
        return True
    if (text.startswith(_BEGINNINGS) or text.endswith(_ENDS)) and any(name in text for name in _NAMES):
        return True
    offered = "outlook" in text and ("ios" in text or "android" in text) and len(text) <= _LONGEST_OFFER
    return offered and (text.startswith(_GET) or text.endswith(_GET))
