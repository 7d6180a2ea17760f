"""What people come for, from the first sign-in on, as they would do it."""

from __future__ import annotations

from fakes.deliveries import ANA, BOB, mail
from fakes.walker import PASSWORD, Walker
from playwright.async_api import Browser

from tests.running_gateway import Gateway

WIDE = (
    *("/start", "/activities", "/decisions", "/email-logging", "/overview", "/contacts", "/users", "/audit"),
    *("/sources", "/tokens", "/webhooks"),
)
"""Pages that might be wider than a phone."""


async def test_from_the_first_link_to_the_first_message(ana: Walker) -> None:
    await ana.until("Waiting for your first message")
    await ana.mail(mail(ANA, BOB, "Offer"))
    await ana.until("A user asked for this copy by Bcc.")  # without being loaded again
    await ana.page.get_by_role("link", name="Why?").click()
    assert "The author is proven." in await ana.text()
    await ana.page.get_by_role("link", name="Show the message").click()
    assert "Offer" in await ana.text()
    await ana.page.get_by_text("As it was laid out").click()
    frame = ana.page.frame_locator("iframe")
    assert (await frame.locator("body").inner_text()).strip() == "Hello."


async def test_signing_out_and_in_again(ana: Walker) -> None:
    await ana.page.get_by_role("button", name="Sign out").click()
    await ana.go("/activities")
    await ana.page.get_by_label("E-mail address").fill(ANA)
    await ana.page.get_by_label("Password").fill("something else")
    await ana.page.get_by_role("button", name="Sign in").click()
    assert "don't fit together" in await ana.text()
    assert await ana.page.get_by_label("E-mail address").input_value() == ANA
    ana.troubles.clear()  # the browser notes the 422
    await ana.page.get_by_label("Password").fill(PASSWORD)
    await ana.page.get_by_role("button", name="Sign in").click()
    await ana.page.wait_for_url("**/activities")


async def test_a_domain_on_the_never_log_list_keeps_mail_out_and_is_named_as_the_reason(ana: Walker) -> None:
    await ana.page.get_by_role("link", name="Email logging").click()
    await ana.page.get_by_label("Addresses or domains").fill("*@client.example")
    await ana.page.get_by_role("button", name="Add", exact=True).click()
    await ana.until("The never-log list was changed.")
    await ana.page.get_by_label("Test an address").fill("anybody@Client.Example")
    await ana.page.get_by_role("button", name="Test", exact=True).click()
    await ana.until("Mail with anybody@Client.Example meets:")
    await ana.mail(mail(ANA, BOB, "Zephyrine plans"))
    await ana.page.get_by_role("link", name="Decisions").click()
    await ana.page.get_by_role("link", name="The never-log list names the domain").click()
    assert "*@client.example" in await ana.text()
    assert "Zephyrine" not in await ana.page.content()


async def test_a_change_of_the_rule_counts_for_the_next_copy(ana: Walker) -> None:
    await ana.go("/email-logging")
    await ana.page.get_by_label("Log replies only").check()
    await ana.page.get_by_role("button", name="Save the rule").click()
    await ana.until("The settings were changed.")
    await ana.mail(mail(ANA, "new@lead.example", message_id="1"), "relay")
    await ana.page.get_by_label("Log all mail and create contacts").check()
    await ana.page.get_by_role("button", name="Save the rule").click()
    await ana.until("The settings were changed.")
    await ana.mail(mail(ANA, "new@lead.example", message_id="2"), "relay")
    await ana.go("/decisions")
    text = await ana.text()
    assert text.index("creates the contacts it needs") < text.index("logs replies only, and its thread isn't logged")


async def test_the_list_of_decisions_grows_by_itself(ana: Walker) -> None:
    await ana.go("/decisions?outcome=logged")
    await ana.page.wait_for_timeout(500)
    await ana.mail(mail(ANA, "carl@us.example", message_id="1"))  # skipped
    await ana.mail(mail(ANA, BOB, message_id="2"))
    await ana.until("A user asked for this copy by Bcc.")
    assert "Nobody outside the company" not in await ana.page.locator("#decisions").inner_text()


async def test_a_forward_that_is_not_certain_is_logged_once_an_admin_believes_it(ana: Walker) -> None:
    text = f'On 4 March 2025, "Bob" <{BOB}> wrote:\r\n\r\n    Hello Ana,\r\n    the offer is fine with us.'
    await ana.mail(mail(ANA, ana.gateway.addresses["forward"], "FW: Offer", text=text), "forward")
    await ana.page.get_by_role("link", name="Held").click()
    await ana.page.get_by_role("link", name="FW: Offer").click()
    assert BOB in await ana.page.get_by_role("region", name="Found inside").inner_text()
    await ana.page.get_by_role("button", name="Believe this message").click()
    await ana.until("The message was decided.")
    await ana.page.get_by_role("link", name="Activities").click()
    assert "Bob" in await ana.text()


async def test_a_held_forward_is_discarded_by_an_admin(ana: Walker) -> None:
    await ana.mail(mail(ANA, "somebody", text="nothing forwarded in here"), "forward")
    await ana.page.get_by_role("link", name="Held").click()
    await ana.page.get_by_role("link", name="Offer").click()
    assert "No forwarded message was found in it." in await ana.text()
    await ana.page.get_by_role("button", name="Discard it").click()
    await ana.until("The message was discarded.")
    assert "Nothing waits for you." in await ana.text()


async def test_what_was_logged_is_found_by_its_words(ana: Walker) -> None:
    await ana.mail(mail(ANA, BOB, "Zephyrine plans", message_id="1"))
    await ana.mail(mail(ANA, BOB, "Other things", message_id="2"))
    await ana.go("/activities")
    for _ in range(100):
        await ana.page.get_by_label("Words").fill("zephyr")
        await ana.page.get_by_role("button", name="Show").click()
        if "Zephyrine" in await ana.text():
            break
        await ana.page.wait_for_timeout(100)
    assert "Zephyrine plans" in await ana.text()
    assert "Other things" not in await ana.text()


async def test_in_french(ana: Walker) -> None:
    await ana.page.get_by_role("button", name="Français").click()
    await ana.page.get_by_role("link", name="Consignation des e-mails").click()
    text = await ana.text()
    for words in ("Ne jamais consigner", "Consigner uniquement les réponses"):
        assert words in text
    assert await ana.page.get_by_role("option", name="Bloquer pour tous les utilisateurs").count() == 1


async def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Browser, console: Gateway, ana: Walker) -> None:
    await ana.mail(mail(ANA, BOB, "A subject that goes on and on " * 8))
    await ana.page.set_viewport_size({"width": 360, "height": 740})
    for path in WIDE:
        await ana.go(path)
        wide = await ana.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, (path, wide)
    await ana.page.get_by_text("Menu").click()
    await ana.page.get_by_role("link", name="Decisions").click()
    assert ana.page.url.endswith("/decisions")


async def test_by_the_keyboard_alone(ana: Walker) -> None:
    await ana.go("/email-logging")
    await ana.page.keyboard.press("Tab")
    await ana.page.keyboard.press("Enter")  # skip to the content
    for _ in range(20):
        await ana.page.keyboard.press("Tab")
        if await ana.page.evaluate("document.activeElement.id") == "patterns":
            break
    await ana.page.keyboard.type("*@private.example")
    for _ in range(3):
        await ana.page.keyboard.press("Tab")
    await ana.page.keyboard.press("Enter")
    await ana.until("*@private.example")
