"""Every page in the browser: for people who see or hear it otherwise, what it loads, and that no mail acts in it."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path

import pytest
from fakes.deliveries import ANA, BOB, mail
from fakes.walker import Walker

AXE = Path(__file__).parents[2] / ".axe/node_modules/axe-core/axe.min.js"
PAGES = (
    *("/start", "/activities", "/decisions", "/decisions/explain", "/held", "/overview", "/email-logging"),
    *("/contacts", "/users", "/sources", "/tokens", "/audit", "/profile"),
)
ONE_OF_EACH = {
    "/activities": ".timeline a", "/decisions": ".timeline a",
    "/contacts": "tbody a", "/users": "tbody a", "/held": "tbody a",
}
"""Lists, and what leads from them to one of their things."""
MOST_BYTES, MOST_REQUESTS = 100_000, 6
HOSTILE = '<img src=x onerror=alert(1)>"><svg onload=alert(2)>'


async def everything(walker: Walker) -> list[str]:
    """The paths of all pages, with something on them."""
    await walker.mail(mail(ANA, BOB, "Offer"))
    await walker.mail(mail(ANA, "somebody", text="nothing forwarded in here", message_id="2"), "forward")
    found = list(PAGES)
    for path, link in ONE_OF_EACH.items():
        await walker.go(path)
        found.append(str(await walker.page.locator(link).first.get_attribute("href")))
    return found


@pytest.mark.skipif(not AXE.exists(), reason="axe-core isn't installed; tests/machine.sh does that")
async def test_nothing_stands_in_the_way_of_people_with_disabilities(ana: Walker) -> None:
    for path in ("/sign-in", *await everything(ana)):
        await ana.page.emulate_media(color_scheme="light")
        await ana.go(path)
        await ana.page.evaluate(AXE.read_text(encoding="utf-8"))
        for details in await ana.page.locator("details:not(.layout)").all():
            await details.evaluate("one => { one.open = true }")
        assert await passed(ana, path, "axe.run(document)") > 10
        await ana.page.emulate_media(color_scheme="dark")
        assert await passed(ana, path, "axe.run(document, { runOnly: 'color-contrast' })") == 1


async def passed(walker: Walker, path: str, rules: str) -> int:
    """How many of these rules hold on the page; none is broken."""
    found = await walker.page.evaluate(rules)
    told = [(v["id"], v["impact"], v["nodes"][0]["html"]) for v in found["violations"]]
    assert told == [], f"{path}: {json.dumps(told, indent=1)}"
    return len(found["passes"])


async def test_a_page_is_small_and_takes_one_round_of_requests(ana: Walker) -> None:
    for path in await everything(ana):
        await ana.go(path)
        loaded = await ana.page.evaluate(
            "performance.getEntries().filter(e => e.encodedBodySize).map(e => [e.initiatorType, e.encodedBodySize])"
        )
        assert sum(size for _, size in loaded) < MOST_BYTES, (path, loaded)
        assert len(loaded) <= MOST_REQUESTS, (path, loaded)
        assert {kind for kind, _ in loaded} <= {"navigation", "link", "script", "img", "xmlhttprequest", "other"}, path


async def test_a_second_page_loads_nothing_but_itself(ana: Walker) -> None:
    await ana.go("/activities")
    await ana.go("/users")
    fetched = await ana.page.evaluate(
        "performance.getEntriesByType('resource').filter(e => e.transferSize > 0).map(e => e.name)"
    )
    assert fetched == []


async def test_a_mail_is_text_wherever_it_stands(ana: Walker) -> None:
    raw = EmailMessage()
    raw["From"], raw["To"] = ANA, f'"{HOSTILE.replace(chr(34), "")}" <{BOB}>'
    raw["Subject"], raw["Message-ID"], raw["Date"] = HOSTILE, "<hostile@us.example>", "Mon, 2 Nov 2026 10:00:00 +0000"
    raw.set_content(HOSTILE)
    raw.add_alternative(
        f"<p>Hello {HOSTILE}</p><style>@import 'http://evil.example/x.css'; "
        "p { background: url(http://evil.example/) }</style><img src='http://evil.example/pixel.png'>"
        "<a href='javascript:alert(3)'>x</a><script>alert(4)</script>"
        "<form action='http://evil.example'><input name=q autofocus onfocus=alert(5)></form>",
        subtype="html",
    )
    raw.add_attachment(b"x", maintype="application", subtype="pdf", filename='"><svg onload=alert(6)>.pdf')
    assert "Accepted" in await ana.mail(raw.as_bytes().replace(b"\n", b"\r\n"))
    for path in await everything(ana):
        await ana.go(path)
    await ana.go("/activities")
    await ana.page.get_by_role("link", name="<img").first.click()
    await ana.page.get_by_text("As it was laid out").click()
    frame = ana.page.frame_locator("iframe")
    assert "Hello" in await frame.locator("body").inner_text()
    assert await frame.locator("script, form, input, svg, [onerror], [onload], [href], [src^=http]").count() == 0
    assert ana.troubles == []
