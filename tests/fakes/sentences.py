"""Every sentence that the console may say, where it stands in the code and in the templates."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_file

from gateway.console import forms, problems
from gateway.core import approval, reasons
from storage import errors

ROOT = Path(__file__).parents[2]
SPOKEN = {"marked", "say", "Refused", "NotFound", "Forbidden", "_problem", "_refusal", "HTTPException"}
"""Whose first text is a sentence."""
HERE = ("gateway", "storage")
UNSAID = {"cli", "sqlite"}
"""Folders whose sentences are for a terminal."""

Sentence = str | tuple[str, str]


def sentences() -> dict[Sentence, str]:
    """Each with one place where it stands."""
    found: dict[Sentence, str] = {}
    for path in sorted((ROOT / "gateway/console/templates").rglob("*.html")):
        options = {"newstyle_gettext": "true"}
        for line, message, _, _ in extract_from_file("jinja2.ext:babel_extract", str(path), options=options):
            found.setdefault(message, f"{path.name}:{line}")
    for folder in HERE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if UNSAID.isdisjoint(path.parts):
                found |= {text: f"{path.name}:{line}" for line, text in _in_code(path)}
    found |= {objection.value: f"approval {objection.name}" for objection in approval.Objection}
    for catalogue in (reasons.REASONS, reasons.FLAGS, reasons.ATTRIBUTION, reasons.FINDINGS):
        found |= {sentence: slug for slug, sentence in catalogue.items()}
    found |= {sentence: f"status {status}" for status, sentence in problems.STATUSES.items()}
    found |= {sentence: f"pydantic {kind}" for kind, sentence in forms.FAULTS.items()}
    return found | {doc: name for name, doc in _errors()}


def _in_code(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _name(node.func) in SPOKEN:
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            yield from ((node.lineno, text) for text in texts[:1] if text)


def _name(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""


def _errors() -> Iterator[tuple[str, str]]:
    for name, one in vars(errors).items():
        if isinstance(one, type) and issubclass(one, errors.StoreError) and not issubclass(one, errors.Refused):
            yield name, one.__doc__ or ""
