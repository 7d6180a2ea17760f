"""Files and folders that outlive a power cut: a synced file may still be missing if its folder was not synced."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def make_folder(path: Path) -> None:
    """Makes the folder and what is missing above it."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """From now on the names in this folder are what they are."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_once(path: Path, text: str) -> None:
    """Makes a file of its owner's, whole or not at all; its folder is yet to be synced. Raises FileExistsError."""
    draft = _draft(path, text)
    try:
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def replace_file(path: Path, text: str) -> None:
    """Makes a file of its owner's, or another one in the place of one, of the same owner and mode; all or nothing."""
    make_folder(path.parent)
    draft = _draft(path, text)
    try:
        if path.exists():
            before = path.stat()
            draft.chmod(before.st_mode & 0o777)
            if (before.st_uid, before.st_gid) != (draft.stat().st_uid, draft.stat().st_gid):
                os.chown(draft, before.st_uid, before.st_gid)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def _draft(path: Path, text: str) -> Path:
    """The text in a synced file beside it."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft
