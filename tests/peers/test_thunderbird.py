"""Forwards in Thunderbird's form. It needs a screen, so they are written by hand; SMTP and decision are real."""

from __future__ import annotations

import smtplib

import pytest

from tests.running_gateway import Gateway

HEAD = """\
From: Ana <ana@us.example>
To: {address}
Subject: Fwd: Stairs
Date: Mon, 2 Mar 2026 10:15:00 +0100
Message-ID: <forward@us.example>
MIME-Version: 1.0
User-Agent: Mozilla Thunderbird
Content-Language: en-GB
"""
PAGE = """\
Content-Type: text/html; charset=UTF-8
Content-Transfer-Encoding: 8bit

<!DOCTYPE html>
<html>
  <head>
    <meta http-equiv="content-type" content="text/html; charset=UTF-8">
  </head>
  <body>
    <p>Please log this.</p>
    <div class="moz-forward-container"><br>
      <br>
      -------- Forwarded Message --------
      <table class="moz-email-headers-table" cellspacing="0" cellpadding="0" border="0">
        <tbody>
          <tr>
            <th valign="BASELINE" nowrap="nowrap" align="RIGHT">Subject: </th>
            <td>Stairs</td>
          </tr>
          <tr>
            <th valign="BASELINE" nowrap="nowrap" align="RIGHT">Date: </th>
            <td>Mon, 2 Mar 2026 09:12:04 +0100</td>
          </tr>
          <tr>
            <th valign="BASELINE" nowrap="nowrap" align="RIGHT">From: </th>
            <td>Bob Builder <a class="moz-txt-link-rfc2396E"
                href="mailto:bob@client.example">&lt;bob@client.example&gt;</a></td>
          </tr>
          <tr>
            <th valign="BASELINE" nowrap="nowrap" align="RIGHT">To: </th>
            <td>Ana <a class="moz-txt-link-rfc2396E" href="mailto:ana@us.example">&lt;ana@us.example&gt;</a></td>
          </tr>
          <tr>
            <th valign="BASELINE" nowrap="nowrap" align="RIGHT">CC: </th>
            <td>Cara <a class="moz-txt-link-rfc2396E"
                href="mailto:cara@client.example">&lt;cara@client.example&gt;</a></td>
          </tr>
        </tbody>
      </table>
      <br>
      <br>
      <p>Hello,</p>
      <p>do you build <b>stairs</b>? Grüße</p>
    </div>
  </body>
</html>
"""
PLAIN = """\
Content-Type: text/plain; charset=UTF-8; format=flowed
Content-Transfer-Encoding: 8bit

Please log this.


-------- Forwarded Message --------
Subject: \tStairs
Date: \tMon, 2 Mar 2026 09:12:04 +0100
From: \tBob Builder <bob@client.example>
To: \tAna <ana@us.example>
CC: \tCara <cara@client.example>



Hello,

do you build stairs? \nGrüße

"""
BOTH = f"""\
Content-Type: multipart/alternative; boundary="b"

This is a multi-part message in MIME format.
--b
{PLAIN}
--b
{PAGE}
--b--
"""
ATTACHED = """\
Content-Type: multipart/mixed; boundary="b"

This is a multi-part message in MIME format.
--b
Content-Type: text/html; charset=UTF-8

<html><body><p>Please log this.</p></body></html>
--b
Content-Type: message/rfc822; charset=UTF-8; name="Stairs.eml"
Content-Disposition: attachment; filename="Stairs.eml"
Content-Transfer-Encoding: 8bit

From: Bob Builder <bob@client.example>
To: Ana <ana@us.example>
Cc: Cara <cara@client.example>
Subject: Stairs
Date: Mon, 2 Mar 2026 09:12:04 +0100
Message-ID: <stairs@client.example>
Content-Type: text/plain; charset=UTF-8

Hello,

do you build stairs? Grüße
--b--
"""


@pytest.mark.parametrize("form", [PAGE, PLAIN, BOTH, ATTACHED], ids=["html", "plain", "both", "attached"])
def test_a_forward_in_thunderbirds_form_is_logged(gateway: Gateway, form: str) -> None:
    gateway.start()
    message = (HEAD.format(address=gateway.addresses["forward"]) + form).replace("\n", "\r\n").encode()
    with smtplib.SMTP("127.0.0.1", gateway.port) as client:
        client.sendmail("ana@us.example", [gateway.addresses["forward"]], message)
    assert gateway.rows("SELECT outcome, reason FROM decision") == [("logged", "explicit.forward")]
    [(direction, subject, text, sent_at)] = gateway.rows("SELECT direction, subject, text, sent_at FROM activity")
    assert (direction, subject, sent_at) == ("incoming", "Stairs", 1772439124000)
    assert str(text).split() == ["Hello,", "do", "you", "build", "stairs?", "Grüße"]
    assert gateway.rows("SELECT role, name, canonical FROM participant ORDER BY position") == [
        ("from", "Bob Builder", "bob@client.example"),
        ("to", "Ana", "ana@us.example"),
        ("cc", "Cara", "cara@client.example"),
    ]
