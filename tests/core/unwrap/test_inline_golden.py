"""Forwards as mail programs write them: every client in some language, every language in some client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.core import message
from gateway.core.model import Mailbox
from gateway.core.unwrap import inline, labels
from gateway.core.unwrap.original import Original

_FOLDER = Path(__file__).parents[3] / "fixtures" / "forwards"
_CASES = sorted(path for path in _FOLDER.iterdir() if path.is_dir())


def _people(mailboxes: tuple[Mailbox, ...]) -> list[list[str]]:
    return [[mailbox.name, mailbox.address] for mailbox in mailboxes]


def _shown(original: Original, asked: dict[str, Any]) -> dict[str, Any]:
    """What the case asks for of an original."""
    known = {
        "from": _people((original.from_,))[0] if original.from_ else None,
        "to": _people(original.to),
        "cc": _people(original.cc),
        "subject": original.subject,
        "date": original.date.isoformat() if original.date else None,
        "date_text": original.date_text,
        "date_assumed": original.date_assumed,
        "message_id": original.message_id,
        "text": original.text,
        "confidence": original.confidence,
    }
    return {name: known[name] for name in asked}


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_a_forward_is_read_as_its_reader_sees_it(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    reading = message.read_parts((case / "message.eml").read_bytes())

    found = inline.find(reading, reading.message.subject, reading.message.date)

    assert found is not None
    assert len(found.chain) == len(expected["chain"])
    assert {
        "kind": found.kind,
        "findings": list(found.findings),
        "note": found.note,
        "chain": [_shown(one, asked) for one, asked in zip(found.chain, expected["chain"], strict=True)],
    } == expected


_CLIENTS = """
alpine aliyun apple applerich blackberry claws daum emclient evolution fastmail foxmail gmail gmx horde hubspot ionos
ios k9 kmail laposte mailmate mailru mailspring missive mutt naver netease notes oldgmail openxchange orange outlook
outlook2019 outlookmac outlooktext outlookweb proton qq roundcube samsung seznam sogo spark thebat thunderbird tonline
tuta yahoo yandex zimbra zoho
"""


def test_every_client_and_every_locale_has_a_case() -> None:
    names = [case.name for case in _CASES]
    assert {name.partition("-")[0] for name in names} >= set(_CLIENTS.split())
    assert {name.partition("-")[2].rpartition("-")[0] for name in names} >= {name.lower() for name in labels.LOCALES}
