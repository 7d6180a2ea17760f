"""A machine of a mail server's own: its /etc, /run, /var/lib, /var/log and /var/spool, on this one's loopback.

Debian's mail servers exclude each other, have their paths built in and want users of their own. So their programs are
unpacked into .peers (tests/machine.sh does it), and each command runs in a mount namespace where these folders are
private ones. Nothing of the machine's own is touched, and a recipe is applied to the very paths that it names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

PEERS = Path(__file__).parents[2] / ".peers"
_FOLDERS = ("etc", "run", "var/lib", "var/log", "var/spool")
_KEPT = ("group", "ld.so.cache", "localtime", "nsswitch.conf", "passwd", "protocols", "services", "ssl")
"""Of this machine's /etc: what programs need to start, and to know users by name."""
_HOSTS = "127.0.0.1 localhost mail.us.example\n127.0.0.2 gateway.log.example\n"


def can_run(*programs: str | Path) -> bool:
    """Whether a private machine can be made here, and has these programs."""
    if os.geteuid() != 0 or not all(Path(program).exists() for program in programs):
        return False
    command = ["unshare", "--mount", "mount", "--bind", "/run", "/run"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class PrivateMachine:
    """The folders; `users` are added to those that the machine has, each with a group of its name."""

    def __init__(self, root: Path, *users: str) -> None:
        self.root = root
        root.chmod(0o755)
        for folder in _FOLDERS:
            (root / folder).mkdir(parents=True)
        for name in _KEPT:
            source = Path("/etc", name)
            if source.is_dir():
                shutil.copytree(source, root / "etc" / name, symlinks=True)
            elif source.exists():
                shutil.copy(source, root / "etc" / name)
        self.write("/etc/hosts", _HOSTS)
        self.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        self.write("/etc/mailname", "mail.us.example\n")
        for number, user in enumerate(users, 60_100):
            self.write("/etc/passwd", f"{user}:x:{number}:{number}::/var/lib:/usr/sbin/nologin\n")
            self.write("/etc/group", f"{user}:x:{number}:\n")

    def path(self, name: str) -> Path:
        """Where a path of the private machine is on this one."""
        return self.root / name.removeprefix("/")

    def write(self, name: str, text: str) -> Path:
        """Adds to a file."""
        file = self.path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out:
            out.write(text)
        return file

    def read(self, name: str) -> str:
        file = self.path(name)
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def run(self, *command: str, stdin: str = "") -> str:
        """What a command says that ends by itself."""
        done = subprocess.run(
            self._inside(command), input=stdin, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{command}: {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """A command that goes on; what it says is in /var/log/said."""
        with self.path("/var/log/said").open("ab") as said:
            return subprocess.Popen(self._inside(command), stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def _inside(self, command: tuple[str, ...]) -> list[str]:
        mounts = "; ".join(self._mounts())
        return ["unshare", "--mount", "sh", "-euc", f'{mounts}; exec "$@"', "sh", *command]

    def _mounts(self) -> Iterator[str]:
        for folder in _FOLDERS:
            yield f"mount --bind {self.root}/{folder} /{folder}"
