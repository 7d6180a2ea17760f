"""Whether a folder is on another machine's disk. There locks and syncs may mean nothing, and SQLite rests on both."""

from __future__ import annotations

import re
from pathlib import Path

from storage.errors import StoreRemote

_REMOTE = re.compile(
    r"nfs4?|cifs|smb[23]?|smbfs|afs|ncpfs|coda|ceph|lustre|gpfs|beegfs|orangefs|pvfs2|glusterfs|ocfs2|gfs2"
    r"|fuse\.(sshfs|glusterfs|ceph|s3fs|goofys|rclone|gcsfuse|blobfuse2?|davfs2?|curlftpfs|juicefs|smbnetfs)"
)
_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")


def check(database: Path, mounts: Path = _MOUNTS) -> None:
    """Raises StoreRemote. Where the system doesn't tell its mounts, nothing is refused."""
    try:
        text = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    kind = file_system(database.parent.resolve(), text)
    if _REMOTE.fullmatch(kind):
        raise StoreRemote(f"({database}: {kind})")


def file_system(folder: Path, mounts: str) -> str:
    """The type of file system that holds a resolved folder, by the text of mountinfo (proc_pid_mountinfo(5)), or ""."""
    kind, nearest = "", -1
    for line in mounts.splitlines():
        mount, _, about = line.partition(" - ")
        point = Path(_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), mount.split(" ")[4]))
        depth = len(point.parts)
        if depth >= nearest and folder.is_relative_to(point):  # a later mount covers an earlier one
            kind, nearest = about.split(" ")[0], depth
    return kind
