"""A private Postfix on loopback: its own configuration, queue and log, nothing of the machine's."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

MAIN = """\
compatibility_level = 3.6
queue_directory = {root}/spool
data_directory = {root}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {root}/postfix.log
maillog_file_prefixes = {root}
myhostname = mail.us.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_bind_address = 127.0.0.1
smtp_host_lookup = native
smtp_tls_security_level = none
alias_maps =
alias_database =
local_recipient_maps =
relay_domains =
smtpd_relay_restrictions = permit_mynetworks, reject
transport_maps = inline:{{ {{ relay.log.example = smtp:[127.0.0.1]:{gateway} }}, {{ * = discard: }} }}
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


_FLUSH_EVERY = 5
"""Seconds; more than its own retries take, unless it has given a destination up for a minute."""


def available() -> bool:
    """Whether a private Postfix can be run here: Debian's program, and root to start it."""
    return os.geteuid() == 0 and Path("/usr/lib/postfix/sbin/master").exists()


class Postfix:
    """A running Postfix that copies mail."""

    def __init__(self, root: Path, port: int, gateway: int, copies: Mapping[str, str]) -> None:
        """Its mail for the gateway's relay domain goes to port `gateway`; everything else is thrown away.

        `copies`: settings by name; that of a table (…_maps) is its lines, as regexp_table(5) has them.
        """
        self._root = root
        self._copies = 0
        self.port = port
        for name in ("etc", "spool", "data"):
            (root / name).mkdir(mode=0o755, parents=True)
        root.chmod(0o755)
        shutil.chown(root / "data", "postfix", "postfix")
        text = MAIN.format(root=root, gateway=gateway)
        for name, value in copies.items():
            table = root / "etc" / name
            if name.endswith("_maps"):
                table.write_text(value, encoding="utf-8")
            text += f"{name} = {f'regexp:{table}' if name.endswith('_maps') else value}\n"
        (root / "etc" / "main.cf").write_text(text, encoding="utf-8")
        (root / "etc" / "master.cf").write_text(MASTER.format(port=port), encoding="utf-8")

    def start(self) -> None:
        self._postfix("start")

    def stop(self) -> None:
        self._postfix("stop")

    def log(self) -> str:
        file = self._root / "postfix.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def wait_for(self, word: str, seconds: float = 30, times: int = 1) -> str:
        """The log, once it holds the word so many times.

        Now and then all deferred mail is tried again, as an admin would do it.
        """
        end, again = time.monotonic() + seconds, time.monotonic() + _FLUSH_EVERY
        while self.log().count(word) < times:
            if time.monotonic() > end:
                raise AssertionError(f"Postfix never said {word!r}:\n{self.log()[-3000:]}")
            if time.monotonic() > again:
                self._postfix("flush")
                again += _FLUSH_EVERY
            time.sleep(0.05)
        return self.log()

    def wait_for_copies(self, more: int) -> None:
        """Waits until so many more copies were accepted than when this was last asked."""
        self._copies += more
        self.wait_for("250 2.0.0 Accepted", times=self._copies)

    def _postfix(self, verb: str) -> None:
        command = ["/usr/sbin/postfix", "-c", str(self._root / "etc"), verb]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
