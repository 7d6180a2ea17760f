"""What can go wrong with the store. Each docstring is the message for its reader."""

from __future__ import annotations


class StoreError(Exception):
    """The store can't do this."""

    exit_code = 69

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.__doc__} {detail}".strip())
        self.detail = detail


class StoreUnavailable(StoreError):
    """The database can't take or give anything now; try again."""

    exit_code = 75


class StoreUnreachable(StoreUnavailable):
    """The database server can't be reached."""

    exit_code = 69


class StoreStandby(StoreUnavailable):
    """The database server takes nothing to write: it is a standby, or set to read only."""

    exit_code = 69


class StoreFull(StoreUnavailable):
    """The disk that holds the database is full."""


class Undecided(StoreUnavailable):
    """The message can't be decided yet. Nothing was written."""


class StoreFailed(StoreError):
    """The disk failed while the database was written, so nothing more is taken. Check the disk, then start again."""


class StoreBroken(StoreError):
    """The database is damaged, or is no database of bcc-gateway. Restore a backup; nothing was changed."""


class StoreMissing(StoreError):
    """There is no database yet. `bcc-gateway db migrate` makes one."""


class KeyMissing(StoreError):
    """The installation's key can't be read. Without it nothing in the database is recognised: put its file back."""


class KeyDiffers(StoreError):
    """The installation's key isn't the one that this database was made with. Put that key's file back."""

    exit_code = 78


class MailKeysUnusable(StoreError):
    """The keys of stored mail can't be read: put the file of store.mail_key_file right. `db mail-key new` makes one."""

    exit_code = 78


class MailKeyMissing(StoreError):
    """Stored mail is encrypted under a key that isn't in the file that store.mail_key_file names. Put it back there."""

    exit_code = 78


class StoreReadOnly(StoreError):
    """The database can't be written. Check the owner and mode of the file and its folder, and the disk."""


class StoreOutdated(StoreError):
    """The database has an older schema. `bcc-gateway db migrate` brings it up to date; back it up first."""


class StoreDenied(StoreError):
    """The database server doesn't let the gateway in. Check user, password and database in store.url."""

    exit_code = 78


class StoreNoText(StoreError):
    """That holds a character that no text has."""


class StoreUnsafe(StoreError):
    """The database server may lose what it has committed, so no mail can be promised to be kept."""

    exit_code = 78


class DriverMissing(StoreError):
    """A PostgreSQL database needs the extra `postgres`: pip install "bcc-gateway[postgres]"."""

    exit_code = 78


class StoreNewer(StoreError):
    """The database was made by a newer bcc-gateway. Install that version, or restore an older backup."""

    exit_code = 78


class StoreMoved(StoreFailed):
    """The database's file was moved, deleted or replaced while it was in use, so nothing more is taken."""


class StoreRemote(StoreError):
    """The database is on a network file system, where it may get lost. store.network_file_system allows that."""

    exit_code = 78


class StoreInUse(StoreError):
    """Another bcc-gateway is serving from this database."""


class BackupUnusable(StoreError):
    """That isn't a sound backup that this program can restore; the database is as it was."""

    exit_code = 1


class CopyDiffers(StoreError):
    """What has arrived isn't what was sent, so nothing was copied. Check the disks and memory of both machines."""


class Refused(StoreError):
    """A change that can't be made; the sentence says why."""

    exit_code = 1

    def __init__(self, sentence: str, hint: str = "", /, **values: object) -> None:
        """`sentence` has places for `values`: it is said in other languages, too. `hint`: at a command line only."""
        self.sentence, self.values = sentence, values
        Exception.__init__(self, f"{sentence.format(**values) if values else sentence} {hint}".strip())


class NotFound(Refused):
    """What is named isn't there."""
