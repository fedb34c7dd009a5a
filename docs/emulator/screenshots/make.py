"""Make the screenshots of the emulator's page: a made-up shop, its bot, and two phones.

    uv run --frozen python -m docs.emulator.screenshots.make [FOLDER]

Identifiers and ports differ from run to run; what happens does not, for the clock stands still but when it is moved.
"""

# ruff: noqa: INP001  # a script among documents

from __future__ import annotations

import asyncio
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from aiohttp import web
from twilio.rest.content.v1.content import ContentList

from tests.contract.browser import Page, a_browser
from twilio_emulator.background import BackgroundEmulator, background_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
NUMBER = "+13055550123"
PHONE = "+12025550142"
OTHER = "+12025550187"
SHOPS = ("muebles-sur", "acme-pets", "north-clinic", "blue-bicycles", "corner-bakery", "green-garden", "lakeside-hotel")
REPLIES = {
    "hello": "Hello! This is the shop's assistant, an automatic one. Ask me about tables, chairs or delivery.",
    "table": "The Pampa table is 120 by 80 cm, solid oak. We have four of them, at $480 each.",
    "photo": "Here it is.",
    "deliver": "We deliver within five working days. Delivery is free from $300.",
    "person": "I am passing you on to a person. They answer from 9 to 18 h.",
}
QUESTION = {
    "twilio/quick-reply": {
        "body": "Shall we bring it on Friday?",
        "actions": [
            {"type": "QUICK_REPLY", "title": "Yes, please", "id": "friday"},
            {"type": "QUICK_REPLY", "title": "Another day", "id": "other"},
        ],
    }
}
MENU = """<Response><Gather numDigits="1" timeout="20" action="/menu">
<Say>Welcome to the shop. Press one for sales, two for deliveries.</Say></Gather></Response>"""
SALES = """<Response><Say>Sales answers from nine to six.</Say><Pause length="60"/></Response>"""
NOWHERE = "http://127.0.0.1:9/message"
"""Where nobody listens."""


def reply(text: str) -> str:
    """Return the bot's TwiML."""
    words = text.lower()
    said = next(
        (answer for word, answer in REPLIES.items() if word in words), "I did not get that. Say *person* for one."
    )
    media = "<Media>https://shop.example/pampa-table.jpg</Media>" if "photo" in words else ""
    return f"<Response><Message><Body>{said}</Body>{media}</Message></Response>"


@contextmanager
def a_bot(emulator: BackgroundEmulator) -> Iterator[str]:
    """Run the shop's bot, and return its URL."""

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        if request.path == "/status":
            return web.Response(status=204)
        if request.path in {"/voice", "/menu"}:
            return web.Response(text=MENU if request.path == "/voice" else SALES, content_type="text/xml")
        return web.Response(text=reply(str(form.get("Body", ""))), content_type="text/xml")

    app = web.Application()
    app.router.add_post("/{path}", answer)
    runner = web.AppRunner(app)

    async def start() -> str:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    url = emulator.run(start())
    try:
        yield url
    finally:
        emulator.run(runner.cleanup())


def play(emulator: BackgroundEmulator, bot: str) -> tuple[str, str]:
    """Have everything happen that the pictures show, and return the SIDs of the shop's account and of a call."""
    parent = emulator.client()
    accounts = [parent.api.v2010.accounts.create(friendly_name=name) for name in SHOPS]
    parent.api.v2010.accounts(accounts[-1].sid).update(status="suspended")
    shop = accounts[0]
    tenant = emulator.client(shop.sid, shop.auth_token)
    urls = {"sms_url": f"{bot}/message", "voice_url": f"{bot}/voice", "status_callback": f"{bot}/status"}
    tenant.incoming_phone_numbers.create(phone_number=NUMBER, friendly_name="Sales", **urls)
    support = tenant.incoming_phone_numbers.create(area_code="305", friendly_name="Support", sms_url=NOWHERE)
    service = tenant.messaging.v1.services.create(friendly_name="Campaigns", inbound_request_url=f"{bot}/message")
    pooled = tenant.incoming_phone_numbers.create(area_code="786", friendly_name="Campaigns")
    tenant.messaging.v1.services(service.sid).phone_numbers.create(phone_number_sid=pooled.sid)

    def says(text: str, *, phone: str = PHONE, channel: str = "", **more: Any) -> None:
        sender, recipient = f"{channel}{phone}", f"{channel}{NUMBER}"
        emulator.run(emulator.admin.inbound(sender=sender, recipient=recipient, body=text, **more))
        emulator.advance(25)

    emulator.run(emulator.admin.inbound(sender=OTHER, recipient=support.phone_number, body="Is anybody there?"))
    emulator.advance(60)
    says("Hello", phone=OTHER)
    says("Do you deliver?", phone=OTHER)
    emulator.advance(1800)
    says("Hello")
    says("How big is the Pampa table?")
    says("Could I see a photo?", channel="whatsapp:", profile_name="Sam")
    says("And how soon do you deliver?", channel="whatsapp:", profile_name="Sam")
    order = ContentList.ContentCreateRequest({"language": "en", "types": QUESTION, "variables": {}})
    question = tenant.content.v1.contents.create(order)
    tenant.messages.create(to=f"whatsapp:{PHONE}", from_=f"whatsapp:{NUMBER}", content_sid=question.sid)
    emulator.advance(30)
    phone_is_off(emulator)
    for phone in (OTHER, PHONE):
        notice = "The shop is closed on Monday."
        tenant.messages.create(to=phone, from_=NUMBER, body=notice, status_callback=f"{bot}/status")
        emulator.advance(20)
    return str(shop.sid), call(emulator)


def phone_is_off(emulator: BackgroundEmulator) -> None:
    """The second phone is not reached any more."""
    url = f"{emulator.base_url}/emulator/v1/phones/{OTHER}"
    requests.put(url, json={"outcome": "undelivered", "errorCode": 30005}, timeout=10).raise_for_status()


def call(emulator: BackgroundEmulator) -> str:
    """A phone calls the shop and chooses from its menu; return the call's SID."""
    url = f"{emulator.base_url}/emulator/v1/calls"
    sid = str(requests.post(url, json={"from": PHONE, "to": NUMBER}, timeout=10).json()["sid"])
    emulator.advance(4)
    requests.post(f"{url}/{sid}/digits", json={"digits": "1"}, timeout=10).raise_for_status()
    emulator.advance(3)
    return sid


async def shoot(page: Page, base_url: str, folder: Path, shop: str, call: str) -> None:
    """Take the pictures."""

    async def take(
        name: str, place: str, *, ready: str, width: int = 1280, height: int = 800, dark: bool = False
    ) -> None:
        await page.resize(width, height, dark=dark)
        await page.goto(f"{base_url}/emulator/?{name}#{place}")  # the query makes it another document
        await page.until(ready)
        await page.until("document.fonts.status === 'loaded'")
        await page.screenshot(folder / f"{name}.png")

    live = "document.querySelector('#connection[data-state=live]') && document.querySelector('#clock').dateTime && "
    talk = f"/conversations/{NUMBER}/{PHONE}"
    await take("accounts", "/accounts", ready=live + "document.querySelectorAll('tbody tr').length > 3")
    await take("account", f"/accounts/{shop}", ready=live + "document.querySelector('.pairs')")
    await take("conversation", talk, ready=live + "document.querySelectorAll('.bubble').length > 7")
    await take("phone", talk, ready=live + "document.querySelectorAll('.bubble').length > 7", width=390, height=800)
    await take("dark", talk, ready=live + "document.querySelectorAll('.bubble').length > 7", dark=True)
    await page.goto(f"{base_url}/emulator/#/webhooks")
    inbound = "[...document.querySelectorAll('tbody tr')].findLast((row) => /inbound.*200/s.test(row.innerText))"
    await page.until(inbound)
    seq = await page.evaluate(f"{inbound}.querySelector('a').href.match(/(\\d+)$/)[1]")
    await take("webhook", f"/webhooks/{seq}", ready=live + "document.querySelector('.sides')")
    await take("faults", "/faults", ready=live + "document.querySelectorAll('tbody tr').length > 2")
    await take("call", f"/calls/{call}", ready=live + "document.querySelectorAll('.said-line').length > 3")


async def main(folder: Path) -> None:
    """Run the emulator and the bot, play the scene, take the pictures."""
    with background_emulator(status_delay=2.0, seed=4) as emulator, a_bot(emulator) as bot:
        shop, call_sid = play(emulator, bot)
        emulator.run(emulator.admin.add_fault(preset="throttled", path=r"Messages\.json$", count=3))
        emulator.run(emulator.admin.add_fault(preset="lost-reply", method="POST", path=r"Accounts\.json$"))
        emulator.run(emulator.admin.add_fault(preset="webhook-late", count=5))
        emulator.run(emulator.admin.add_fault(preset="slow", path="/api/", probability=0.2, seed=7, count=100))
        async with a_browser() as browser, browser.page() as page:
            await shoot(page, emulator.base_url, folder, shop, call_sid)
            if page.console:
                sys.exit("\n".join(page.console))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
