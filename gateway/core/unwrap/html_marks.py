"""What HTML shows otherwise than by text, as marks in the text: drawn lines, and addresses behind names."""

from __future__ import annotations

import re
from urllib.parse import unquote

from gateway.core.unwrap.markers import HTML_RULE

_OPEN, _CLOSE = "\ue0f2", "\ue0f3"
_MARKS = dict.fromkeys(map(ord, (HTML_RULE, _OPEN, _CLOSE)))
_DRAWN = re.compile(
    r"<hr(?=[\s/>])|<div(?=\s[^<>]{0,800}?(?:\bid=[\"']?(?:[a-z_]{0,20}_)?divRplyFwdMsg|border-top:\s?(?:solid|1)))",
    re.IGNORECASE,
)
"""Where HTML draws the line above a quoted message."""
_LINKED = re.compile(
    r"<a\s[^<>]{0,800}?\bhref=[\"']?mailto:([^\"'?<>\s]{3,320})[^<>]{0,800}>"
    r"([^<]{0,200}(?:<(?!/?a[\s>])[^<>]{0,400}>[^<]{0,200}){0,8})(?=</a>)",
    re.IGNORECASE,
)
"""A link to somebody's address, and what is shown of it."""
_ADDRESS = re.compile(rf"{_OPEN}([^{_OPEN}{_CLOSE}]{{0,400}}){_CLOSE}")


def unmarked(text: str) -> str:
    """A message's text or HTML without characters that would be taken for marks."""
    return text if text.isascii() else text.translate(_MARKS)


def add(html: str) -> str:
    """The HTML with a mark for each drawn line, and with the address of each person who is shown by name alone."""
    html = _LINKED.sub(_with_address, unmarked(html))
    return _DRAWN.sub(rf"<div>{HTML_RULE}</div>\g<0>", html)


def _with_address(link: re.Match[str]) -> str:
    address = unquote(link[1])
    known = "@" in re.sub(r"<[^<>]*>", "", link[2]).replace("&#64;", "@") or "@" not in address
    return link[0] if known or "<" in address else f"{link[0]}{_OPEN}{address}{_CLOSE}"


def with_addresses(value: str) -> str:
    """A value of a header with the marked addresses in angle brackets."""
    return _ADDRESS.sub(r" <\1> ", value)


def without(text: str) -> str:
    """A text as its reader sees it, without any marks."""
    return _ADDRESS.sub("", text).translate(_MARKS)
