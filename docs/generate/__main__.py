"""`python -m docs.generate`"""

from __future__ import annotations

from docs.generate import pages

for path, text in pages().items():
    path.write_text(text, encoding="utf-8")
