"""What was logged, and why, as people see it; nothing of a mail acts in a page."""

from __future__ import annotations

import pytest
from fakes.deliveries import ANA, BOB, mail
from fakes.desk import Desk

from gateway.console.again import decided_now
from gateway.console.callers import by_session
from gateway.console.html_view import sanitised
from gateway.core.limits import ReadingLimits
from storage import reads
from tests.console.test_pages import whole

EVIL = '<img src=x onerror="alert(1)">'
HTML = (
    '<html><style>@import "//evil.example/x"</style><p style="color: red; background: url(//evil.example/y)">Hello '
    '<b onclick="alert(1)">you</b></p><script>alert(1)</script><img src="http://evil.example/pixel.png">'
    '<a href="javascript:alert(1)">x</a><svg><a xlink:href="javascript:alert(2)">y</a></svg>'
    '<form action="//evil.example"><input name=q></form><iframe src=//evil.example></iframe>'
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(3)>"
)


def evil() -> bytes:
    """Everything that a sender chooses is hostile."""
    parts = (
        f"--b\r\nContent-Type: text/html\r\n\r\n{HTML}\r\n"
        '--b\r\nContent-Type: application/pdf\r\n'
        "Content-Disposition: attachment; filename*=utf-8''%22%3E%3Csvg%20onload%3Dalert(1)%3E.pdf\r\n\r\nx\r\n--b--"
    )
    return mail(
        ANA,
        f'"{EVIL.replace(chr(34), chr(39))}" <{BOB}>',
        f"Offer {EVIL}",
        text=parts,
        MIME_Version="1.0",
        Content_Type="multipart/mixed; boundary=b",
    )


async def the_activity(desk: Desk, raw: bytes, channel: str = "bcc") -> str:
    answer = await desk.receive(raw, channel)
    assert [o.value for o in answer.outcomes] == ["logged"], answer
    async with desk.client("ana") as ana:
        return str((await ana.get("/api/v1/activities")).json()["items"][0]["id"])


@pytest.mark.parametrize("name", ["ana", "dan", "vic"])
async def test_what_a_sender_wrote_is_text_on_every_page(desk: Desk, name: str) -> None:
    activity = await the_activity(desk, evil())
    async with desk.client(name) as client:
        contact = (await client.get("/api/v1/contacts")).json()["items"][0]["id"]
        decision = (await client.get("/api/v1/decisions")).json()["items"][0]["id"]
        shown = (f"/activities/{activity}", f"/contacts/{contact}", f"/decisions/{decision}")
        for path in ("/activities", "/contacts", "/overview", *shown):
            text = (await client.get(path)).text
            whole(text)
            assert "<img" not in text, path
            assert "<svg onload" not in text, path
        assert "Offer &lt;img" in (await client.get("/activities")).text


async def test_its_html_comes_without_anything_that_acts_or_loads(desk: Desk) -> None:
    activity = await the_activity(desk, evil())
    async with desk.client("dan") as dan:
        answer = await dan.get(f"/activities/{activity}/html")
        assert "Hello <b>you</b>" in answer.text
        for word in ("script", "onerror", "onclick", "evil.example", "javascript", "<form", "<iframe", "@import"):
            assert word not in answer.text, word
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert policy.endswith("frame-ancestors 'self'")
        assert " sandbox" in policy


async def test_a_file_is_saved_under_a_harmless_name_and_never_shown(desk: Desk) -> None:
    activity = await the_activity(desk, evil())
    async with desk.client("dan") as dan:
        answer = await dan.get(f"/api/v1/activities/{activity}/attachments/0")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith('attachment; filename="')
        assert "<" not in answer.headers["content-disposition"]
        assert (await dan.get(f"/api/v1/activities/{activity}/attachments/7")).status_code == 404
        whole_message = await dan.get(f"/api/v1/activities/{activity}/message")
        assert whole_message.content == evil()


async def test_a_page_says_what_happened_and_what_would_happen_now(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB, message_id="first"))
    async with desk.client("ana") as ana:
        decision = (await ana.get("/api/v1/decisions")).json()["items"][0]["id"]
        text = (await ana.get(f"/decisions/{decision}")).text
        assert text.count("A user asked for this copy by Bcc.") == 3  # title, heading and what would happen now
        await ana.post("/api/v1/never-log", json={"pattern": BOB})
        text = (await ana.get(f"/decisions/{decision}")).text
        assert "The never-log list names an address that takes part." in text


INLINE = (
    f"From: {ANA}\r\nTo: x@y.example\r\nSubject: Fwd: Parts\r\nDate: Tue, 4 Mar 2025 13:00:00 +0000\r\n"
    "Message-ID: <fwd@us.example>\r\n\r\nSee below.\r\n\r\n---------- Forwarded message ---------\r\n"
    f"From: Bob <{BOB}>\r\nDate: Tue, Mar 4, 2025 at 12:00 PM\r\nSubject: Parts\r\nTo: Ana <{ANA}>\r\n"
    "\r\n\r\nHello.\r\n"
).encode()
ATTACHED = (
    f"From: {ANA}\r\nTo: x@y.example\r\nSubject: Fwd: Parts\r\nMIME-Version: 1.0\r\n"
    "Message-ID: <fwd@us.example>\r\nContent-Type: message/rfc822\r\n\r\n"
).encode() + mail(BOB, ANA, "Parts")


@pytest.mark.parametrize(
    ("raw", "channel"), [(INLINE, "forward"), (ATTACHED, "forward"), (mail(ANA, BOB), "bcc"), (mail(ANA, BOB), "relay")]
)
async def test_where_nothing_has_changed_it_would_be_decided_as_it_was(desk: Desk, raw: bytes, channel: str) -> None:
    async with desk.client("ana") as ana:
        await ana.put("/api/v1/account/settings/rule", json={"value": "log_all_and_create"})
        await desk.receive(raw, channel)
        [decision] = (await ana.get("/api/v1/decisions")).json()["items"]
        assert decision["outcome"] == "logged"
        recorded = await desk.store.read(reads.by_id(desk.account_ids["us"], decision["id"]))
        caller = await by_session(desk.office, desk.secrets["ana"])
        assert recorded is not None
        assert caller is not None
        now = await decided_now(desk.office, caller, recorded)
        assert now is not None
        # By now there is a contact, so nobody would have to be created.
        assert (now.outcome, now.reason) == ("logged", decision["reason"].removesuffix("_and_create"))


async def test_of_what_is_not_logged_only_the_reason_and_its_entry_are_shown(desk: Desk) -> None:
    async with desk.client("ana") as ana, desk.client("vic") as vic:
        await ana.post("/api/v1/never-log", json={"pattern": "*@client.example"})
        answer = await desk.receive(mail(ANA, BOB, "Zephyrine plans", message_id="quillfeather", text="vermilion"))
        assert [o.value for o in answer.outcomes] == ["skipped"]
        for client in (ana, vic):
            decision = (await client.get("/api/v1/decisions")).json()["items"][0]["id"]
            text = (await client.get(f"/decisions/{decision}")).text
            assert "*@client.example" in text
            for canary in ("Zephyrine", "quillfeather", "vermilion", BOB):
                assert canary not in text


async def test_an_activity_that_an_admin_has_put_in_a_name_stays_there_when_copies_come(desk: Desk) -> None:
    activity = await the_activity(desk, mail(ANA, BOB))
    async with desk.client("ana") as ana, desk.client("dan") as dan:
        assert (await dan.put(f"/api/v1/activities/{activity}/user", json={"user": desk.ids["dan"]})).status_code == 403
        done = await ana.post(f"/activities/{activity}/user", data={"user": desk.ids["dan"]})
        assert done.status_code == 303
        await desk.receive(mail(ANA, BOB), "relay")
        shown = (await ana.get(f"/api/v1/activities/{activity}")).json()
        assert shown["listed"]["user"]["name"] == "Dan"
        assert shown["attribution"] == "attribution.manual"
        assert len(shown["copies"]) == 2
        answer = await ana.put(f"/api/v1/activities/{activity}/user", json={"user": "eve@them.example"})
        assert answer.status_code == 404


async def test_a_message_that_somebody_has_is_explained_without_storing_it(desk: Desk) -> None:
    async with desk.client("ana") as ana, desk.client("eve") as eve:
        await desk.receive(mail(ANA, BOB))
        address = (await ana.get("/api/v1/capture-addresses")).json()[0]["address"]
        raw = mail(ANA, "new@lead.example", message_id="two")
        told = await ana.post("/api/v1/explain", params={"to": address, "peer": "192.0.2.1"}, content=raw)
        assert [d["reason"] for d in told.json()] == ["explicit.bcc"], told.text
        assert len((await ana.get("/api/v1/decisions")).json()["items"]) == 1
        assert (await eve.post("/api/v1/explain", params={"to": address}, content=raw)).status_code == 404
        form = {"to": address, "message": raw.decode()}
        page = await ana.post("/decisions/explain", data=form)
        assert "Nothing proves that its author sent it." in page.text
        whole(page.text)


@pytest.mark.parametrize("html", ["<div>" * 300, "<p><b>" * 300, "<div>" * 50_000 + "<p>" * 50_000])
def test_html_that_would_take_long_to_be_made_whole_is_shown_as_its_source(html: str) -> None:
    raw = f"From: a@x.example\r\nContent-Type: text/html\r\n\r\n{html}<script>alert(1)</script>".encode()
    shown = sanitised(raw, ReadingLimits())
    assert "<pre>&lt;" in shown
    assert "<script" not in shown


def test_html_of_an_ordinary_depth_is_shown_as_it_is() -> None:
    html = "<div>" * 100 + "<p>Hello<br>" * 2000 + "</div>" * 100
    shown = sanitised(f"From: a@x.example\r\nContent-Type: text/html\r\n\r\n{html}".encode(), ReadingLimits())
    assert "<p>Hello" in shown
