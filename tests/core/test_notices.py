"""The words of mail programs: who speaks, the subject, the text."""

import base64

import pytest

from gateway.core import notices
from gateway.core.notices import Speaker


@pytest.mark.parametrize(
    ("value", "speaker"),
    [
        ("MAILER-DAEMON@example.com", Speaker.DAEMON),
        ("Mail Delivery System <Mailer-Daemon@example.com>", Speaker.DAEMON),
        ("mailer_daemon@example.com", Speaker.DAEMON),
        ("Mail Delivery Subsystem <MAILER-DAEMON>", Speaker.DAEMON),
        ("MAILER-DAEMON@example.com (Mail Delivery System)", Speaker.DAEMON),
        ("MAILER-DAEMON <>", Speaker.DAEMON),
        ("mail-daemon@example.com", Speaker.DAEMON),
        ("Mail.Delivery.System@example.com", Speaker.DAEMON),
        ("post_master@example.com", Speaker.DAEMON),
        ("Postmaster@example.com", Speaker.MAILER),
        ("opendmarc-postmaster@example.com", Speaker.MAILER),
        ("mail_system@example.com", Speaker.MAILER),
        ("Delivery Subsystem <x@example.com>", Speaker.MAILER),
        ("e500_smtp_mail_service@example.com", Speaker.MAILER),
        ("maildelivery.office@example.com", Speaker.MAILER),
        ("InterScan MSS <x@example.com>", Speaker.MAILER),
        ("邮件系统 <x@example.com>", Speaker.MAILER),
        ("Postmaster", Speaker.MAILER),
        ("Mailer daemon <x@example.com>", Speaker.MAILER),
        ("Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.com>", Speaker.MAILER),
        ("System Administrator <x@example.com>", Speaker.MAILER),
        ("=?utf-8?q?Administrateur_syst=C3=A8me?= <x@example.com>", Speaker.MAILER),
        ("Systemadministrator <x@example.com>", Speaker.MAILER),
        ("システム管理者 <x@example.com>", Speaker.MAILER),
        ('"Courier mail server at mx.example.com" <@>', Speaker.MAILER),
        ("MMSC NDR Administrator <sysadmin@example.com>", Speaker.MAILER),
        ("no-reply@example.com", Speaker.ROLE),
        ("noreply-eu@example.com", Speaker.ROLE),
        ("sysadmin@example.com", Speaker.ROLE),
        ("Shop <do_not_reply@example.com>", Speaker.ROLE),
        ("owner-friends@example.com", Speaker.ROLE),
        ("friends-admin@example.com", Speaker.ROLE),
        ("", Speaker.NOBODY),
        ("<>", Speaker.NOBODY),
        ("Ana <ana@example.com>", Speaker.PERSON),
        ("Ana", Speaker.PERSON),
        ("Max Postmann <max@example.com>", Speaker.PERSON),
        ("Bob (Delivery Systems Ltd) <bob@example.com>", Speaker.PERSON),
        ("Mail Systems Ltd <bob@example.com>", Speaker.PERSON),
        ("Bob, SMTP Software <bob@example.com>", Speaker.PERSON),
        ("admina@example.com", Speaker.PERSON),
        ("Daemon Smith <daemon.smith@example.com>", Speaker.PERSON),
    ],
)
def test_who_speaks(value: str, speaker: Speaker) -> None:
    assert notices.speaker(value) is speaker


@pytest.mark.parametrize(
    "subject",
    [
        "Undelivered Mail Returned to Sender", "failure notice", "FAILURE NOTICE : Offer", "Failure Notice",
        "Mail delivery failed: returning message to sender", "Mail Delivery Failure", "Mail failure.",
        "Delivery Status Notification (Failure)", "Delivery status notification: failed",
        "DELIVERY FAILURE: Offer",
        "Delivery Notification: Delivery has failed", "Delivery report", "Delivery Failure",
        "Delivery unsuccessful: x",
        "Undeliverable: Offer", "Undeliverable mail: Offer", "Undeliverable Mail", "Undeliverable message",
        "Non-Delivery Report: x", "Nondeliverable mail", "Mail System Error - Returned Mail",
        "Returned mail: User unknown", "Returned mail: see transcript for details", "Returned to sender",
        "Warning: could not send message for past 4 hours", "Warning--Could not send mail for past 8.5 hours",
        "Delayed Mail (still being retried)", "NOTICE: mail delivery status.", "WARNING: delayed mail.",
        "Message delivery has failed", "There was an error sending your mail",
        "Sorry, your message could not be delivered",
        "Mail could not be delivered", "Permanent Delivery Failure", "failure delivery", "failed delivery",
        "Message 1abcDE-000123-AB has been frozen", "Postmaster notify: see transcript for details",
        "[Postmaster] Email Delivery Failure", "**Message you sent blocked by our bulk email filter**",
        "BOUNCE friends@example.com: Non-member submission from [ana@example.com]", "User unknown",
        "Unzustellbar: Angebot", "Nicht zustellbar: Angebot", "Ihre E-Mail konnte nicht zugestellt werden",
        "Benachrichtigung zum Übermittlungsstatus (Fehlgeschlagen)",
        "Fehler bei der Zustellung", "Recapito non riuscito: x",
        "Non remis : Offre", "Échec de remise : Offre", "Notification d'état de remise (échec)",
        "Message non distribué",
        "No se puede entregar: Oferta", "Notificación de estado de entrega (error)", "Correo devuelto",
        "Não é possível entregar: Oferta", "Notificação de status de entrega (falha)", "Mensagem não entregue",
        "Non recapitabile: Offerta", "Notifica sullo stato del recapito", "AVVISO DI MANCATA CONSEGNA: Offerta",
        "Onbestelbaar: Offerte", "Melding van afleverstatus", "Går inte att leverera: Offert",
        "Kan ikke leveres: Tilbud",
        "Toimitus epäonnistui: tarjous", "Niedostarczone: Oferta", "Nedoručitelné: Nabídka",
        "Kézbesíthetetlen: Ajánlat",
        "Teslim edilemedi: Teklif", "Αποτυχία παράδοσης", "Недоставленное сообщение",
        "Не удается доставить: Предложение",
        "Ваше сообщение не доставлено. Mail failure.", "Недоставлено: Пропозиція",
        "メールエラー通知", "メッセージを配信できません。",
        "配信不能: お見積り", "来自 mx.example.com 的退信", "系统退信/Systems bounce",
        "无法投递: 报价", "無法傳遞: 報價", "배달되지 않음: 견적", "전송 실패",
    ],
)  # fmt: skip
def test_the_subject_of_a_bounce(subject: str) -> None:
    assert notices.announced(notices.plain(subject))
    for before in ("Re: ", "Fwd: ", "AW: ", "転送: "):
        assert not notices.announced(notices.plain(before + subject))


def test_a_tag_announces_a_bounce_of_whatever_it_stands_before() -> None:
    assert notices.announced(notices.plain("[BOUNCE] Re: Offer"))
    assert not notices.announced(notices.plain("Re: [BOUNCE] Offer"))


def test_an_encoded_subject_is_decoded_first() -> None:
    encoded = base64.b64encode("メッセージを配信できません。".encode("iso-2022-jp")).decode()
    assert notices.announced(notices.plain(f"=?iso-2022-jp?B?{encoded}?="))


@pytest.mark.parametrize(
    "subject",
    ["", "Offer", "Your order", "About the undelivered mail", "Delivery on Monday", "Delivering your order",
    "Mail from Ana",
     "Message for Bob", "Question about a returned mail", "Delivery date", "Warning signs", "Lieferung am Montag"],
)  # fmt: skip
def test_the_subject_of_a_letter(subject: str) -> None:
    assert not notices.announced(notices.plain(subject))


@pytest.mark.parametrize(
    "text",
    [
        "I'm afraid I wasn't able to deliver your message to the following addresses.",
        "A message that you sent could not be\ndelivered to one or more of its recipients.",
        "   ----- The following addresses had permanent fatal errors -----",
        "Your message did not reach some or all of the intended recipients.",
        "Unable to deliver message to the following address(es).",
        "Each of the following recipients was rejected by a remote mail server.",
        "Error: Invalid user address",
        "Ihre Nachricht konnte nicht zugestellt werden.",
        "Votre message n'a pas pu être remis.",
        "Su mensaje no se pudo entregar.",
        "送信先のメールボックスが一杯のため、送信できませんでした。",
        "您的邮件无法送达。",
    ],
)
def test_the_words_of_a_bounce_but_not_quoted(text: str) -> None:
    assert notices.told(text)
    assert not notices.told("Ana wrote:\n> " + text.replace("\n", "\n> "))


@pytest.mark.parametrize(
    ("text", "is_technical"),
    [
        ("550 5.1.1 User unknown", True),
        ("Remote host said: 550 unknown", True),
        ("host replied (5.7.1)", True),
        ("Reporting-MTA: dns; mx.example.com", True),
        ("--- Below this line is a copy of the message.", True),
        ("----- Original message follows -----", True),
        ("Message headers follow.", True),
        ("The room has 450 seats and costs 500 a day.", False),
        ("Version 2.5.1 of the report", False),
        ("", False),
    ],
)
def test_what_only_programs_print(text: str, *, is_technical: bool) -> None:
    assert notices.technical(text) is is_technical


@pytest.mark.parametrize(
    ("text", "is_letter"),
    [
        ("Hi Ana,\n\nsorry.", True),
        ("Dear Mrs. Smith\n", True),
        ("Bonjour Ana,\n", True),
        ("Hi. This is the mail program at mx.example.com.\n", False),
        ("Hello, this is the mail server on mx.example.com and it could not help it.\n", False),
        ("Dear user,\n", False),
        ("Hilary\n", False),
    ],
)
def test_a_letter_begins_with_a_greeting(text: str, *, is_letter: bool) -> None:
    assert notices.greets(text) is is_letter
