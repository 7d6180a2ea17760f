"""Whole messages: what mail systems of every age write to a sender, and mail by people that looks like it.

The structure of each is that of the system named; addresses and most words are made up.
"""

from inspect import cleandoc

import pytest
from fakes.effort import bounded

from gateway.core import message
from gateway.core.model import Message


def read(text: str) -> Message:
    return message.read(cleandoc(text).replace("\n", "\r\n").encode())


ORIGINAL = """Received: from pc by mx.us.example; Mon, 1 Jan 2024 10:00:00 +0000
Message-ID: <offer@us.example>
From: Ana <ana@us.example>
To: Bob <bob@client.example>{more}
Subject: Offer
Date: Mon, 1 Jan 2024 10:00:00 +0000

Hello Bob
"""


def bounce(header: str, text: str, copy: str | None = ORIGINAL, *, more: str = "") -> str:
    """A bounce in plain text with a copy of the original."""
    return f"{cleandoc(header)}\n\n{cleandoc(text)}\n\n" + (copy or "").format(more=more)


def attached(header: str, text: str, *parts: str, kind: str = "multipart/mixed", more: str = "") -> str:
    """A bounce with the original attached; `parts` stand between it and the text, each with its header."""
    ends = (f"Content-Type: text/plain\n\n{cleandoc(text)}", *(cleandoc(part) for part in parts))
    whole = "".join(f"--edge\n{part}\n\n" for part in (*ends, "Content-Type: message/rfc822\n\n" + ORIGINAL))
    return f"{cleandoc(header)}\nContent-Type: {kind}; boundary=edge\n\n{whole}--edge--\n".format(more=more)


TWO = ", carol@client.example"
BOB = ("bob@client.example",)

IN_TEXT = {
    "qmail": bounce(
        "From: MAILER-DAEMON@mx.us.example\nSubject: failure notice",
        """Hi. This is the qmail-send program at mx.us.example.
        I'm afraid I wasn't able to deliver your message to the following addresses.

        <bob@client.example>:
        192.0.2.1 does not like recipient.
        Remote host said: 550 no such user

        --- Below this line is a copy of the message.""", more=TWO),
    "qmail of a large provider": bounce(
        "From: MAILER-DAEMON@yahoo.example\nSubject: Failure Notice",
        """Sorry, we were unable to deliver your message to the following address.

        <bob@client.example>:
        Remote host said: 550 5.2.2 Mailbox Full [RCPT_TO]

        --- Below this line is a copy of the message.""", more=TWO),
    "a descendant of qmail": bounce(
        "From: postmaster@mx.us.example\nSubject: Permanent Delivery Failure",
        """We're sorry. There's a problem with the e-mail address(es) listed below.

        <bob@client.example>:
        Sorry, no mailbox here by that name. (#5.1.1)

        --- Original message follows.""", more=TWO),
    "Exim": bounce(
        """X-Failed-Recipients: bob@client.example
        From: Mail Delivery System <Mailer-Daemon@mx.us.example>
        Subject: Mail delivery failed: returning message to sender""",
        """This message was created automatically by mail delivery software.

        A message that you sent could not be delivered to one or more of its
        recipients. This is a permanent error. The following address(es) failed:

          bob@client.example
            no such address here

        ------ This is a copy of the message, including all the headers. ------""", more=TWO),
    "Sendmail 5": bounce(
        "From: Mail Delivery Subsystem <MAILER-DAEMON>\nSubject: Returned mail: User unknown",
        """   ----- Transcript of session follows -----
        >>> RCPT To:<bob@client.example>
        <<< 550 <bob@client.example>... User unknown

           ----- Unsent message follows -----""", more=TWO),
    "Sendmail 8, forwarded by a relay that renamed it": bounce(
        "From: Mail Delivery Subsystem <postmaster@us.example>\nSubject: Returned mail: see transcript for details",
        """   ----- The following addresses had permanent fatal errors -----
        <bob@client.example>
            (reason: 550 5.1.1 <bob@client.example>... User unknown)

           ----- Original message follows -----""", more=TWO),
    "Postfix, before reports": bounce(
        "From: MAILER-DAEMON@mx.us.example (Mail Delivery System)\nSubject: Undelivered Mail Returned to Sender",
        """This is the Postfix program at host mx.us.example.

        I'm sorry to have to inform you that the message returned below could not be delivered.

        <bob@client.example>: unknown user: "bob"

        --- message follows ---""", more=TWO),
    "DragonFly": bounce(
        "From: MAILER-DAEMON <>\nSubject: Mail delivery failed",
        """This is the DragonFly Mail Agent at mx.us.example.

        There was an error delivering your mail to <bob@client.example>.

        client.example did not like our RCPT TO:
        550 unknown

        Message headers follow.""", more=TWO),
    "Notes": bounce(
        "From: postmaster@us.example\nSubject: Undeliverable message",
        """------- Failure Reasons  --------

        User not listed in public Name & Address Book
        bob@client.example

        ------- Returned Message --------""", more=TWO),
    "a mail filter in Japanese": bounce(
        "From: POSTMASTER <postmaster@us.example>\nSubject: failure notice\nContent-Type: text/plain; charset=utf-8",
        """以下のメールアドレスへの送信に失敗しました。
        bob@client.example

        -------server message
        550 5.1.1 unknown

        -------original message""", more=TWO),
    "a phone company": bounce(
        "From: Postmaster@phone.example\nSubject: Mail System Error - Returned Mail",
        """<bob@client.example>

        Each of the following recipients was rejected by a remote mail server.
        ---------------------------------------------------"""),
    "another phone company": bounce(
        "From: post_master@phone.example\nSubject: Re:Offer",
        "Error: Invalid user address\n\nError message below:\n550 - Requested action not taken: no such user"),
    "a portal": bounce(
        "From: MAILER-DAEMON@portal.example\nSubject: Mail delivery failed: returning message to sender",
        """The following address failed:

        "bob@client.example":
        SMTP error from remote server after RCPT command:
        5.2.1 <bob@client.example>... User Unknown

        --- The header of the original message is following. ---""", more=TWO),
    "a filter service": bounce(
        "From: no-reply <postmaster@filter.example>\nSubject: [Postmaster] Email Delivery Failure",
        "The message you sent to bob@client.example could not be delivered.\n\n550 Rejected by header based policy"),
    "a web mailer in Russian": bounce(
        """From: mailer-daemon@mail.example
        Subject: =?utf-8?b?0J3QtdC00L7RgdGC0LDQstC70LXQvdC90L7QtSDRgdC+0L7QsdGJ0LXQvdC40LU=?=
        Content-Type: text/plain; charset=utf-8""",
        "Это письмо создано автоматически.\n\nbob@client.example: mailbox is unavailable"),
    "Smail": bounce(
        "From: <MAILER-DAEMON@us.example>\nSubject: mail failed, returning to sender",
        "Failed addresses follow:\n <bob@client.example> ... unknown host\n\n|--- Message text follows: ---|"),
    "MDaemon": bounce(
        "From: MDaemon@us.example\nSubject: Permanent Delivery Failure",
        """The attached message had PERMANENT fatal delivery errors!

        Failed address: bob@client.example

        --- Session Transcript ---
        <-- 550 no such user"""),
    "a certified provider": bounce(
        "From: posta-certificata@pec.example\nX-Ricevuta: errore-consegna\nSubject: AVVISO DI MANCATA CONSEGNA: Offer",
        "Errore nella consegna a bob@client.example"),
    "nobody": bounce("From: <>\nSubject: Delivery failure", "Your mail to bob@client.example was not delivered."),
    "no From at all": bounce("Subject: Undelivered mail", "Unknown user bob@client.example"),
    "a null path and the words": bounce(
        "Return-Path: <>\nFrom: mta7@us.example\nSubject: Offer",
        "Your message could not be delivered to bob@client.example.\n\n550 no such user"),
}  # fmt: skip

WITH_PARTS = {
    "Exchange 5.5": attached(
        "From: System Administrator <admin@us.example>\nSubject: Undeliverable: Offer\nX-MS-Embedded-Report: ",
        """Your message

          To:      Bob
          Subject: Offer
          Sent:    Mon, 1 Jan 2024 10:00:00 -0000

        did not reach the following recipient(s):

        bob@client.example on Mon, 1 Jan 2024 10:00:00 -0000
            The recipient name is not recognized""", more=TWO),
    "an InterScan gateway": attached(
        """From: "InterScan Notification" <imss@us.example>
        Subject: =?utf-8?b?44Oh44OD44K744O844K444KS6YWN5L+h44Gn44GN44G+44Gb44KT44CC?=""",
        "Sent <<< RCPT TO:<bob@client.example>\nReceived >>> 550 user unknown", more=TWO),
    "MailMarshal": attached(
        "From: MailMarshal@us.example\nSubject: Undeliverable Mail: \"Offer\"",
        """Your message:
           From:    ana@us.example
           Subject: Offer

        Could not be delivered because of

        550 5.1.1 User unknown

        The following recipients were affected:
            bob@client.example""", more=TWO),
    "a provider that says no-reply": attached(
        """From: no-reply@phone.example
        Subject: =?utf-8?b?44Oh44O844Or44Ko44Op44O86YCa55+l?=""",
        "Your mail sent on: Mon, 1 Jan 2024\n  Could not be delivered to: <bob@client.example>\n  Mailbox is full."),
    "James": attached(
        "From: postmaster@us.example\nSubject: [BOUNCE]Re: Offer",
        "Hi. This is the mail server. Unable to deliver this message.\n\nFailed recipient(s):\nbob@client.example"),
    "WorkMail": attached(
        "From: MAILER-DAEMON@mail.example\nSubject: Delivery Status Notification (Failure)",
        """An error occurred while trying to deliver the mail to the following recipients:
        bob@client.example

        Technical report:

        Reporting-MTA: dns; mx.mail.example

        Action: failed
        Final-Recipient: rfc822; bob@client.example
        Status: 5.2.2""", more=TWO),
    "a report of no type": attached(
        "From: Mail Delivery System <mds@us.example>\nSubject: Delivery status notification",
        "Delivery to the following recipients was aborted after 5 hours:\n\n  * bob@client.example",
        kind="multipart/report", more=TWO),
    "a report of a wrong type": attached(
        "From: mds@us.example\nSubject: Delivery status notification",
        "Delivery to the following recipients failed permanently:\n\n  * bob@client.example",
        kind="multipart/report; report-type=status"),
    "a status as plain text": attached(
        "From: postmaster@us.example\nSubject: Undelivered mail",
        "See the parts.",
        """Content-Type: text/plain; name=details.txt
        Content-Disposition: attachment

        Reporting-MTA: dns; mx.us.example

        Final-Recipient: rfc822; bob@client.example
        Action: failed
        Status: 5.0.0""", more=TWO),
    "a status inside another multipart": attached(
        "From: mds@us.example\nSubject: Offer",
        "Not delivered.",
        """Content-Type: multipart/mixed; boundary=inner

        --inner
        Content-Type: message/delivery-status
        Content-Transfer-Encoding: base64

        UmVwb3J0aW5nLU1UQTogZG5zOyBtCgpGaW5hbC1SZWNpcGllbnQ6IHJmYzgyMjsgYm9iQGNsaWVudC5leGFtcGxlCkFjdGlvbjogZmFpbGVkCg==
        --inner--""", more=TWO),
}  # fmt: skip


@pytest.mark.parametrize("text", [*IN_TEXT.values(), *WITH_PARTS.values()], ids=[*IN_TEXT, *WITH_PARTS])
def test_a_bounce_of_any_system(text: str) -> None:
    found = read(text)
    assert found.automated in ("bounce", "dsn")
    assert found.failed_recipients == BOB
    assert found.reported_ids == ("offer@us.example",)


@pytest.mark.parametrize("blank", ["\n", "\n\n\n"])
def test_an_original_with_blank_lines_before_its_header(blank: str) -> None:
    text = WITH_PARTS["a report of no type"].replace("message/rfc822\n\n", "message/rfc822\n\n" + blank)
    assert read(text).failed_recipients == BOB


def test_a_report_whose_parts_cannot_be_told_apart() -> None:
    text = WITH_PARTS["a status inside another multipart"].replace("; boundary=edge", "; bo").replace("base64", "7bit")
    text = text.replace("From: mds", "From: postmaster").replace(
        "UmVw", "Final-Recipient: rfc822; bob@client.example\nAction: failed\n\nUmVw"
    )
    text = text.replace("To: Bob", "Reply-To: Bob")
    for broken in (text, text.replace("; bo\n", "; boundary=edge\n").replace("; boundary=inner", "; bo")):
        found = read(broken)
        assert (found.automated, found.failed_recipients) == ("bounce", BOB)
        assert found.reported_ids == ("offer@us.example",)


def test_an_original_that_is_encoded() -> None:
    text = """\
        From: postmaster@us.example
        Subject: Undelivered mail
        Content-Type: multipart/mixed; boundary=edge

        --edge
        Content-Type: message/rfc822
        Content-Transfer-Encoding: base64

        TWVzc2FnZS1JRDogPG9mZmVyQHVzLmV4YW1wbGU+ClRvOiBib2JAY2xpZW50LmV4YW1wbGUKCkhlbGxvCg==
        --edge--
        """
    assert (read(text).failed_recipients, read(text).reported_ids) == (BOB, ("offer@us.example",))


@pytest.mark.parametrize(
    "subject", ["Warning: message 1abcDE-0001-00 delayed 24 hours", "Delivery Status Notification (Delay)"]
)
def test_a_delay_names_nobody(subject: str) -> None:
    header = f"From: Mail Delivery System <mailer-daemon@us.example>\nSubject: {subject}"
    found = read(bounce(header, "A message that you sent has not yet been delivered to\n\n  bob@client.example"))
    assert (found.automated, found.failed_recipients) == ("bounce", ())


RESPONDERS = {
    "a vacation program": "Auto-Submitted: auto-replied (vacation)\nSubject: away from my mail",
    "a mailbox of Google": "Precedence: bulk\nX-Autoreply: yes\nSubject: Out of office Re: Offer",
    "Exchange, first hop": "X-Auto-Response-Suppress: All\nX-MS-Exchange-Inbox-Rules-Loop: b@x.example\nSubject: Offer",
    "Exchange 2003": "Return-Path: <>\nSubject: Out of Office AutoReply: Offer",
    "Exchange in German": "X-Auto-Response-Suppress: DR, OOF\nSubject: Automatische Antwort: Angebot",
    "Exchange in Japanese": "X-Auto-Response-Suppress: OOF\nSubject: =?utf-8?b?6Ieq5YuV5b+c562U?=: Offer",
    "Apple": "X-Apple-Action: VACATION\nSubject: Offer",
    "a responder of qmail": "Delivered-To: bob@client.example\nDelivered-To: Autoresponder\nSubject: Offer",
    "a hosting panel": "X-Autorespond: Offer\nSubject: Thanks",
    "CommuniGate": "X-Autogenerated: Reply\nSubject: Offer",
    "FirstClass": "X-FC-MachineGenerated: true\nSubject: Offer",
    "a service with another spelling": "Precedence: autoreply\nSubject: Offer",
    "a mailer's name": "X-Mailer: vacation 1.2.7\nSubject: Offer",
    "a shop's address": "From: no-reply@client.example\nSubject: Auto-Reply: Offer",
}


@pytest.mark.parametrize("header", RESPONDERS.values(), ids=RESPONDERS)
def test_an_automatic_reply_of_any_system(header: str) -> None:
    author = "" if "From:" in header else "From: bob@client.example\n"
    assert read(f"{author}{header}\nTo: ana@us.example\n\nI am away until Monday.\n").automated == "auto_reply"


BY_PEOPLE = {
    "about a bounce": """
        From: Bob <bob@client.example>
        Subject: Mail could not be delivered

        Hello Ana,

        my message could not be delivered: 550 5.7.1 blocked. Can you help?
        """,
    "a bounce pasted into a letter": """
        From: Bob <bob@client.example>
        Subject: failure notice

        I got this from your server:

        Hi. This is the qmail-send program at mx.us.example.
        I'm afraid I wasn't able to deliver your message to the following addresses.

        <ana@us.example>:
        Remote host said: 550 no such user
        """,
    "a bounce, forwarded inline": """
        From: Bob <bob@client.example>
        Subject: Fwd: Returned mail: see transcript for details

        Begin forwarded message:

        > From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>
        > Subject: Returned mail: see transcript for details
        >
        > <ana@us.example>... 550 5.1.1 User unknown
        > Action: failed
        """,
    "a bounce, forwarded as Outlook does it": """
        From: Bob <bob@client.example>
        Subject: WG: Unzustellbar: Angebot

        Was ist da los?

        -----Original Message-----
        From: Microsoft Outlook <postmaster@client.example>
        Subject: Unzustellbar: Angebot

        Ihre Nachricht konnte nicht zugestellt werden. 550 5.1.1 unbekannt
        """,
    "a bounce, attached": """
        From: Bob <bob@client.example>
        Subject: Undelivered Mail Returned to Sender
        Content-Type: multipart/mixed; boundary=edge

        --edge
        Content-Type: text/plain

        Hi Ana, my message could not be delivered (550 5.1.1), see what came back.
        --edge
        Content-Type: message/rfc822

        From: MAILER-DAEMON@mx.example
        Subject: Undelivered Mail Returned to Sender
        Content-Type: multipart/report; report-type=delivery-status; boundary=inner

        --inner
        Content-Type: message/delivery-status

        Final-Recipient: rfc822; ana@us.example
        Action: failed
        --inner--
        --edge--
        """,
    "an answer to a bounce": """
        From: Bob <bob@client.example>
        To: mailer-daemon@us.example
        Subject: Re: Undelivered Mail Returned to Sender
        In-Reply-To: <bounce@us.example>

        Please stop.

        > Your message could not be delivered. 550 5.1.1
        """,
    "a postmaster by hand": """
        From: Postmaster <postmaster@client.example>
        Subject: Your question

        Hi Ana,

        your message could not be delivered because our list was too strict: 550 5.7.1. It is mended.

        Bob
        """,
    "an answer by a postmaster": """
        From: postmaster@client.example
        Subject: Re: Undeliverable: Offer

        Bob has a new address. I changed the alias.
        """,
    "an administrator called so": """
        From: Sysadmin <sysadmin@client.example>
        Subject: Delivery report for May

        All servers were delivered.
        """,
    "a parcel": """
        From: no-reply@parcels.example
        Subject: Delivery failed: we missed you

        Your parcel could not be delivered to
        500 Main Street
        """,
    "a letter with an automatic subject": """
        From: Bob <bob@client.example>
        Subject: Out of office next week

        Let us talk before Friday.
        """,
    "an answer to an automatic reply": """
        From: Bob <bob@client.example>
        Subject: Re: Automatic reply: Offer
        X-Auto-Response-Suppress: OOF
        In-Reply-To: <auto@us.example>

        Enjoy your holiday!
        """,
    "an answer to an automatic reply, in German": """
        From: Bob <bob@client.example>
        Subject: AW: Automatische Antwort: Angebot
        X-Auto-Response-Suppress: All

        Danke!
        """,
    "Exchange wants no automatic reply": """
        From: Bob <bob@client.example>
        Subject: Offer
        X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply

        Fine.
        """,
    "redirected by a rule": """
        From: Bob <bob@client.example>
        Subject: Offer
        Resent-From: ana@us.example
        X-Auto-Response-Suppress: All
        X-MS-Exchange-Inbox-Rules-Loop: ana@us.example

        Fine.
        """,
    "mirrored by a rule": "From: bob@client.example\nSubject: Offer\nX-Autogenerated: Mirror\n\nFine.\n",
    "forwarded by a rule": "From: bob@client.example\nSubject: Offer\nAuto-Submitted: auto-forwarded\n\nFine.\n",
    "an invitation": """
        From: Bob <bob@client.example>
        Subject: Meeting
        Content-Type: text/calendar; method=REQUEST

        BEGIN:VCALENDAR
        END:VCALENDAR
        """,
    "an accepted invitation": """
        From: Bob <bob@client.example>
        Subject: Accepted: Meeting
        Content-Type: text/calendar; method=REPLY

        BEGIN:VCALENDAR
        END:VCALENDAR
        """,
    "a ticket system in between": """
        From: Bob (Support) <support@client.example>
        Subject: [Ticket 4711] Offer
        X-Mailer: Ticket Mailer
        X-Auto-Response-Suppress: All

        Thank you, I looked into it. Best, Bob
        """,
    "through a CRM": "From: bob@client.example\nSubject: Offer\nPrecedence: first-class\nX-Loop: crm\n\nFine.\n",
    "read": "From: bob@client.example\nSubject: Read: chapter 3\n\nYour message about it was helpful.\n",
    "abuse": "From: bob@client.example\nSubject: Abuse\n\nThis is an abuse report for an email message we got.\n",
    "a person with a telling name": "From: Paul Postmaster-Jones <paul@client.example>\nSubject: Offer\n\nFine.\n",
    "a firm that sells software": "From: bob@client.example\nSubject: x\nX-Mailer: Vacation Homes CRM 2\n\nFine.\n",
}


@pytest.mark.parametrize("text", BY_PEOPLE.values(), ids=BY_PEOPLE)
def test_mail_by_people_is_not_automated(text: str) -> None:
    assert read(text).automated is None


@pytest.mark.parametrize(
    "body",
    [
        "Content-Type: message/delivery-status\n\n"
        + "Final-Recipient: rfc822;b@client.example\nAction: failed\n\n" * 20_000,
        "Content-Type: message/delivery-status\n\n" + "\n \n" * 100_000,
        "Content-Type: message/delivery-status\n\nAction: failed\n" + " x\n" * 100_000,
        "Content-Type: text/plain\n\n" + "From: a\nX" * 100_000,
        "Content-Type: text/plain\n\n" + "".join(f"X-{n}: a\n" for n in range(30_000)),
        "Content-Type: text/plain\n\n" + "From: a\n b\n" * 50_000,
        "Content-Type: text/plain\n\n" + "a@" * 200_000,
        "Content-Type: text/plain\n\n" + "error " * 50_000,
        "Content-Type: text/plain\n\n" + '"bouncedRecipients":[' * 20_000,
        "Content-Type: text/plain\n\n" + "{" * 300_000,
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n" + "--b\n\nx\n" * 1000,
        "".join(f"Content-Type: multipart/report; boundary=b{n}\n\n--b{n}\n" for n in range(1000)),
        "Received: by x\n" * 10_000 + "\nx",
        "Subject: " + "[" * 100_000 + "\n\nx",
        "Subject: " + "=?utf-8?q?x?= " * 5_000 + "\n\nx",
        "X-Failed-Recipients: " + "b@client.example, " * 5_000 + "\n\nx",
        "X-Auto-Response-Suppress: " + ",All" * 20_000 + "\n\nx",
    ],
)
def test_hostile_mail_is_read_in_time(body: str) -> None:
    with bounded():
        found = message.read(f"From: postmaster@us.example\nSubject: Offer\n{body}".encode())
        assert found.automated in (None, "dsn", "bounce")
