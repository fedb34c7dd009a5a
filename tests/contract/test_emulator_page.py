"""The emulator's page, in a real browser: what a person sees, and what it does to the emulator.

Every test ends with a look at the browser's console, which must be empty, and at the hosts it asked, which must be one.
"""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import requests
from twilio.rest.content.v1.content import ContentList

from tests.contract.browser import Browser, BrowserError, Page, a_browser
from tests.contract.emulator_kit import NUMBER, PHONE
from tests.contract.emulator_sync import SyncCustomer, a_customer, whatsapp_sender
from twilio_emulator.background import BackgroundEmulator, background_emulator
from twilio_emulator.store import Store
from twilio_emulator.testing import ACCOUNT_SID, AUTH_TOKEN, running_emulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from twilio.rest import Client

pytestmark = pytest.mark.asyncio(loop_scope="module")

TALK = f"/conversations/{NUMBER}/{PHONE}"
REPLY = "<Response><Message>Four tables are left.</Message></Response>"
HOSTILE = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>"\'`${1}'
QUICK_REPLY = {
    "twilio/quick-reply": {
        "body": "Shall we deliver it?",
        "actions": [{"type": "QUICK_REPLY", "title": "Yes, please", "id": "yes"}, {"title": "No", "id": "no"}],
    }
}

FAINT = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((value) => value / 255)
    .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (one) => {
    for (let node = one; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")].flatMap((one) => {
    const texts = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!texts || !one.checkVisibility() || one.disabled || one.closest(".said, .hidden, noscript")) return [];
    const [fore, back] = [light(parse(getComputedStyle(one).color)), light(ground(one))];
    const contrast = (Math.max(fore, back) + 0.05) / (Math.min(fore, back) + 0.05);
    return contrast < 4.5 ? [`${contrast.toFixed(2)} ${one.outerHTML.slice(0, 120)}`] : [];
  });
})()
"""
"""Texts whose colour is too near to that of their ground; opacity is not looked at."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """An emulator, a tenant with a number whose webhooks go to ``customer``, and a page that looks on."""

    emulator: BackgroundEmulator
    tenant: Client
    customer: SyncCustomer
    page: Page

    async def open(self, place: str) -> None:
        """Go to a place of the page and return when it shows what the emulator has."""
        await self.page.goto(f"{self.emulator.base_url}/emulator/#{place}")
        await self.page.until("document.querySelector('#connection[data-state=live]')")
        await self.page.until("document.querySelector('.view[data-ready=yes]')")

    async def shows(self, *texts: str) -> None:
        """Return when the page shows these texts."""
        for text in texts:
            await self.page.until(f"document.querySelector('main').innerText.includes({json.dumps(text)})")

    def admin(self, method: str, path: str, body: object = None) -> Any:
        """Call the admin API."""
        url = f"{self.emulator.base_url}/emulator/v1{path}"
        reply = requests.request(method, url, json=body, timeout=20)
        reply.raise_for_status()
        return reply.json() if reply.content else None


def got(emulator: BackgroundEmulator, path: str, **options: Any) -> requests.Response:
    """Ask without a browser."""
    return requests.get(f"{emulator.base_url}{path}", allow_redirects=False, timeout=10, **options)


@contextmanager
def a_tenant(**options: Any) -> Iterator[tuple[BackgroundEmulator, Client, SyncCustomer]]:
    """Run an emulator with a tenant and its web server."""
    with background_emulator(**options) as emulator, a_customer(emulator) as customer:
        tenant = emulator.subaccount("tenant")
        urls = {"sms_url": f"{customer.url}/sms", "voice_url": f"{customer.url}/voice"}
        tenant.incoming_phone_numbers.create(phone_number=NUMBER, **urls)
        yield emulator, tenant, customer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests; each has a profile of its own."""
    async with a_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def scene(browser: Browser) -> AsyncIterator[Scene]:
    """A page that has nothing to complain of in the end."""
    with a_tenant(status_delay=2.0) as (emulator, tenant, customer):
        async with browser.page() as page:
            yield Scene(emulator=emulator, tenant=tenant, customer=customer, page=page)
            assert page.console == []
            assert [url for url in page.requests if not url.startswith(f"{emulator.base_url}/emulator/")] == []


# -------------------------------------------------------------------------------------------------------- conversations


async def test_what_is_written_in_the_composer_reaches_the_webhook_and_the_answer_appears(scene: Scene) -> None:
    """Without a reload; and the answer's state goes on to be shown as it changes."""
    scene.customer.answer(REPLY)
    await scene.open(TALK)
    await scene.page.evaluate("window.stays = true")
    await scene.page.type("How many tables?", into=".composer textarea")
    await scene.page.press("Enter")
    await scene.page.until("document.querySelector('.bubble.phone.sms .text')?.textContent === 'How many tables?'")
    await scene.page.until("document.querySelector('.bubble.bot .text')?.textContent === 'Four tables are left.'")

    (form,) = scene.customer.forms
    assert (form["From"], form["To"], form["Body"]) == (PHONE, NUMBER, "How many tables?")
    assert await scene.page.evaluate("document.querySelector('.composer textarea').value") == ""
    await asyncio.to_thread(scene.emulator.advance, 30)
    await scene.page.until("document.querySelector('.bubble.bot').dataset.status === 'delivered'")
    assert await scene.page.evaluate("window.stays")
    assert (
        await scene.page.evaluate("document.getElementById('said').textContent")
        == f"{NUMBER} says: Four tables are left."
    )


async def test_a_new_conversation_is_begun_by_whatsapp_with_media_and_a_name(scene: Scene) -> None:
    """The page then is at the conversation's own address."""
    whatsapp_sender(scene.emulator, scene.tenant, callback_url=scene.customer.url)
    await scene.open("/conversations/new")
    await scene.page.until("document.querySelector('#numbers option')")
    await scene.page.type("+12025550177", into=".ends input[placeholder='+12025550142']")
    await scene.page.type(NUMBER, into=".ends input[list=numbers]")
    await scene.page.click("input[value=whatsapp]")
    await scene.page.click(".composer summary")
    await scene.page.type("https://media.example/a%20b.jpg", into=".composer input[type=url]")
    await scene.page.type("Sam", into=".composer input[placeholder^=Profile]")
    await scene.page.type("Look", into=".composer textarea")
    await scene.page.click(".composer .write button")
    await scene.page.until("document.querySelector('.bubble.phone.whatsapp .media')?.textContent === '📎 a b.jpg'")

    (form,) = scene.customer.forms
    assert (form["From"], form["ProfileName"], form["NumMedia"]) == ("whatsapp:+12025550177", "Sam", "1")
    assert await scene.page.evaluate("location.hash") == f"#/conversations/{NUMBER}/+12025550177"


async def test_whatever_a_stranger_writes_is_text(scene: Scene) -> None:
    """In the bubble, in the list, in the webhook's parameters and in a name; no element is made of it."""
    await scene.open(TALK)
    scene.tenant.api.v2010.accounts(scene.tenant.account_sid).update(friendly_name=HOSTILE[:60])
    scene.emulator.say(HOSTILE, sender=PHONE, recipient=NUMBER, media=["javascript:window.broken=1"])
    await scene.page.until("document.querySelector('.bubble .text')")
    assert await scene.page.evaluate("document.querySelector('.bubble .text').textContent") == HOSTILE
    assert await scene.page.evaluate("document.querySelector('.bubble .media').tagName") == "SPAN"
    for place in (TALK, "/accounts", "/webhooks/1", f"/accounts/{scene.tenant.account_sid}"):
        await scene.open(place)
        await scene.shows("<img src=x onerror=")
        assert await scene.page.evaluate("document.querySelectorAll('main img, main script').length") == 0
    assert await scene.page.evaluate("window.broken") is None


async def test_a_page_of_another_site_changes_nothing(scene: Scene, browser: Browser) -> None:
    """Though the admin API takes no credentials: a browser says where a call comes from."""
    other = scene.customer.url.replace("127.0.0.1", "localhost")
    scene.customer.answer("<!doctype html><title>other</title>", content_type="text/html")
    async with browser.page(other) as page:
        reset = f"{scene.emulator.base_url}/emulator/v1/reset"
        await page.evaluate(f"fetch('{reset}', {{ method: 'POST', mode: 'no-cors', body: '{{}}' }}).then(() => true)")
    await scene.open("/accounts")
    await scene.shows("1 to 1 of 1 subaccounts")
    reply = reset_asked(scene, {"Sec-Fetch-Site": "cross-site"})
    assert (reply.status_code, "another site" in reply.json()["error"]) == (403, True)


def reset_asked(scene: Scene, headers: dict[str, str]) -> requests.Response:
    """Ask for a reset with these headers."""
    return requests.post(f"{scene.emulator.base_url}/emulator/v1/reset", headers=headers, timeout=10)


async def test_a_message_that_failed_says_why(scene: Scene) -> None:
    """With Twilio's error code."""
    scene.admin("PUT", f"/phones/{PHONE}", {"outcome": "undelivered", "errorCode": 30005})
    scene.tenant.messages.create(to=PHONE, from_=NUMBER, body="Are you there?")
    await asyncio.to_thread(scene.emulator.advance, 30)
    await scene.open(TALK)

    await scene.page.until(
        "document.querySelector('.bubble.failed .failure')?.textContent === 'undelivered, error 30005'"
    )


async def test_a_quick_reply_is_answered_by_its_button(scene: Scene) -> None:
    """The customer is told which one it was."""
    whatsapp_sender(scene.emulator, scene.tenant, callback_url=scene.customer.url)
    whatsapp = {"sender": f"whatsapp:{PHONE}", "recipient": f"whatsapp:{NUMBER}"}
    scene.emulator.say("Hello", **whatsapp)
    request = ContentList.ContentCreateRequest({"language": "en", "types": QUICK_REPLY, "variables": {}})
    made = scene.tenant.content.v1.contents.create(request)
    scene.tenant.messages.create(to=f"whatsapp:{PHONE}", from_=f"whatsapp:{NUMBER}", content_sid=made.sid)
    await scene.open(TALK)
    await scene.page.click(".bubble .replies button")
    await scene.page.until("document.querySelectorAll('.bubble.phone').length === 2")

    form = scene.customer.forms[-1]
    assert (form["Body"], form["ButtonText"], form["ButtonPayload"]) == ("Yes, please", "Yes, please", "yes")


async def test_a_refusal_is_shown_where_one_writes(scene: Scene) -> None:
    """And what was written is still there."""
    await scene.open("/conversations/+13055550199/+12025550142")
    await scene.page.type("Hello", into=".composer textarea")
    await scene.page.press("Enter")

    await scene.page.until("document.querySelector('.composer [role=alert]').innerText.includes('no account owns')")
    assert await scene.page.evaluate("document.querySelector('.composer textarea').value") == "Hello"
    scene.page.console[:] = [line for line in scene.page.console if "404" not in line]  # chromium's own note of it


async def test_what_one_reads_stays_in_place_while_messages_come_in(scene: Scene) -> None:
    """At the end of a conversation the page follows; further up it does not."""
    for count in range(30):
        scene.emulator.say(f"Line {count}", sender=PHONE, recipient=NUMBER)
    await scene.open(TALK)
    await scene.page.until("document.querySelectorAll('.bubble').length === 30")
    chat = "document.querySelector('.chat')"
    assert await scene.page.evaluate(f"{chat}.scrollTop + {chat}.clientHeight > {chat}.scrollHeight - 4")
    await scene.page.evaluate(f"{chat}.scrollTop = 100")
    scene.emulator.say("One more", sender=PHONE, recipient=NUMBER)
    await scene.page.until("document.querySelectorAll('.bubble').length === 31")

    assert await scene.page.evaluate(f"{chat}.scrollTop") == 100


# ------------------------------------------------------------------------------------------- webhooks, requests, faults


async def test_a_webhook_is_shown_with_request_and_response(scene: Scene) -> None:
    """The signature, the decoded parameters, the answer's status and body."""
    scene.customer.answer(REPLY)
    scene.emulator.say("¿Cuánto cuesta?", sender=PHONE, recipient=NUMBER)
    await scene.open("/webhooks")
    await scene.page.click("tbody td.wide a")
    await scene.shows("Webhook 1", "X-Twilio-Signature", "¿Cuánto cuesta?", f"{scene.customer.url}/sms", REPLY)

    signature = scene.customer.seen[0].headers["X-Twilio-Signature"]
    assert await scene.page.evaluate("document.querySelector('.marked').textContent") == signature


async def test_a_webhook_that_failed_shows_its_alert(scene: Scene) -> None:
    """In the list and in the detail."""
    scene.customer.answer("oops", status=500)
    scene.emulator.say("Hello", sender=PHONE, recipient=NUMBER)
    await scene.open("/webhooks")
    await scene.shows("500", "alert 11200")
    await scene.open("/webhooks/1")
    await scene.shows("alert 11200", "oops")


async def test_requests_appear_as_they_are_made(scene: Scene) -> None:
    """The latest first, and one can look for a path."""
    await scene.open("/requests")
    scene.tenant.messages.list()
    await scene.page.until("document.querySelector('tbody tr').innerText.includes('/Messages.json')")
    await scene.page.type("IncomingPhone", into="input[type=search]")

    await scene.page.until(
        "[...document.querySelectorAll('tbody tr')].every((row) => row.innerText.includes('IncomingPhone'))"
    )


async def test_a_fault_is_ordered_strikes_and_is_withdrawn(scene: Scene) -> None:
    """By the form, and by the button at the order."""
    await scene.open("/faults")
    scene.admin("POST", "/faults", {"preset": "slow"})
    await scene.shows("latency")  # whoever ordered it
    scene.admin("DELETE", "/faults")
    await scene.shows("Everything works")
    await scene.page.evaluate("document.querySelector('form select').value = 'unavailable'")
    await scene.page.type(r"Balance\.json$", into="input[placeholder^=Messages]")
    await scene.page.click("form button")
    await scene.shows("0 of 1")
    path = f"/api/2010-04-01/Accounts/{ACCOUNT_SID}/Balance.json"
    assert got(scene.emulator, path, auth=(ACCOUNT_SID, AUTH_TOKEN)).status_code == 503
    await scene.shows("1 of 1", "spent")
    await scene.page.click("tbody button")
    await scene.shows("Everything works")


# ---------------------------------------------------------------------------------------------------------------- calls


async def test_a_call_is_made_heard_and_answered_with_keys(scene: Scene) -> None:
    """What is said appears in the transcript; a key reaches the customer."""
    gather = "<Response><Gather numDigits='1' timeout='30'><Say>Press one for sales.</Say></Gather></Response>"
    scene.customer.answer(gather)
    await scene.open("/calls")
    await scene.page.type(NUMBER, into="form input[placeholder^='+1305']")
    await scene.page.click("form button")
    await scene.shows("Press one for sales.")
    scene.customer.answer("<Response><Say>Sales is closed.</Say></Response>")
    await scene.page.click(".keypad button")
    await scene.shows("Sales is closed.")

    assert [form.get("Digits") for form in scene.customer.forms if "Digits" in form] == ["1"]


# ------------------------------------------------------------------------------------------------- the emulator as such


async def test_the_clock_is_moved_by_a_button(scene: Scene) -> None:
    """What falls due meanwhile is done."""
    message = scene.tenant.messages.create(to=PHONE, from_=NUMBER, body="Hello")
    await scene.open("/accounts")
    await scene.page.until("document.getElementById('clock').dateTime")
    before = scene.emulator.now()
    await scene.page.click("[data-advance='3600']")
    await scene.page.until("document.getElementById('said').textContent.startsWith('The clock says')")

    assert scene.emulator.now() == before + 3600
    assert scene.tenant.messages(message.sid).fetch().status == "delivered"


async def test_a_reset_wants_to_be_confirmed(scene: Scene) -> None:
    """Keep keeps; the other button forgets."""
    await scene.open("/accounts")
    await scene.shows("1 to 1 of 1 subaccounts")
    await scene.page.click("#reset")
    await scene.page.click("#keep")
    await scene.page.until("!document.querySelector('dialog').open")
    await scene.shows("1 to 1 of 1 subaccounts")
    await scene.page.click("#reset")
    await scene.page.click("#forget")
    await scene.shows("No subaccounts yet", "FriendlyName=my-tenant")


async def test_an_account_shows_where_its_numbers_messages_and_calls_go(scene: Scene) -> None:
    """Also when a Messaging Service takes them."""
    service = scene.tenant.messaging.v1.services.create(
        friendly_name="Care", inbound_request_url="https://care.example/in"
    )
    (number,) = scene.tenant.incoming_phone_numbers.list()
    scene.tenant.messaging.v1.services(service.sid).phone_numbers.create(phone_number_sid=number.sid)
    await scene.open(f"/accounts/{scene.tenant.account_sid}")

    await scene.shows(
        NUMBER, "service Care", "https://care.example/in", f"by service {service.sid}", f"{scene.customer.url}/voice"
    )


async def test_five_thousand_accounts_are_found_and_paged(browser: Browser, tmp_path: Path) -> None:
    """Only a page of them is ever in the document."""
    state = tmp_path / "state.sqlite3"
    with background_emulator(state=state, max_subaccounts=10_000) as emulator:
        started = emulator.now()
    _fill(state, 5_000, now=started)
    with background_emulator(state=state, max_subaccounts=10_000) as emulator:
        async with browser.page(f"{emulator.base_url}/emulator/") as page:
            await page.until("document.querySelector('.pager').innerText.includes('1 to 50 of 5,000 subaccounts')")
            await page.click(".pager button:nth-child(2)")
            await page.until("document.querySelector('.pager').innerText.includes('51 to 100 of 5,000')")
            await page.type("shop-0417", into="input[type=search]")
            await page.until("document.querySelector('.pager').innerText.includes('1 to 1 of 1 subaccounts')")
            assert await page.evaluate("document.querySelector('tbody td').innerText") == "shop-0417"
            await page.click("tbody a")
            await page.until("document.querySelector('h1').innerText === 'shop-0417'")
            assert page.console == []


def _fill(state: Path, count: int, *, now: float) -> None:
    store = Store(state)
    with store.transaction():
        for number in range(count):
            name = f"shop-{number:04d}"
            store.accounts.add(
                sid=f"AC{number + 4096:032x}", owner_sid=ACCOUNT_SID, friendly_name=name, auth_token="x", now=now
            )
    store.close()


async def test_the_page_says_when_the_emulator_is_away_and_goes_on_when_it_is_back(browser: Browser) -> None:
    """At the same address, without a reload."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with browser.page() as page:
        async with running_emulator(port=port) as emulator:
            await page.goto(f"{emulator.base_url}/emulator/")
            await page.until("document.querySelector('#connection[data-state=live]')")
        await page.until("document.querySelector('#connection').innerText.startsWith('The emulator is away')")
        async with running_emulator(port=port):
            await page.until("document.querySelector('#connection[data-state=live]')")
            await page.until("document.querySelector('.view[data-ready=yes]')")


# ------------------------------------------------------------------------------------------------------------- the look


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_nothing_is_wider_than_a_phone(scene: Scene, dark: bool) -> None:
    """Every place, at 360 pixels; in the dark the ground is dark."""
    scene.customer.answer("<Response><Message>A" + "a" * 300 + "</Message></Response>")
    scene.emulator.say("https://shop.example/" + "x" * 200, sender=PHONE, recipient=NUMBER)
    scene.admin("POST", "/faults", {"preset": "slow", "path": "y" * 200})
    await scene.page.resize(360, 740, dark=dark)
    places = ["/accounts", f"/accounts/{scene.tenant.account_sid}", "/conversations", TALK, "/conversations/new"]
    for place in [*places, "/webhooks", "/webhooks/1", "/requests", "/calls", "/faults"]:
        await scene.open(place)
        width = await scene.page.evaluate("document.documentElement.scrollWidth")
        assert (place, width) == (place, 360)
    ground = await scene.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (sum(ground) < 200) == dark


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_every_text_stands_out_from_its_ground(scene: Scene, dark: bool) -> None:
    """By 4.5 to 1 at least, as WCAG 2.2 asks at level AA."""
    whatsapp_sender(scene.emulator, scene.tenant, callback_url=scene.customer.url)
    scene.customer.answer(REPLY)
    scene.emulator.say("Hello", sender=f"whatsapp:{PHONE}", recipient=f"whatsapp:{NUMBER}")
    scene.customer.answer("oops", status=500)
    scene.emulator.say("Hello", sender=PHONE, recipient=NUMBER)
    scene.admin("PUT", f"/phones/{PHONE}", {"outcome": "failed"})
    scene.tenant.messages.create(to=PHONE, from_=NUMBER, body="Are you there?")
    await asyncio.to_thread(scene.emulator.advance, 30)
    scene.admin("POST", "/faults", {"preset": "throttled"})
    await scene.page.resize(1280, 800, dark=dark)
    for place in ("/accounts", TALK, "/webhooks", "/webhooks/1", "/requests", "/calls", "/faults"):
        await scene.open(place)
        assert await scene.page.evaluate(FAINT) == []


async def test_keys_alone_are_enough(scene: Scene) -> None:
    """The first Tab offers to skip to the content; every control can be reached and has a name."""
    for place in ("/accounts", TALK, "/webhooks", "/requests", "/calls", "/faults"):
        await scene.open(place)
        nameless = "[...document.querySelectorAll('input, select, textarea, button, a')].filter((one) =>"
        nameless += " !(one.innerText || one.labels?.length || one.ariaLabel)).map((one) => one.outerHTML)"
        assert await scene.page.evaluate(nameless) == []
    await scene.page.press("Tab")
    assert await scene.page.evaluate("document.activeElement.className") == "skip"


# ------------------------------------------------------------------------------------------------------------ the files


async def test_the_files_come_with_a_strict_policy_and_are_asked_for_again() -> None:
    """No script but the page's own, no other host; a browser that has a file is told so."""
    with background_emulator() as emulator:
        for path in ("/", "/emulator"):
            reply = got(emulator, path)
            assert (reply.status_code, reply.headers["Location"]) == (302, "/emulator/")
        files = {
            "": "text/html",
            "docs": "text/html",
            "static/js/app.js": "text/javascript",
            "static/css/page.css": "text/css",
        }
        for path, kind in {**files, "static/icon.svg": "image/svg+xml", "v1/openapi.json": "application/json"}.items():
            reply = got(emulator, f"/emulator/{path}")
            assert reply.headers["Content-Type"] == f"{kind}; charset=utf-8"
            assert reply.headers["Content-Security-Policy"].startswith("default-src 'self';")
            assert "unsafe" not in reply.headers["Content-Security-Policy"]
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            again = got(emulator, f"/emulator/{path}", headers={"If-None-Match": reply.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")


async def test_the_page_of_the_admin_api_shows_every_operation(scene: Scene) -> None:
    """Made from the document that programs read."""
    await scene.page.goto(f"{scene.emulator.base_url}/emulator/docs")
    await scene.page.until("document.querySelectorAll('.operation').length > 40")
    shown = set(await scene.page.evaluate("[...document.querySelectorAll('article[id]')].map((one) => one.id)"))
    document = scene.admin("GET", "/openapi.json")

    assert {one["operationId"] for methods in document["paths"].values() for one in methods.values()} <= shown


async def test_without_a_browser_the_tests_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing tool fails, it does not skip."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BrowserError, match="apt-get install chromium"):
        async with a_browser():
            raise AssertionError
