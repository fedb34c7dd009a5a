"""A real browser for tests: Debian's chromium, driven over the Chrome DevTools Protocol.

    async with a_browser() as browser, browser.page("http://127.0.0.1:8089/emulator/") as page:
        await page.until("document.querySelector('h1')")
        await page.click("#reset")

Conditions are awaited in the page, by its own animation frames: nothing sleeps. What the page writes to its console,
what it throws and what it asks of which host is kept, for tests that want none of it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["Browser", "BrowserError", "Page", "a_browser"]

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--mute-audio",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
)
_PATIENCE = 30.0
_GRACE = 5.0
_LARGEST_MESSAGE = 64 * 1024 * 1024
_UNTIL = """
new Promise((done, fail) => {
  const end = performance.now() + %(patience)d;
  const look = () => {
    let found;
    try { found = (%(condition)s); } catch (error) { found = null; }
    if (found) done(true);
    else if (performance.now() > end) fail(new Error("not in time; page: " + document.body.innerText.slice(0, 3000)));
    else setTimeout(look, 20);
  };
  look();
})
"""
_POINT = """
(() => {
  const element = document.querySelector(%s);
  if (!element) return null;
  element.scrollIntoView({ block: "center", behavior: "instant" });
  const { x, y, width, height } = element.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
})()
"""
_KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), "Escape": (27, "")}


class BrowserError(Exception):
    """The browser is not there, or the page did not do what was asked."""


@dataclass
class Page:
    """One page of the browser.

    Attributes:
        console: what it wrote to its console as a warning or an error, and what it threw.
        requests: every URL that was asked for.
    """

    browser: Browser
    session: str
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        return await self.browser.call(method, params, session=self.session)

    async def goto(self, url: str) -> None:
        """Go to an address and return when the document is there."""
        answer = await self.call("Page.navigate", url=url)
        if "errorText" in answer:
            raise BrowserError(f"{url}: {answer['errorText']}")
        await self.until("document.readyState === 'complete'")

    async def evaluate(self, expression: str) -> Any:
        """Return the value of an expression, which may be a promise.

        Raises:
            BrowserError: it threw.
        """
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if problem := answer.get("exceptionDetails"):
            raise BrowserError(problem.get("exception", {}).get("description") or problem["text"])
        return answer["result"].get("value")

    async def until(self, condition: str, *, patience: float = 15.0) -> None:
        """Return when a condition, an expression, holds.

        Raises:
            BrowserError: it did not within so many seconds.
        """
        try:
            await self.evaluate(_UNTIL % {"condition": condition, "patience": patience * 1000})
        except BrowserError as error:
            raise BrowserError(f"{condition}: {error}") from None

    async def click(self, selector: str) -> None:
        """Press the mouse on the middle of an element."""
        await self.until(f"document.querySelector({json.dumps(selector)})")
        point = await self.evaluate(_POINT % json.dumps(selector))
        if point is None:
            raise BrowserError(f"{selector}: there is no such element")
        x, y = point
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def type(self, text: str, *, into: str | None = None) -> None:
        """Write where the focus is, or into an element whose text it replaces."""
        if into:
            await self.click(into)
            await self.evaluate("document.activeElement.select?.()")
        await self.call("Input.insertText", text=text)

    async def press(self, key: str) -> None:
        """Press a key that has a name."""
        code, text = _KEYS[key]
        named = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **named)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    async def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """Set the size of the window in CSS pixels, and the colour scheme that the user prefers."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme, still])

    async def screenshot(self, file: Path) -> None:
        """Write what is to be seen to a PNG file."""
        answer = await self.call("Page.captureScreenshot", format="png", optimizeForSpeed=False)
        await asyncio.to_thread(file.write_bytes, base64.b64decode(answer["data"]))

    def heard(self, method: str, params: dict[str, Any]) -> None:
        """Take note of an event."""
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.console.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in {"error", "warning", "assert"}:
            self.console.append(" ".join(str(value.get("value")) for value in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in {"error", "warning"}:
            self.console.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")


class Browser:
    """A running browser.

    Args:
        socket: the connection to it.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._count = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}

    @asynccontextmanager
    async def page(self, url: str = "about:blank", *, width: int = 1280, height: int = 800) -> AsyncIterator[Page]:
        """Open a page in a profile of its own, and close it."""
        context = (await self.call("Target.createBrowserContext", {}))["browserContextId"]
        made = await self.call("Target.createTarget", {"url": "about:blank", "browserContextId": context})
        attached = await self.call("Target.attachToTarget", {"targetId": made["targetId"], "flatten": True})
        page = Page(self, attached["sessionId"])
        self._pages[page.session] = page
        for domain in ("Page", "Runtime", "Network", "Log"):
            await page.call(f"{domain}.enable")
        await page.resize(width, height)
        if url != "about:blank":
            await page.goto(url)
        try:
            yield page
        finally:
            del self._pages[page.session]
            await self.call("Target.disposeBrowserContext", {"browserContextId": context})

    async def call(self, method: str, params: dict[str, Any], *, session: str | None = None) -> dict[str, Any]:
        """Call a method of the protocol, of the browser or of a page's session.

        Raises:
            BrowserError: it was refused, or nobody answers.
        """
        self._count += 1
        number = self._count
        self._waiting[number] = asyncio.get_running_loop().create_future()
        order = {"id": number, "method": method, "params": params}
        await self._socket.send_json(order if session is None else {**order, "sessionId": session})
        answer = await asyncio.wait_for(self._waiting[number], timeout=_PATIENCE)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def listen(self) -> None:
        """Hand on what the browser says, until it says no more."""
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                waiting = self._waiting.pop(said["id"])
                if not waiting.done():
                    waiting.set_result(said)
            elif page := self._pages.get(said.get("sessionId", "")):
                page.heard(said["method"], said["params"])
        for waiting in self._waiting.values():
            waiting.cancel()


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """Run a browser without a window and with an empty profile.

    Raises:
        BrowserError: there is none on this machine, or it does not start.
    """
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        raise BrowserError("there is no chromium on this machine: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program,
            *_FLAGS,
            f"--user-data-dir={profile}",
            "about:blank",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with aiohttp.ClientSession() as session:
                address = await asyncio.wait_for(_address(process), timeout=_PATIENCE)
                async with session.ws_connect(address, max_msg_size=_LARGEST_MESSAGE) as socket:
                    browser = Browser(socket)
                    listening = asyncio.create_task(browser.listen())
                    drain = asyncio.create_task(_drain(process))
                    yield browser
                    listening.cancel()
                    drain.cancel()
                    await asyncio.gather(listening, drain, return_exceptions=True)
        finally:
            await _end(process)


async def _address(process: asyncio.subprocess.Process) -> str:
    """Read from the browser where it listens."""
    assert process.stderr is not None
    said = []
    async for raw in process.stderr:
        line = raw.decode(errors="replace").strip()
        said.append(line)
        if line.startswith("DevTools listening on "):
            return line.removeprefix("DevTools listening on ")
    raise BrowserError("chromium does not start: " + " ".join(said[-5:]))


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    while await process.stderr.read(65_536):
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the browser and the processes it started, which are a group of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), timeout=_GRACE)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
