"""In which language a person is spoken to: English as it stands in the code, or a gettext catalogue's."""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from storage.errors import Refused, StoreError

CATALOGUES = Path(__file__).with_name("locale")
NAMES: Mapping[str, str] = {"en": "English", "fr": "Français"}


class Language:
    """One of them."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.catalogue = _catalogue(code)
        self._locale = Locale(code)

    def say(self, sentence: str, /, **values: object) -> str:
        """The sentence in this language, with values in its places."""
        said = self.catalogue.gettext(sentence) if sentence else ""
        return said.format(**values) if values else said

    def refusal(self, error: StoreError) -> str:
        """Why something can't be done."""
        if isinstance(error, Refused):
            return self.say(error.sentence, **error.values)
        return self.say(error.__doc__ or "")

    def number(self, number: float) -> str:
        """As it is written there."""
        return numbers.format_decimal(number, locale=self._locale)

    def date(self, at: int) -> str:
        """The day of a moment in epoch milliseconds, by UTC."""
        return dates.format_date(datetime.fromtimestamp(at / 1000, UTC), "medium", locale=self._locale)

    def moment(self, at: int) -> str:
        """The same with the time. Browsers that run the console's script show it by the reader's own clock."""
        return dates.format_datetime(datetime.fromtimestamp(at / 1000, UTC), "medium", locale=self._locale) + " UTC"


def chosen(choice: str, accepted: str) -> str:
    """The code of the language that a person chose, else of the first one that the browser accepts, else English."""
    wanted = [choice, *_ranked(accepted)]
    return next((code for one in wanted if (code := one.partition("-")[0].lower()) in NAMES), "en")


@cache
def language(code: str) -> Language:
    """The language of this code."""
    return Language(code)


def _ranked(accepted: str) -> Sequence[str]:
    """Languages of an Accept-Language field, the preferred ones first (RFC 9110 §12.5.4)."""
    found = []
    for one in accepted[:500].split(","):
        name, _, quality = one.partition(";q=")
        try:
            found.append((-float(quality or 1), name.strip()))
        except ValueError:
            continue
    return [name for rank, name in sorted(found, key=lambda one: one[0]) if rank < 0]


def _catalogue(code: str) -> gettext.NullTranslations:
    path = CATALOGUES / code / "console.po"
    if not path.exists():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as text:
        write_mo(compiled, read_po(text, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
