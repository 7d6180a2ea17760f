"""Text from HTML, with the lines a reader would see. What is hidden from the reader is left out."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.core.limits import ReadingLimits

_SKIPPED = frozenset({"script", "style", "head", "title", "template", "noscript", "object", "svg", "math", "select", "textarea"})
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6"
    " header hr legend li main nav ol p pre section summary table tbody tfoot thead tr ul".split()
)
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "dl", "pre"})
"""Blocks that a blank line sets apart."""
_CELLS = frozenset({"td", "th"})

_FORMATTING = re.compile(r"<(/?)(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])", re.IGNORECASE)
_TAG = re.compile(r"<(/?[a-zA-Z][^\s/>]*)")
_UNNESTED = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li dt dd tr td th thead tbody tfoot option"
    " colgroup html head body !doctype".split()
)
"""Void elements, and those that the next of their kind closes."""
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all"
    r"|(?:font-size|max-height|opacity)\s*:\s*0(?:\.0+)?\s*(?:px|pt|em|rem|%)?\s*(?:;|!|$)",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_MOST_QUOTES = 20
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff\0"))


def render(html: str, limits: ReadingLimits) -> str:
    """Its text: blocks and <br> end lines, quotations begin with "> ", hidden elements and scripts are dropped.

    Only the first `limits.html` characters are read; "" where elements nest deeper than `limits.html_nesting`.
    """
    # A parser must rebuild open formatting elements in every paragraph; as spans they cost nothing and read the same.
    html = _FORMATTING.sub(r"<\1span", html[: limits.html])
    if _too_deep(html, limits.html_nesting):
        return ""
    root = LexborHTMLParser(html).body
    return "" if root is None else _Writer().write(root)


def _too_deep(html: str, nesting: int) -> bool:
    if html.count("<") <= nesting:
        return False
    opened: dict[str, int] = {}
    depth = 0
    for tag in _TAG.findall(html):
        name = tag.lower()
        if name[0] == "/":
            if opened.get(name[1:], 0):
                opened[name[1:]] -= 1
                depth -= 1
        elif name not in _UNNESTED:
            opened[name] = opened.get(name, 0) + 1
            depth += 1
            if depth > nesting:
                return True
    return False


class _Writer:
    """Lines as they grow while the tree is walked."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.blank_wanted = False
        self.verbatim = 0

    def write(self, root: LexborNode) -> str:
        node: LexborNode | None = root
        while node is not None:
            entered = self._enter(node)
            child = node.first_child if entered else None
            if child is not None:
                node = child
                continue
            if entered:
                self._leave(node)
            while node is not None and node.next is None:
                node = None if node.mem_id == root.mem_id else node.parent
                if node is not None:
                    self._leave(node)
                    if node.mem_id == root.mem_id:
                        node = None
            node = node.next if node is not None else None
        self._end_line()
        return "\n".join(self.lines).strip("\n")

    def _enter(self, node: LexborNode) -> bool:
        """Write what begins here; whether its children are to be walked."""
        if node.is_text_node:
            self._text(node.text_content or "")
            return False
        tag = node.tag or ""
        if not node.is_element_node or tag in _SKIPPED or _hidden(node):
            return False
        if tag == "br":
            self._end_line(even_if_empty=True)
        elif tag in _BLOCKS:
            self._end_line()
            self.blank_wanted |= tag in _SPACED
            self.quotes += tag == "blockquote"
            self.verbatim += tag == "pre"
        elif tag in _CELLS and self.line:
            self.line.append(" \t")
        return True

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _BLOCKS:
            self._end_line()
            self.blank_wanted |= tag in _SPACED
            self.quotes -= tag == "blockquote"
            self.verbatim -= tag == "pre"

    def _text(self, text: str) -> None:
        text = text.translate(_INVISIBLE).replace("\xa0", " ") if not text.isascii() else text.replace("\0", "")
        if self.verbatim:
            first, *rest = text.split("\n")
            self.line.append(first)
            for line in rest:
                self._end_line(even_if_empty=True)
                self.line.append(line)
            return
        text = _BLANKS.sub(" ", text)
        text = text if self.line else text.lstrip(" ")
        if text:
            self.line.append(text)

    def _end_line(self, *, even_if_empty: bool = False) -> None:
        line = "".join(self.line).rstrip()
        self.line = []
        if not line and not even_if_empty:
            return
        mark = "> " * min(self.quotes, _MOST_QUOTES)
        if self.blank_wanted and self.lines and self.lines[-1].strip("> "):
            self.lines.append(mark.rstrip())
        self.blank_wanted = False
        self.lines.append((mark + line).rstrip())


def _hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if not attributes:
        return False
    return "hidden" in attributes or bool(_HIDDEN.search(attributes.get("style") or ""))
