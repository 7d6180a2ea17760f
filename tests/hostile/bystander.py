"""A client with honest mail in a process of its own: `python -m tests.hostile.bystander PORT FROM-IP RECIPIENT`.

It delivers one message after the other until its standard input ends, one at least, and prints how long each took.
"""

from __future__ import annotations

import json
import select
import smtplib
import sys
import time

PAUSE = 0.05
MESSAGE = (
    "From: ana@us.example\r\nTo: bob@client.example\r\nSubject: Offer\r\nMessage-ID: <{}@us.example>\r\n"
    "Date: Mon, 02 Mar 2026 09:12:04 +0000\r\n\r\nhi\r\n"
)


def deliver(port: int, ip: str, recipient: str) -> float | str:
    """Seconds from connecting to the 250, or what went wrong."""
    began = time.monotonic()
    try:
        with smtplib.SMTP("127.0.0.1", port, "mail.us.example", 60, (ip, 0)) as client:
            client.sendmail("ana@us.example", [recipient], MESSAGE.format(time.time_ns()))
    except (OSError, smtplib.SMTPException) as error:
        return f"{type(error).__name__} {getattr(error, 'smtp_code', '')}"
    return time.monotonic() - began


def main(port: str, ip: str, recipient: str) -> None:
    took = [deliver(int(port), ip, recipient)]
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        took.append(deliver(int(port), ip, recipient))
    print(
        json.dumps(
            {"served": [t for t in took if isinstance(t, float)], "refused": [t for t in took if isinstance(t, str)]}
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
