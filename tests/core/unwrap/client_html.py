"""The HTML in which mail programs forward: one function a layout, of the note, the marker, the header and the text."""

from __future__ import annotations

from html import escape

Fields = list[tuple[str, str]]


def _paragraphs(body: str, tag: str = "div") -> str:
    return "".join(f"<{tag}>{escape(line) or '<br>'}</{tag}>" for line in body.split("\n"))


def _bold(fields: Fields, end: str = "<br>") -> str:
    return "".join(f"<b>{escape(label.strip())}</b> {escape(value)}{end}\n" for label, value in fields)


def lines(note: str, marker: str, fields: Fields, body: str) -> str:
    above = "".join(f"<div>{escape(line) or '<br>'}</div>" for line in marker.split("\n")) if marker else ""
    header = "".join(f"<div>{escape(label)}{escape(value)}</div>" for label, value in fields)
    return f"<html><body><div>{note}</div><br>{above}{header}<br>{_paragraphs(body)}</body></html>"


def gmail(note: str, marker: str, fields: Fields, body: str) -> str:
    rows = "<br>".join(f"{escape(label)}{escape(value)}" for label, value in fields)
    return (
        f'<div dir="ltr"><div>{note}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr"'
        f' class="gmail_attr">{escape(marker)}<br>{rows}<br></div><br><br>{_paragraphs(body)}</div></div>'
    )


def outlook(note: str, marker: str, fields: Fields, body: str) -> str:
    return (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {margin:0cm} --></style>'
        f"</head><body lang=EN-GB><div class=WordSection1><p class=MsoNormal>{note}<o:p></o:p></p>"
        "<p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;"
        f"padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal>{_bold(fields)}<o:p></o:p></p></div></div>"
        f"<p class=MsoNormal><o:p>&nbsp;</o:p></p>{_paragraphs(body, 'p')}</div></body></html>"
    )


def owa(note: str, marker: str, fields: Fields, body: str) -> str:
    return (
        f'<html><body dir="ltr"><div style="font-family: Aptos">{note}</div><div id="appendonsend"></div>'
        '<hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">'
        f'<font face="Calibri, sans-serif" style="font-size:11pt" color="#000000">{_bold(fields)}</font>'
        f"<div>&nbsp;</div></div>{_paragraphs(body)}</body></html>"
    )


def apple(note: str, marker: str, fields: Fields, body: str) -> str:
    style = "margin-top: 0px; margin-right: 0px; margin-bottom: 0px; margin-left: 0px;"
    rows = "".join(
        f'<div style="{style}"><span style="color:rgba(0, 0, 0, 1.0);"><b>{escape(label)}</b></span>'
        f'<span style="">{escape(value)}<br></span></div>'
        for label, value in fields
    )
    return (
        f'<html><body>{note}<br><div><br><blockquote type="cite"><div>{escape(marker)}</div>'
        f'<br class="Apple-interchange-newline">{rows}<br><div>{_paragraphs(body)}</div>'
        "</blockquote></div></body></html>"
    )


def ios(note: str, marker: str, fields: Fields, body: str) -> str:
    return (
        f'<html><body dir="auto"><div dir="ltr">{note}</div><div dir="ltr"><br>{escape(marker)}<br><br></div>'
        f'<blockquote type="cite"><div dir="ltr">{_bold(fields)}<br></div></blockquote><blockquote type="cite">'
        f'<div dir="ltr">&#xFEFF;{_paragraphs(body)}</div></blockquote></body></html>'
    )


def thunderbird(note: str, marker: str, fields: Fields, body: str) -> str:
    return (
        f'<html><body><p>{note}</p><div class="moz-forward-container"><br><br>{escape(marker)}'
        f'<table class="moz-email-headers-table" cellspacing="0" cellpadding="0" border="0"><tbody>{_rows(fields)}'
        f"</tbody></table><br><br>{_paragraphs(body)}</div></body></html>"
    )


def table(note: str, marker: str, fields: Fields, body: str) -> str:
    return (
        f"<html><body><p>{note}</p><p>{escape(marker)}</p><table border='0' cellspacing='0' cellpadding='0'><tbody>"
        f"{_rows(fields)}</tbody></table><p><br></p>{_paragraphs(body)}</body></html>"
    )


def _rows(fields: Fields) -> str:
    return "".join(
        f'<tr><th valign="BASELINE" align="RIGHT" nowrap="nowrap">{escape(label)}</th><td>{escape(value)}</td></tr>'
        for label, value in fields
    )


def gmx(note: str, marker: str, fields: Fields, body: str) -> str:
    return (
        f'<html><body><div style="font-family: Verdana"><div>{note}</div><div>&nbsp;<div name="quote"'
        ' style="margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5;">'
        f'<div style="margin:0 0 10px 0;">{_bold(fields, "<br/>")}</div>'
        f'<div name="quoted-content">{_paragraphs(body)}</div></div></div></div></body></html>'
    )


def tuta(note: str, marker: str, fields: Fields, body: str) -> str:
    rows = "".join(f"{escape(label)}{escape(value)}<br>" for label, value in fields)
    return f'<div>{note}</div><br><br>{rows}<br><br><blockquote class="tutanota_quote">{_paragraphs(body)}</blockquote>'
