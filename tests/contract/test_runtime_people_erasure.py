"""Erasure, export and retention: nothing of a contact is left, nothing in flight brings it back, on both stores."""

from __future__ import annotations

import asyncio
import hmac
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from switchboard_runtime.assistants import Answer, Lead
from switchboard_runtime.config import TenantDocument
from switchboard_runtime.errors import Conflict, LeaseLost, NotFound
from switchboard_runtime.ids import Ids
from switchboard_runtime.people import Audit, History, People, PeopleHook
from switchboard_runtime.people.receipts import digest
from switchboard_runtime.store import Lane, Reply, StatusUpdate, Turn, Webhook, statement, texts
from switchboard_runtime.store.postgres.database import Database
from switchboard_runtime.store.postgres.store import PostgresStore
from switchboard_runtime.store.suppressing import Key
from switchboard_runtime.telemetry.metrics import Metrics
from tests.contract.store_kit import KINDS, inbound, open_store
from tests.contract.test_runtime_people import Lagging, Told
from tests.support.postgres import Server, connected, new_database, running_server, tenant_dsn
from tests.unit.runtime.kit import document, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator
    from pathlib import Path

    import asyncpg  # type: ignore[import-untyped]

    from switchboard_runtime.people import Receipt
    from switchboard_runtime.store import Rows, Statement, Store, WorkItem

ADDRESS = "whatsapp:+5491155500200"
SECRETS = ("5491155500200", "my secret", "Ana Paz", "ana@example.com", "a blue table", "media.example.com", "owes us")
TABLES = (
    "conversation",
    "message",
    "outbox",
    "callback",
    "quarantine",
    "contact",
    "identity",
    "contact_tag",
    "contact_note",
    "lead",
    "usage",
    "pace",
    "reservation",
    "webhook_delivery",
    "api_request",
    "erasure",
    "audit",
    "suppression",
    "suppression_key",
)
DAY = 86_400.0


class Shelf:
    """A provider that has things, and moods."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.moods: dict[str, list[Any]] = {}

    async def forget(self, sid: str) -> Any:
        """Delete a thing, unless it is not in the mood."""
        moods = self.moods.get(sid)
        if moods:
            return moods.pop(0)
        self.deleted.append(sid)
        return "deleted"


class House:
    """A tenant over a store, with a provider."""

    def __init__(self, store: Store, clock: Lagging, **more: Any) -> None:
        self.tenant = TenantDocument.model_validate_json(json.dumps(document(**more)))
        self.store, self.clock, self.engine, self.shelf, ids = store, clock, Told(), Shelf(), Ids()
        self.audit = Audit(store=store, clock=clock, new_id=ids)
        self.hook = PeopleHook(document=self.tenant, store=store, audit=self.audit, clock=clock, new_id=ids)
        self.people = People(
            document=self.tenant,
            store=store,
            engine=self.engine,
            audit=self.audit,
            clock=clock,
            new_id=ids,
            metrics=Metrics(),
            provider=self.shelf,
        )

    async def hold(self, sid: str, text: str = "my secret", *, address: str = ADDRESS, **more: Any) -> WorkItem:
        """A message comes and is taken in hand."""
        fields = (("From", address), ("ProfileName", "Ana Paz"), ("MediaUrl0", "https://media.example.com/1"))
        message = inbound(sid, now=self.clock.now(), contact=address, text=text, channel="whatsapp")
        await self.store.accept(structs.replace(message, fields=fields, **more))
        (item,) = (await self.store.claim_work(limit=1, held=())).items
        return item

    def turn(self, item: WorkItem, *answers: str, leads: tuple[Lead, ...] = ()) -> Turn:
        """What is kept of it."""
        plain = Turn(replies=texts(*answers), state=item.state, outcome="answered")
        return self.hook.after(item, plain, Answer(text="", leads=leads))

    async def known(self, address: str = ADDRESS) -> str:
        """The contact's id."""
        contact = await self.people.contacts.of(channel="whatsapp", address=address)
        assert contact is not None
        return contact.id

    async def everything(self) -> str:
        """All rows of all tables, as text."""

        def read() -> Generator[Statement, Rows, str]:
            found = list[str]()
            for table in TABLES:
                rows = yield statement(f"SELECT * FROM {table} WHERE tenant_id = :tenant")
                found += (f"{table} {[_plain(one) for one in row.values()]}" for row in rows)
            return "\n".join(found)

        return await self.store.transact(read)

    async def lived_in(self) -> WorkItem:
        """A contact who did all that a contact can do."""
        item = await self.hold("SM1")
        lead = Lead(name="Ana Paz", email="ana@example.com", interest="a blue table")
        await self.store.finish_work(item, self.turn(item, "answer with my secret", leads=(lead,)))
        (sent,) = (await self.store.claim_outbox(limit=1, held=())).items
        await self.store.mark_sent(sent, sid="SM2")
        await self.store.record_status(
            StatusUpdate(
                sid="SM2",
                status="delivered",
                outbox_id=sent.id,
                sender="+9",
                recipient=ADDRESS,
                error_code=None,
                received_at=self.clock.now(),
            )
        )
        contact = await self.known()
        await self.people.contacts.note(contact, "owes us", actor="Bea")
        await self.people.contacts.update(contact, actor="Bea", add_tags=["Ana Paz's friends"])
        media = ("https://media.example.com/2",)
        await self.people.conversations.say(
            item.conversation_id, [Reply(text="my secret", media=media)], actor="Bea", take_over=False
        )
        for number, body in enumerate(
            (b"From=whatsapp%3A%2B5491155500200", b'{"to": "+5491155500200"}', b"From=other")
        ):
            hook = Webhook(
                key=f"k{number}", path="/x", content_type="", body=body, reason="?", received_at=self.clock.now()
            )
            await self.store.quarantine(hook)
        (note,) = await self.people.contacts.notes(contact)
        await self.store.transact(lambda: counted(item.id))
        await self.store.transact(
            lambda: answered({"id": contact, "address": ADDRESS}, {"id": note.id, "text": note.text})
        )
        return item


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def counted(work: int, *, address: str = ADDRESS) -> Generator[Statement, Rows, None]:
    """What other parts keep of a contact: usage, pace, a reservation, what endpoints are told."""
    subject = f"whatsapp {address}"
    yield statement(
        "INSERT INTO usage (tenant_id, scope, subject, period, messages, updated_at)"
        " VALUES (:tenant, 'contact', :subject, '2026-01', 7, 0)",
        subject=subject,
    )
    yield statement(
        "INSERT INTO pace (tenant_id, scope, subject, free_at) VALUES (:tenant, 'contact', :subject, 0)",
        subject=subject,
    )
    yield statement(
        "INSERT INTO reservation (tenant_id, work_id, accounts, tokens, micros, expires_at)"
        " VALUES (:tenant, :work, :accounts, 1, 1, 0)",
        work=work,
        accounts=json.dumps([["contact", subject, "2026-01"]]),
    )
    yield statement(
        "INSERT INTO webhook_delivery (tenant_id, endpoint, id, type, body, state, attempts, created_at, updated_at)"
        " VALUES (:tenant, 'crm', :id, 'message.sent', :body, 'pending', 0, 0, 0)",
        id=f"d{work}",
        body=json.dumps({"contact": address, "text": "my secret" if address == ADDRESS else "kept"}),
    )


def reserved() -> Generator[Statement, Rows, list[Any]]:
    """What is reserved, and for whom."""
    rows = yield statement("SELECT accounts FROM reservation WHERE tenant_id = :tenant")
    return [json.loads(row["accounts"]) for row in rows]


def answered(*bodies: dict[str, str]) -> Generator[Statement, Rows, None]:
    """Answers of the API that are kept for a repetition."""
    for place, body in enumerate(bodies):
        yield statement(
            "INSERT INTO api_request (tenant_id, token, key, digest, status, body, created_at)"
            " VALUES (:tenant, 't', :key, '', 200, :body, 0)",
            key=str(place),
            body=json.dumps(body),
        )


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@pytest.fixture(params=KINDS)
async def house(request: pytest.FixtureRequest, tmp_path: Path, server: Server) -> AsyncIterator[House]:
    """Each store in turn."""
    clock = Lagging()
    async with open_store(request.param, clock=clock, folder=tmp_path, server=server) as store:
        yield House(store, clock, retention={"messages": "30d", "contacts": "60d"})


async def completed(house: House, receipt: Receipt) -> Receipt:
    """The receipt, once all is done."""
    for _ in range(40):
        await house.people.erasures.work()
        receipt = await house.people.erasures.receipt(receipt.id)
        if receipt.done_at is not None:
            return receipt
        house.clock.ahead += 6 * 3600
    raise AssertionError("never done")


async def test_nothing_of_an_erased_contact_is_left_in_any_table(house: House) -> None:
    """But rows without a name, which still recognise what comes again; the provider has deleted its part."""
    item = await house.lived_in()
    before = await house.everything()

    receipt = await house.people.erasures.erase(await house.known(), actor="Bea")
    done = await completed(house, receipt)
    after = await house.everything()

    assert [word for word in SECRETS if word not in before] == []
    assert [word for word in SECRETS if word in after] == []
    assert "From=other" in after
    (accounts,) = await house.store.transact(reserved)
    assert accounts == [["contact", f"erased:{receipt.id}", "2026-01"]]
    assert house.shelf.deleted == ["SM1", "SM2"]
    assert done.provider == {"deleted": 2, "absent": 0, "refused": 0}
    counts = {"messages": 1, "replies": 2, "conversations": 1, "callbacks": 1, "unsent": 1, "usage": 1, "told": 3}
    counts |= {"contact": 1, "contact_note": 1, "contact_tag": 1, "lead": 1, "identity": 1, "quarantined": 2, "work": 0}
    counts |= {"suppressed": 0}
    assert done.counts == counts
    repeated = inbound("SM1", now=house.clock.now(), contact=ADDRESS, text="my secret", channel="whatsapp")
    again = await house.store.accept(repeated)
    assert (again.duplicate, again.work_id) == (True, item.id)
    assert [word for word in SECRETS if word in await house.everything()] == []


async def test_a_receipt_is_signed_into_the_audit_log(house: House) -> None:
    """Whoever has it can show that it is the one."""
    await house.lived_in()

    receipt = await completed(house, await house.people.erasures.erase(await house.known(), actor="Bea"))

    entries = [one for one in (await house.audit.page()).items if one.subject == f"erasure/{receipt.id}"]
    assert [one.action for one in reversed(entries)] == ["contact.erased", "erasure.completed"]
    assert json.loads(entries[0].details)["digest"] == receipt.digest == digest(receipt)
    assert digest(replace(receipt, counts={})) != receipt.digest
    assert (await house.audit.verify()).ok


async def test_a_turn_in_flight_brings_nothing_back(house: House) -> None:
    """Nor its lead, nor the contact; the engine is told to stop thinking."""
    await house.lived_in()
    item = await house.hold("SM3")

    await house.people.erasures.erase(await house.known(), actor="Bea")
    turn = house.turn(item, "my secret", leads=(Lead(interest="a blue table"),))
    with pytest.raises(LeaseLost):
        await house.store.finish_work(item, turn)
    await house.store.postpone_work(item, due=0)

    assert item.conversation_id in house.engine.interrupted
    assert (await house.store.claim_work(limit=10, held=())).items == ()
    assert "a blue table" not in await house.everything()


async def test_a_reply_being_sent_is_forgotten_too_once_it_has_an_id(house: House) -> None:
    """Which comes after the erasure; none of those that waited is sent."""
    await house.lived_in()
    (sending,) = (await house.store.claim_outbox(limit=1, held=())).items
    receipt = await house.people.erasures.erase(await house.known(), actor="Bea")
    await house.people.erasures.work()
    early = await house.people.erasures.receipt(receipt.id)

    await house.store.mark_sent(sending, sid="SMlate")
    done = await completed(house, receipt)

    assert early.done_at is None
    assert house.shelf.deleted == ["SM1", "SM2", "SMlate"]
    assert done.provider["deleted"] == 3
    assert (await house.store.claim_outbox(limit=10, held=())).items == ()


async def test_the_provider_is_asked_until_it_is_done(house: House) -> None:
    """What it refuses for good is in the receipt, and what it puts off for too long."""
    await house.lived_in()
    house.shelf.moods = {"SM1": ["later", "later", "refused"], "SM2": ["later"] * 40}

    receipt = await completed(house, await house.people.erasures.erase(await house.known(), actor="Bea"))

    assert receipt.provider == {"deleted": 0, "absent": 0, "refused": 2}


async def test_a_contact_who_writes_again_is_a_new_one(house: House) -> None:
    """In a new conversation, that nothing old is in and that the end of the erasure leaves alone."""
    old = await house.lived_in()
    receipt = await house.people.erasures.erase(await house.known(), actor="Bea")
    fresh = await house.hold("SM9", "hello again")
    await house.store.finish_work(fresh, house.turn(fresh, "hi"))
    await house.store.transact(lambda: counted(fresh.id))
    await completed(house, receipt)

    used = [line for line in (await house.everything()).splitlines() if line.startswith("usage") and ADDRESS in line]
    assert len(used) == 1
    assert fresh.conversation_id != old.conversation_id
    told = (await History(store=house.store).page(fresh.conversation_id)).items
    assert sorted(one.text for one in told) == ["hello again", "hi"]
    assert (await house.people.contacts.get(await house.known())).name == "Ana Paz"
    with pytest.raises(Conflict, match="the contact was erased"):
        await house.people.conversations.say(old.conversation_id, [Reply(text="x")], actor="Bea")


async def stopped(house: House, sid: str, *, wish: str = "STOP", address: str = ADDRESS) -> None:
    """A contact says STOP, or takes it back."""
    item = await house.hold(sid, wish, address=address)
    state = replace(item.state, opted_out=wish == "STOP")
    await house.store.finish_work(item, replace(house.turn(item), state=state))


async def opted_out(house: House, *, contact: str = ADDRESS, own: str = "+9", channel: str = "whatsapp") -> bool:
    """Whether a conversation is one of somebody who said STOP; it is made if there is none."""
    lane = await house.store.conversation(channel=channel, own=own, contact=contact)
    return (await house.people.conversations.get(lane)).opted_out


@pytest.mark.parametrize("address", [ADDRESS, "ñandú\n+1", "US.13491208655302741918"])
async def test_who_said_stop_and_was_erased_is_not_written_to(house: House, address: str) -> None:
    """Neither by a person or program first, nor by the bot when they write again; only a hash is left of them."""
    await stopped(house, "SM1", address=address)
    receipt = await completed(house, await house.people.erasures.erase(await house.known(address), actor="Bea"))
    left = await house.everything()

    lane = await house.store.conversation(channel="whatsapp", own="+9", contact=address)
    with pytest.raises(Conflict, match="said STOP"):
        await house.people.conversations.say(lane, [Reply(text="hi")], actor="Bea")
    again = await house.hold("SM2", "hello again", address=address)

    assert receipt.counts["suppressed"] == 1
    assert address not in left
    assert again.state.opted_out


async def test_a_new_conversation_of_who_said_stop_begins_so_whoever_makes_it(house: House) -> None:
    """All messages that come together for it, and with it others that have nothing to do with it."""
    await stopped(house, "SM1")
    await house.people.erasures.erase(await house.known(), actor="Bea")
    now, others = house.clock.now(), [f"whatsapp:+54911555009{number:02}" for number in range(10)]
    messages = [inbound(f"SM2{one}", now=now, contact=one, channel="whatsapp") for one in (ADDRESS, *others, ADDRESS)]
    messages[-1] = structs.replace(messages[-1], sid="SM3")

    await asyncio.gather(*(house.store.accept(one, begin=True) for one in messages))

    assert await opted_out(house)
    assert not any([await opted_out(house, contact=one) for one in others])


async def test_a_message_that_is_begun_at_once_is_of_who_said_stop_too(house: House) -> None:
    """Where a store begins the work with the message, and where it is claimed."""
    await stopped(house, "SM1")
    await house.people.erasures.erase(await house.known(), actor="Bea")
    message = inbound("SM2", now=house.clock.now(), contact=ADDRESS, channel="whatsapp")

    begun = (await house.store.accept(message, begin=True)).begun
    (item,) = (begun,) if begun else (await house.store.claim_work(limit=1, held=())).items

    assert item.state.opted_out


async def test_only_whom_and_where_they_said_stop_is_remembered(house: House) -> None:
    """Not the contact at another of our addresses or on another channel, and nobody else."""
    await stopped(house, "SM1")
    await house.people.erasures.erase(await house.known(), actor="Bea")

    assert await opted_out(house)
    assert not await opted_out(house, own="+8")
    assert not await opted_out(house, channel="sms")
    assert not await opted_out(house, contact=f"{ADDRESS}1")


async def test_who_took_a_stop_back_is_as_others_are(house: House) -> None:
    """Erased once with it and once without; nothing is left of the first time."""
    await stopped(house, "SM1")
    await house.people.erasures.erase(await house.known(), actor="Bea")
    await stopped(house, "SM2", wish="START")
    later = await house.hold("SM3")
    await house.store.finish_work(later, house.turn(later))
    open_again = not later.state.opted_out and not await opted_out(house)
    receipt = await house.people.erasures.erase(await house.known(), actor="Bea")

    assert open_again
    assert receipt.counts["suppressed"] == 0
    assert not await opted_out(house)
    assert not [line for line in (await house.everything()).splitlines() if line.startswith("suppression [")]


async def test_an_older_backup_in_which_they_had_not_said_stop_takes_none_back(house: House) -> None:
    """They are erased again in it; the list that was carried there stays."""
    await stopped(house, "SM1")
    await house.people.erasures.erase(await house.known(), actor="Bea")
    ledger = await house.people.erasures.ledger()
    restored = await house.hold("SM2")
    await house.store.finish_work(
        restored, replace(house.turn(restored), state=replace(restored.state, opted_out=False))
    )

    count = await house.people.erasures.reapply([replace(one, at=house.clock.now()) for one in ledger])

    assert count == 1
    assert await opted_out(house)


@pytest.mark.parametrize("secret", [b"", b"k", bytes(range(32)), bytes(range(64))])
def test_the_hash_is_hmac_sha256(secret: bytes) -> None:
    """By its two blocks, so that a database can compute it too."""
    lane = Lane("whatsapp", "whatsapp:+9", "ñ")

    assert Key.of(secret).digest(lane) == hmac.new(secret, "\n".join(lane).encode(), "sha256").digest()


async def test_a_message_that_waited_for_an_erasure_begins_stopped(server: Server) -> None:
    """It came in the middle of the erasure's transaction, which it did not see when it began to be stored."""
    dsn = await tenant_dsn(await new_database(server), "a")
    store = PostgresStore(
        database=Database(dsn=lambda: dsn, tenant="a"), clock=Lagging(), new_id=lambda: "o", owner="p", lease=20.0
    )
    await store.open()
    await store.accept(inbound("SM1", now=Lagging().now(), contact=ADDRESS))
    key = Key.of(b"secret")
    async with connected(dsn) as erasing:
        async with erasing.transaction():
            await erasing.execute("UPDATE switchboard.conversation SET contact = 'erased:1'")
            await erasing.execute(
                "INSERT INTO switchboard.suppression_key SELECT tenant_id, $1, $2 FROM switchboard.conversation", *key
            )
            await erasing.execute(
                "INSERT INTO switchboard.suppression SELECT tenant_id, $1 FROM switchboard.conversation",
                key.digest(Lane("sms", "+9", ADDRESS)),
            )
            coming = asyncio.create_task(store.accept(inbound("SM2", now=Lagging().now(), contact=ADDRESS)))
            await eventually(lambda: waits(erasing), within=20)
        await coming
    items = {one.message.sid: one for one in (await store.claim_work(limit=9, held=())).items}
    await store.close()

    assert items["SM2"].state.opted_out
    assert not items["SM1"].state.opted_out


async def waits(connection: asyncpg.Connection) -> bool:
    """Whether another session waits for this one's transaction."""
    return bool(
        await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        )
    )


async def test_another_contact_loses_nothing(house: House) -> None:
    """However alike."""
    other = "whatsapp:+54911555002001"
    item = await house.hold("SM7", "kept", address=other)
    await house.store.finish_work(item, house.turn(item, "kept too"))
    await house.lived_in()
    await house.store.transact(lambda: counted(item.id, address=other))
    hook = Webhook(key="k", path="/x", content_type="", body=b"From=%2B54911555002001", reason="?", received_at=0)
    await house.store.quarantine(hook)

    await completed(house, await house.people.erasures.erase(await house.known(), actor="Bea"))

    told = (await History(store=house.store).page(item.conversation_id)).items
    assert sorted(one.text for one in told) == ["kept", "kept too"]
    assert await house.known(other)
    left = await house.everything()
    assert "From=%2B54911555002001" in left
    for table in ("usage", "pace", "reservation", "webhook_delivery"):
        assert [line for line in left.splitlines() if line.startswith(table) and other in line], table


async def test_an_older_backup_is_erased_again_by_the_ledger(house: House, tmp_path: Path, server: Server) -> None:
    """Who wrote after their erasure is left alone."""
    await house.lived_in()
    receipt = await house.people.erasures.erase(await house.known(), actor="Bea")
    ledger = await house.people.erasures.ledger()
    (tmp_path / "restored").mkdir()
    async with open_store("sqlite", clock=house.clock, folder=tmp_path / "restored", server=server) as store:
        restored = House(store, house.clock)
        await restored.lived_in()
        house.clock.ahead += 60
        stranger = await restored.hold("SM8", "not erased", address="whatsapp:+1")
        await store.finish_work(stranger, restored.turn(stranger))

        early = await restored.people.erasures.reapply([replace(one, at=receipt.at - 3600) for one in ledger])
        count = await restored.people.erasures.reapply([replace(one, at=house.clock.now()) for one in ledger])
        again = await restored.people.erasures.reapply([replace(one, at=house.clock.now()) for one in ledger])
        left = await restored.everything()

    assert (early, count, again) == (0, 1, 0)
    assert "my secret" not in left
    assert "not erased" in left
    assert ADDRESS not in json.dumps([one.subjects for one in ledger])


async def test_nobody_is_erased_who_is_not_there(house: House) -> None:
    """It is said."""
    with pytest.raises(NotFound, match="contact nobody is not there"):
        await house.people.erasures.erase("nobody", actor="Bea")
    with pytest.raises(NotFound, match="erasure none is not there"):
        await house.people.erasures.receipt("none")


async def test_an_export_has_all_that_is_kept_of_a_contact(house: House) -> None:
    """A line each, with the URLs of media; that it was made is in the audit log."""
    await house.lived_in()
    contact = await house.known()

    lines = [json.loads(line) async for line in house.people.exports.lines(contact, actor="Bea")]

    assert [line["type"] for line in lines if line["type"] != "audit"] == [
        "contact",
        "note",
        "lead",
        "conversation",
        "message",
        "message",
        "message",
    ]
    whole = json.dumps(lines)
    assert [word for word in SECRETS if word not in whole] == []
    assert lines[-1]["action"] == "contact.exported"
    with pytest.raises(NotFound):
        await anext(house.people.exports.lines("nobody", actor="Bea"))


async def test_what_is_too_old_goes_and_the_rest_stays(house: House) -> None:
    """With all it led to; what still waits is not taken away, however old."""
    item = await house.lived_in()
    (waiting,) = (await house.store.claim_outbox(limit=1, held=())).items
    behind = await house.hold("SM4", "asked long ago")
    await house.store.finish_work(behind, house.turn(behind, "waits"))
    house.clock.ahead = 31 * DAY
    await house.people.keep()
    held_back = (await History(store=house.store).page(item.conversation_id)).items
    await house.store.mark_failed(waiting, code=None, reason="given up")
    fresh = await house.hold("SM5", "new")
    await house.store.finish_work(fresh, house.turn(fresh, "new answer"))

    house.clock.ahead += 700
    await house.people.keep()

    told = (await History(store=house.store).page(item.conversation_id)).items
    assert [one.text for one in held_back] == ["waits", "asked long ago", "my secret"]
    assert [one.text for one in told] == ["new answer", "new", "waits", "asked long ago"]
    assert "From=" not in await house.everything()
    assert await house.known()


async def test_contacts_that_wrote_long_ago_are_forgotten(house: House) -> None:
    """Without a word to the provider, which has rules of its own."""
    house = House(house.store, house.clock, retention={"contacts": "60d"})
    await house.lived_in()
    house.clock.ahead = 61 * DAY

    await house.people.keep()
    house.clock.ahead += 3600
    await house.people.keep()
    left = await house.everything()

    assert [word for word in SECRETS if word in left] == []
    assert (await house.people.contacts.page()).items == ()
    assert house.shelf.deleted == []
    assert "contact.expired" in [one.action for one in (await house.audit.page()).items]
