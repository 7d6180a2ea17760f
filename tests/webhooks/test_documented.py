"""What the page says of events is what is sent."""

from __future__ import annotations

import json
import re
from pathlib import Path

from gateway.webhooks.payload import Payload
from storage.outbox import Change, Type

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def test_every_example_is_an_event_with_all_of_its_fields_and_no_other() -> None:
    for example in EXAMPLES:
        assert json.loads(Payload.model_validate(example).model_dump_json()) == example


def test_there_is_an_example_of_each_type_and_a_row_of_each_change() -> None:
    assert {example["type"] for example in EXAMPLES} == set(Type)
    rows = set(re.findall(r"^\| `([a-z.]+)` \|", PAGE, re.MULTILINE))
    assert rows == set(Type) | {change for change in Change if change}
