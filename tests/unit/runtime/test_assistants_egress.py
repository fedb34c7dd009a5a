"""Where assistants may call: threat T11, names that lead inside, and answers that are too much."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.assistants.calling import HttpCaller
from switchboard_runtime.assistants.egress import Egress, EgressRefused, is_public
from switchboard_runtime.assistants.tools import ToolFailed
from switchboard_runtime.config.documents import HttpTool
from tests.support.loopback import Answer, Loopback, loopback

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

EVIL = [
    "http://127.0.0.1/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0/",
    "https://0.0.0.0/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a9fe:a9fe::1]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[100::1]/",
    "https://10.0.0.1/",
    "https://10.96.0.1:443/",
    "https://10.42.0.7/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.170.2/v2/credentials",
    "https://100.100.100.200/latest/meta-data/",
    "https://100.64.0.1/",
    "https://168.63.129.16/metadata",
    "https://192.0.0.192/opc/v2/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://198.51.100.1/",
    "https://203.0.113.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://user:pw@example.com/",
    "https://example.com@127.0.0.1/",
    "https:///x",
    "https://",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:25/",
    "javascript:alert(1)",
    "//example.com/",
    "https://[::1",
    "https://example.com:99999/",
    "http://93.184.216.34/",
]
PUBLIC = "93.184.216.34"


def resolving(*answers: tuple[str, ...]) -> Callable[[str, int], Any]:
    """A resolver that gives these answers, the last for ever."""
    left = list(answers)

    async def resolve(host: str, port: int) -> tuple[str, ...]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


@pytest.mark.parametrize("url", EVIL)
async def test_t11_no_url_leads_inside(url: str) -> None:
    """Loopback, private, link-local, metadata and reserved addresses in any spelling; and no plain http."""
    with pytest.raises(EgressRefused):
        await Egress().addresses(url)


@pytest.mark.parametrize(
    "inside", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1", "x"]
)
async def test_t11_a_name_with_one_address_inside_is_refused(inside: str) -> None:
    """Even beside public ones."""
    with pytest.raises(EgressRefused, match="public"):
        await Egress(resolve=resolving((PUBLIC, inside))).addresses("https://shop.example/")


async def test_a_public_name_may_be_called() -> None:
    """By https."""
    assert await Egress(resolve=resolving((PUBLIC,))).addresses("https://shop.example/") == (PUBLIC,)


@given(st.ip_addresses())
def test_no_address_is_public_that_python_calls_private(address: Any) -> None:
    """Our list only adds to the standard library's; addresses that carry another are looked into."""
    carries = address.version == 6 and (address.ipv4_mapped is not None or str(address).startswith("64:ff9b::"))
    assert is_public(str(address)) <= (address.is_global or carries)


@pytest.fixture
async def shop() -> AsyncIterator[Loopback]:
    """The tenant's own system."""
    async with loopback() as server:
        yield server


def tool(url: str, **changes: Any) -> HttpTool:
    """A tool that looks an order up."""
    parameters = [{"name": "order", "type": "string"}]
    content = {"name": "order_status", "description": "d", "url": url, "parameters": parameters, **changes}
    return HttpTool.model_validate(content, strict=False)


def caller_of(shop: Loopback, *, patience: float = 5.0, **secrets: str) -> HttpCaller:
    """A caller that may reach the shop."""
    allowed = frozenset({shop.url.removeprefix("http://")})
    return HttpCaller(egress=Egress(allowed=allowed), secret=secrets.get, patience=patience)


async def test_a_tool_sends_its_arguments_and_its_secret(shop: Loopback) -> None:
    """Encoded, so that an argument stays an argument."""
    shop.will(Answer(body='{"state": "sent"}'))
    caller = caller_of(shop, shopToken="s3cret")

    got = await caller.call(tool(f"{shop.url}/orders", secret="shopToken"), {"order": "7&admin=1#x"})
    await caller.close()

    assert got == '{"state": "sent"}'
    assert shop.asked[0].query == [("order", "7&admin=1#x")]
    assert shop.asked[0].headers["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=302, headers={"Location": "http://169.254.169.254/"}),
        Answer(status=307, headers={"Location": "/orders"}),
        Answer(status=500),
        Answer(status=None),
        Answer(body="x" * 70_000, content_type="text/plain"),
        Answer(body="<html></html>", content_type="text/html"),
        Answer(body="{nope"),
        Answer(body="[" * 20_000 + "]" * 20_000),
        Answer(hold=True),
        Answer(body="x", headers={"Content-Encoding": "gzip"}),
    ],
    ids=str,
)
async def test_t11_what_a_tool_answers_is_bounded(shop: Loopback, answer: Answer) -> None:
    """No redirect, no error page, nothing large, slow, packed or of another type."""
    shop.will(answer)
    caller = caller_of(shop, patience=0.3)

    with pytest.raises(ToolFailed):
        await caller.call(tool(f"{shop.url}/orders"), {"order": "7"})
    await caller.close()

    assert len(shop.asked) == 1


async def test_t11_the_checked_address_is_the_one_connected_to(shop: Loopback) -> None:
    """A name that resolves differently the second time (rebinding) gets no second time."""
    port = shop.url.rpartition(":")[2]
    asked: list[str] = []

    async def resolve(host: str, port: int) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("127.0.0.99",)

    egress = Egress(allowed=frozenset({f"shop.example:{port}"}), resolve=resolve)
    caller = HttpCaller(egress=egress, secret=lambda _: None)

    got = await caller.call(tool(f"http://shop.example:{port}/orders"), {"order": "7"})
    await caller.close()

    assert (got, asked) == ("{}", ["shop.example"])
    assert shop.asked[0].headers["Host"] == f"shop.example:{port}"


async def test_t11_a_name_that_turns_inward_is_refused_the_next_time(shop: Loopback) -> None:
    """Each call is checked anew."""
    egress = Egress(resolve=resolving(("127.0.0.1",)))
    caller = HttpCaller(egress=egress, secret=lambda _: None)

    with pytest.raises(ToolFailed, match="EgressRefused"):
        await caller.call(tool(f"https://shop.example:{shop.url.rpartition(':')[2]}/"), {})
    await caller.close()

    assert shop.asked == []


async def test_a_name_that_does_not_resolve_is_refused() -> None:
    """With no more said than that."""

    async def resolve(host: str, port: int) -> tuple[str, ...]:
        await asyncio.sleep(0)
        raise OSError

    with pytest.raises(EgressRefused, match="not resolved"):
        await Egress(resolve=resolve).addresses("https://shop.example/")
