"""What tests let the parser process do: its functions are found by their names, as all of them are."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import time


def echo(raw: bytes, *more: object) -> tuple[object, ...]:
    return (raw, *more)


def process_id(_raw: bytes) -> int:
    return os.getpid()


def signal_itself(_raw: bytes, number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(60)


def take_memory(_raw: bytes) -> int:
    return len(bytearray(1 << 40))


def take_time(_raw: bytes) -> None:
    while True:
        pass


def take_cpu(_raw: bytes, seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def sleep(_raw: bytes, seconds: float) -> None:
    time.sleep(seconds)


def tell_much(_raw: bytes, numbers: int) -> list[int]:
    return list(range(numbers))


def tell_large(_raw: bytes, size: int) -> list[bytes]:
    once = bytes(size)
    return [once, once]


def fail(raw: bytes) -> None:
    raise ValueError(raw)


def write_file(raw: bytes, path: str) -> None:
    with open(path, "wb", buffering=0) as file:
        file.write(raw)


def printed(raw: bytes) -> bytes:
    os.write(1, raw)
    sys.stderr.write("printed")
    return raw


class Forged:
    """A value whose unpickling would do something."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("forged",)


def forge(_raw: bytes) -> Forged:
    return Forged()


def confinement(_raw: bytes) -> dict[str, object]:
    names = ("RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_CORE")
    return {
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in names},
        "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0] - int(time.process_time()),
        "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
        "environment": sorted(os.environ),
        "descriptors": {number: kind for number in range(64) if (kind := _kind(number))},
    }


def _kind(descriptor: int) -> str:
    """pipe, socket or a path; "" for one that isn't open."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").partition(":")[0]
    except FileNotFoundError:
        return ""
