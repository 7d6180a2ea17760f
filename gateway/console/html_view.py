"""A message's HTML as it may be shown: nothing in it acts, and nothing is loaded from anywhere."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from html import escape

import nh3

from gateway.core import message
from gateway.core.limits import ReadingLimits
from gateway.core.mime import Part

MOST = 256 * 1024
"""Characters."""
DEEPEST = 256
"""Elements in each other. What has more would take minutes to be made whole: it is shown as its source."""
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
_LONE = frozenset(
    {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
    | {"p", "li", "td", "th", "tr", "dt", "dd", "option"}
)
"""Elements that hold nothing, or that the next of them ends."""
_THREADS = ThreadPoolExecutor(1, "html")
"""One page at a time: whoever asks for many waits for their own."""
_TAGS = nh3.ALLOWED_TAGS - {"map", "area"}
_STYLES = {
    "background-color", "border", "color", "font-family", "font-size", "font-style", "font-weight", "margin",
    "padding", "text-align", "text-decoration", "vertical-align", "white-space", "width",
}  # fmt: skip
_STYLED = ("div", "span", "p", "td", "th", "table", "tr", "h1", "h2", "h3", "h4", "blockquote", "pre", "ul", "ol", "li")
_PAGE = """<!doctype html>
<meta charset="utf-8"><meta name="color-scheme" content="light">
<style>body {{ font: 15px/1.5 system-ui, sans-serif; margin: 12px; overflow-wrap: anywhere }}
img {{ max-width: 100% }} blockquote {{ margin-left: 8px; padding-left: 8px; border-left: 2px solid #ccc }}</style>
{content}
"""


async def framed(raw: bytes, limits: ReadingLimits) -> str:
    """The same as `sanitised`, without holding up anybody."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, sanitised, raw, limits)


def sanitised(raw: bytes, limits: ReadingLimits) -> str:
    """The whole page for a frame; pictures are left out but for those that stand in the HTML itself."""
    reading = message.read_parts(raw, limits)
    html = "<hr>".join(_html(part, reading.raw) for part in reading.choice.html)[:MOST]
    if _depth(html) > DEEPEST:
        return _PAGE.format(content=f"<pre>{escape(html)}</pre>")
    allowed = {tag: {"style"} for tag in _STYLED} | {"img": {"src", "alt", "width", "height"}, "a": {"title"}}
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=allowed,
        url_schemes={"data"},
        url_relative="deny",
        filter_style_properties=_STYLES,
        link_rel=None,
        strip_comments=True,
    )
    return _PAGE.format(content=clean)


def _depth(html: str) -> int:
    """How many elements stand in each other, at most."""
    depth = deepest = 0
    for end, name in _TAG.findall(html):
        if name.lower() not in _LONE:
            depth = max(0, depth - 1) if end else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _html(part: Part, raw: bytes) -> str:
    text = part.text(raw, MOST)
    return text if part.content_type == "text/html" else f"<pre>{escape(text)}</pre>"
