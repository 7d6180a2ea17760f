"""Text from HTML, with the lines a reader would see. What is hidden from the reader is left out."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape

from selectolax.lexbor import LexborHTMLParser

from gateway.core.limits import ReadingLimits

_RAW = ("script", "style", "xmp", "iframe", "noembed", "noframes", "plaintext")
"""Elements whose content is no markup."""
_UNREAD = ("head", "title", "template", "object", "svg", "math", "select", "textarea", *_RAW)
_VOID = (
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link",
    "meta", "param", "source", "track", "wbr",
)  # fmt: skip
_FLAT = frozenset(_VOID) | frozenset(
    ("p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "colgroup", "html", "head", "body")
)
"""Void elements, and those that the next of their kind closes: they add nothing to the nesting."""
_BLOCKS = (
    "address", "article", "aside", "body", "center", "dd", "details", "div", "dt", "fieldset", "figcaption", "figure",
    "footer", "form", "header", "hr", "legend", "li", "main", "nav", "section", "summary", "table", "tbody", "tfoot",
    "thead", "tr",
)  # fmt: skip
_SPACED = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre")
"""Blocks that an empty line sets apart."""

# Control characters mark the lines; those of the message itself are blanks, or taken out before.
_LINE, _BREAK, _SPACE, _QUOTE, _UNQUOTE, _KEPT_BLANK = "\n", "\r", "\x0b", "\x01", "\x02", "\x03"
_CELL, _CELL_END = "\x04", "\x05"
_MARKS = {
    **{slash + tag: _LINE for tag in _BLOCKS for slash in ("", "/")},
    **{slash + tag: _SPACE for tag in _SPACED for slash in ("", "/")},
    **dict.fromkeys(("td", "th"), _CELL),
    **dict.fromkeys(("/td", "/th"), _CELL_END),
    "br": _BREAK,
    "blockquote": _SPACE + _QUOTE,
    "/blockquote": _UNQUOTE + _SPACE,
}
_RUN = re.compile(r"([\n\r\x0b\x01\x02\x04\x05][\n\r\x0b\x01\x02\x04\x05 ]*)")
_NEXT_CELL = re.compile(r"[\n\r\x0b ]*+(?:\x05 *+\x04[\n\r\x0b ]*+)++")
"""From one cell to the next of its row, with the ends of blocks inside them."""
_OURS = dict.fromkeys(map(ord, (_QUOTE, _UNQUOTE, _CELL, _CELL_END)))
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff")) | {0xA0: " "}
_MOST_QUOTES = 20

_FORMATTING = ("a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u")
_MOST_REOPENED = 200_000
_FORMATTING_TAG = re.compile(rf"<(/?)(?:{'|'.join(_FORMATTING)})(?=[\s/>])", re.IGNORECASE)
_NAME = re.compile(r"<(/?[a-z][^\s/>]*)")
# The serialiser closes every element and escapes < and > in attributes.
_TAG = re.compile(r"<!--.*?-->|<(/?[^\s>]*)[^>]*>", re.DOTALL)
_ELEMENT_TAG = re.compile(r"<!--.*?-->|<(/?)([^\s>]+)[^>]*>", re.DOTALL)
_PREFORMATTED = re.compile(r"<pre(?=[\s>]).*?</pre>", re.DOTALL)
_UNREAD_TAG = re.compile(rf"<!--.*?-->|<({'|'.join(_UNREAD)})(?=[\s>])[^>]*>", re.DOTALL | re.IGNORECASE)
_HIDDEN_TAG = re.compile(
    rf"{_UNREAD_TAG.pattern}|<([a-z][^\s>]*+)([^>]*?(?:\shidden|none|hid|collapse|:\s*+0)[^>]*)>",
    re.DOTALL | re.IGNORECASE,
)
"""The same, or one whose attributes may hide it."""
_HINTS = ("display", "visibility", "mso-hide", "font-size:0", "font-size: 0", "max-height", "opacity", " hidden")
_STYLE = re.compile(r'\sstyle="([^"]*)"', re.IGNORECASE)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all"
    r"|(?:font-size|max-height|opacity)\s*:\s*0(?:\.0+)?\s*(?:px|pt|em|rem|%)?\s*(?:;|!|$)",
    re.IGNORECASE,
)
_HIDDEN_ATTRIBUTE = re.compile(r'\shidden(?:="[^"]*")?(?=\s|$)', re.IGNORECASE)


def render(html: str, limits: ReadingLimits) -> str:
    """Its text: blocks and <br> end lines, quotations begin with "> ", hidden elements and scripts are dropped.

    Only the first `limits.html` characters are read; "" where elements nest deeper than `limits.html_nesting`.
    """
    html = html[: limits.html]
    names = _NAME.findall(html.lower())
    counts = Counter(names)
    if _too_deep(names, counts, limits.html_nesting):
        return ""
    if sum(counts[name] for name in _FORMATTING) * len(names) > _MOST_REOPENED:
        # A parser must open formatting elements again in every paragraph; as spans they cost nothing and read the same.
        html = _FORMATTING_TAG.sub(r"<\1span", html)
    body = LexborHTMLParser(html).body
    serialised = body.html if body is not None else None
    unread = [f"<{name}" for name in _UNREAD if name in counts]
    shown = _shown((serialised or "").translate(_OURS), unread)
    blanks = " ".join(_PREFORMATTED.sub(_with_breaks, shown).split())
    marked = unescape(_TAG.sub(lambda tag: _MARKS.get(tag[1], ""), blanks))
    return _lines(marked if marked.isascii() else marked.translate(_INVISIBLE))


def _too_deep(names: list[str], counts: Counter[str], nesting: int) -> bool:
    if len(names) <= nesting or sum(n for name, n in counts.items() if name[0] != "/" and name not in _FLAT) <= nesting:
        return False
    opened: dict[str, int] = {}
    depth = 0
    for name in names:
        if name[0] == "/":
            if opened.get(name[1:], 0):
                opened[name[1:]] -= 1
                depth -= 1
        elif name not in _FLAT:
            opened[name] = opened.get(name, 0) + 1
            depth += 1
            if depth > nesting:
                return True
    return False


def _shown(html: str, unread: list[str]) -> str:
    """A serialised document without the elements that nobody sees; `unread` is how some of them may begin."""
    lower = html.lower()
    if any(hint in lower for hint in _HINTS):
        pattern = _HIDDEN_TAG
    elif any(start in lower for start in unread):
        pattern = _UNREAD_TAG
    else:
        return html
    kept: list[str] = []
    done = position = 0
    while tag := pattern.search(html, position):
        position = tag.end()
        name = tag[1] or (tag[2] if pattern is _HIDDEN_TAG and tag[2] and _hides(tag[3]) else "")
        if name:
            kept.append(html[done : tag.start()])
            done = position = _end_of(name, html, position)
    return "".join((*kept, html[done:]))


def _end_of(name: str, html: str, position: int) -> int:
    """Where the element ends whose start tag ends at `position`."""
    if name.lower() in _VOID:
        return position
    if name.lower() in _RAW:
        end = html.find(f"</{name}>", position)
        return len(html) if end < 0 else end + len(name) + 3
    depth = 1
    for tag in _ELEMENT_TAG.finditer(html, position):
        if tag[2] == name:
            depth += -1 if tag[1] else 1
        if depth == 0:
            return tag.end()
    return len(html)


def _hides(attributes: str) -> bool:
    style = _STYLE.search(attributes)
    return bool((style and _HIDDEN.search(style[1])) or _HIDDEN_ATTRIBUTE.search(attributes))


def _with_breaks(preformatted: re.Match[str]) -> str:
    return preformatted[0].replace("\n", "<br>").replace("  ", 2 * _KEPT_BLANK)


def _lines(marked: str) -> str:
    """The lines between the marks, quotations with one "> " a level; the cells of a row share a line."""
    pieces: list[str] = []
    quotes = 0
    text, *rest = _RUN.split(marked)
    for run, following in zip(["", *rest[::2]], [text, *rest[1::2]], strict=True):
        if pieces and _NEXT_CELL.fullmatch(run):
            pieces += (" \t", following.strip(" \t"))
            continue
        deeper = quotes + run.count(_QUOTE) - run.count(_UNQUOTE)
        empty = run.count(_BREAK) - (run[:1] == _BREAK)
        pieces += ["\n" + "> " * min(quotes, deeper, _MOST_QUOTES)] * max(empty, _SPACE in run)
        quotes = deeper
        if following.strip():
            pieces += ("\n", "> " * min(quotes, _MOST_QUOTES), following.strip(" \t"))
    lines = (line.rstrip() for line in "".join(pieces).split("\n"))
    return "\n".join(lines).strip("\n").replace(_KEPT_BLANK, " ")
