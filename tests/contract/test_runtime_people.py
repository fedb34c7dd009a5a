"""Conversations, take-over, contacts, leads and the audit log: the same on both stores."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from switchboard_runtime.assistants import Answer, Lead, Question
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.config import Assistant, TenantDocument
from switchboard_runtime.conversation.turn import Ask
from switchboard_runtime.errors import Conflict, InvalidRequest, LeaseLost, NotFound
from switchboard_runtime.ids import Ids
from switchboard_runtime.people import Audit, Contacts, Conversations, History, PeopleHook
from switchboard_runtime.store import Reply, Turn, texts
from tests.contract.store_kit import KINDS, inbound, open_store
from tests.support.postgres import Server, running_server
from tests.unit.runtime.kit import document

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from switchboard_runtime.people import Contact
    from switchboard_runtime.store import Inbound, Store, WorkItem

CONTACTS = {
    "fields": [
        {"name": "city", "oneOf": ["Rosario", "Salta"]},
        {"name": "employees", "type": "integer"},
        {"name": "since", "type": "date"},
        {"name": "vip", "type": "boolean"},
    ]
}


class Lagging:
    """The real time, plus what a test adds."""

    ahead = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return SystemClock().now() + self.ahead

    async def wait(self, event: Any, *, until: float) -> None:
        """Nobody waits here."""
        raise AssertionError("not waited for")


class Told:
    """An engine that only remembers what it was told."""

    def __init__(self) -> None:
        self.interrupted: list[int] = []
        self.nudges = 0

    def interrupt(self, conversation_id: int) -> bool:
        """Cancel the call of an assistant."""
        self.interrupted.append(conversation_id)
        return True

    def nudge(self) -> None:
        """Look for work."""
        self.nudges += 1


@dataclass(frozen=True, kw_only=True)
class Office:
    """A tenant's people over a store."""

    store: Store
    clock: Lagging
    engine: Told
    audit: Audit
    conversations: Conversations
    contacts: Contacts
    hook: PeopleHook

    async def receive(self, message: Inbound, *answers: str, said: Answer | None = None, **state: Any) -> WorkItem:
        """A message comes and is worked on, as the engine does it."""
        await self.store.accept(message)
        (item,) = (await self.store.claim_work(limit=1, held=())).items
        after = replace(item.state, **state)
        turn = Turn(replies=texts(*answers), state=after, outcome="opted out" if after.opted_out else "answered")
        await self.store.finish_work(item, self.hook.after(item, turn, said))
        return item

    async def contact(self, address: str = "+1", channel: str = "sms") -> Contact:
        """Who writes from there."""
        found = await self.contacts.of(channel=channel, address=address)
        assert found is not None
        return found

    async def acts(self) -> list[str]:
        """What was entered, oldest first."""
        return [entry.action for entry in reversed((await self.audit.page()).items)]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@pytest.fixture(params=KINDS)
async def office(request: pytest.FixtureRequest, tmp_path: Path, server: Server) -> AsyncIterator[Office]:
    """Each store in turn."""
    clock, ids, engine = Lagging(), Ids(), Told()
    tenant = TenantDocument.model_validate_json(json.dumps(document(contacts=CONTACTS)))
    async with open_store(request.param, clock=clock, folder=tmp_path, server=server) as store:
        audit = Audit(store=store, clock=clock, new_id=ids)
        yield Office(
            store=store,
            clock=clock,
            engine=engine,
            audit=audit,
            conversations=Conversations(store=store, engine=engine, audit=audit, clock=clock, new_id=ids),
            contacts=Contacts(store=store, document=tenant, audit=audit, clock=clock, new_id=ids),
            hook=PeopleHook(document=tenant, store=store, audit=audit, clock=clock, new_id=ids),
        )


def message(sid: str, text: str = "hello", *, contact: str = "+1", name: str | None = None, **more: Any) -> Inbound:
    """A message that came now."""
    one = inbound(sid, now=SystemClock().now(), contact=contact, text=text, **more)
    return structs.replace(one, fields=(*one.fields, ("ProfileName", name))) if name else one


# conversations


async def test_conversations_are_found_by_what_they_are(office: Office) -> None:
    """The newest first; each filter by itself and with others."""
    first = await office.receive(message("SM1", contact="+1"))
    second = await office.receive(message("SM2", contact="+2"), opted_out=True)
    third = await office.receive(message("SM3", contact="+3", channel="whatsapp"))
    await office.conversations.take_over(third.conversation_id, actor="Ana")
    known = await office.contact("+2")
    await office.contacts.update(known.id, actor="Ana", add_tags=["vip"])
    changed = (await office.conversations.get(second.conversation_id)).updated_at

    async def found(**chosen: Any) -> list[str]:
        return [one.contact for one in (await office.conversations.page(**chosen)).items]

    assert await found() == ["+3", "+2", "+1"]
    assert await found(mode="human") == ["+3"]
    assert await found(opted_out=True) == ["+2"]
    assert await found(opted_out=False, mode="bot") == ["+1"]
    assert await found(contact="+1") == await found(contact=(await office.contact("+1")).id) == ["+1"]
    assert await found(tag="vip") == ["+2"]
    assert await found(updated_since=changed) == ["+3", "+2"]
    assert await found(tag="nobody") == []
    tagged = await office.conversations.get(second.conversation_id)
    assert (tagged.contact_id, tagged.tags, tagged.opted_out) == (known.id, ("vip",), True)
    assert (await office.conversations.get(first.conversation_id)).person is None


async def test_a_list_of_conversations_is_read_page_by_page(office: Office) -> None:
    """Each once."""
    for number in range(7):
        await office.receive(message(f"SM{number}", contact=f"+{number}"))

    seen, cursor = list[str](), None
    while True:
        page = await office.conversations.page(limit=3, cursor=cursor)
        seen += [one.contact for one in page.items]
        cursor = page.next
        if cursor is None:
            break

    assert seen == [f"+{number}" for number in reversed(range(7))]


async def test_words_are_found_whatever_their_case_and_accents(office: Office) -> None:
    """In what either side said; a sign that SQL knows is a sign like others."""
    first = await office.receive(message("SM1", "¿Tienen CAMIÓN eléctrico?"), "Sí, un camion rojo")
    second = await office.receive(message("SM2", "100% seguro_", contact="+2"), "ÑANDÚ")

    async def found(words: str, **more: Any) -> list[tuple[int, str]]:
        hits = (await office.conversations.search(words, **more)).items
        return [(hit.conversation_id, hit.direction) for hit in hits]

    assert await found("camión") == [(first.conversation_id, "out"), (first.conversation_id, "in")]
    assert await found("Electrico") == [(first.conversation_id, "in")]
    assert await found("nandu", conversation_id=second.conversation_id) == [(second.conversation_id, "out")]
    assert await found("nandu", conversation_id=first.conversation_id) == []
    assert await found("0% seguro_") == [(second.conversation_id, "in")]
    assert await found("0%o") == []
    with pytest.raises(InvalidRequest, match="words: are 0 characters; give 1 to 200"):
        await found("  ")


async def test_a_search_goes_on_where_it_stopped(office: Office) -> None:
    """Each hit once."""
    for number in range(6):
        await office.receive(message(f"SM{number}", f"needle {number}"), f"needle answer {number}")

    texts_found, cursor = list[str](), None
    for _ in range(20):
        page = await office.conversations.search("NEEDLE", limit=5, cursor=cursor)
        texts_found += [hit.text for hit in page.items]
        cursor = page.next
        if cursor is None:
            break

    assert len(texts_found) == 12
    assert len(set(texts_found)) == 12


# take-over


async def test_a_take_over_is_told_to_the_engine_and_entered_once(office: Office) -> None:
    """The same person again changes nothing; another needs force."""
    item = await office.receive(message("SM1"), "bot")

    taken = await office.conversations.take_over(item.conversation_id, actor="Ana")
    await office.conversations.take_over(item.conversation_id, actor="Ana")
    with pytest.raises(Conflict, match="is with Ana; ask them, or take it by force"):
        await office.conversations.take_over(item.conversation_id, actor="Bea")
    forced = await office.conversations.take_over(item.conversation_id, actor="Bea", force=True)

    assert (taken.mode, taken.person, taken.epoch) == ("human", "Ana", item.state.epoch + 1)
    assert forced.person == "Bea"
    assert office.engine.interrupted == [item.conversation_id]
    assert await office.acts() == ["conversation.taken", "conversation.taken"]
    with pytest.raises(NotFound, match="conversation 4711 is not there"):
        await office.conversations.take_over(4711, actor="Ana")


async def test_after_a_hand_back_the_bot_answers_what_comes_then(office: Office) -> None:
    """Not what was written while a person had it, however late that is worked on."""
    item = await office.receive(message("SM1"))
    await office.conversations.take_over(item.conversation_id, actor="Ana")
    await office.store.accept(message("SM2", "while Ana has it"))
    back = await office.conversations.hand_back(item.conversation_id, actor="Ana")
    (late,) = (await office.store.claim_work(limit=1, held=())).items

    silent = await office.hook.before(late, ask_of(late))
    await office.store.finish_work(late, Turn(replies=(), state=late.state, outcome="with a human"))
    await office.store.accept(message("SM3", "now"))
    (fresh,) = (await office.store.claim_work(limit=1, held=())).items
    asked = await office.hook.before(fresh, ask_of(fresh))

    assert (back.mode, back.person, back.since) == ("bot", None, None)
    assert isinstance(silent, Turn)
    assert (silent.replies, silent.outcome) == ((), "with a human")
    assert not isinstance(asked, Turn)
    assert await office.acts() == ["conversation.taken", "conversation.handed_back"]


async def test_a_person_writes_in_order_and_has_the_conversation(office: Office) -> None:
    """The bot's words that have not left are ended; the same key says it once."""
    item = await office.receive(message("SM1"), "bot")
    words = [Reply(text="one"), Reply(text="two", author="somebody else")]

    ids = await office.conversations.say(item.conversation_id, words, actor="Ana", key="k1")
    again = await office.conversations.say(item.conversation_id, words, actor="Ana", key="k1")

    assert ids == again
    told = (await History(store=office.store).page(item.conversation_id)).items
    assert [(one.author, one.text, one.status) for one in told[:3]] == [
        ("Ana", "two", "queued"),
        ("Ana", "one", "queued"),
        ("bot", "bot", "failed"),
    ]
    assert (await office.conversations.get(item.conversation_id)).person == "Ana"
    assert await office.acts() == ["conversation.taken", "conversation.said"]


async def test_a_notice_leaves_the_bot_in_charge(office: Office) -> None:
    """And its words on their way."""
    item = await office.receive(message("SM1"), "bot")

    await office.conversations.say(item.conversation_id, [Reply(text="shipped")], actor="shop", take_over=False)

    told = (await History(store=office.store).page(item.conversation_id)).items
    assert [(one.author, one.status) for one in told[:2]] == [("shop", "queued"), ("bot", "queued")]
    assert (await office.conversations.get(item.conversation_id)).mode == "bot"


async def test_nobody_writes_to_who_said_stop(office: Office) -> None:
    """Nor nothing."""
    item = await office.receive(message("SM1"), opted_out=True)

    with pytest.raises(Conflict, match="said STOP; only their START"):
        await office.conversations.say(item.conversation_id, [Reply(text="one")], actor="Ana")
    with pytest.raises(InvalidRequest, match="replies: one is empty"):
        await office.conversations.say(item.conversation_id, [Reply()], actor="Ana")
    with pytest.raises(InvalidRequest, match="replies: are 0; give 1 to 20"):
        await office.conversations.say(item.conversation_id, [], actor="Ana")
    assert await office.acts() == ["contact.opted_out"]


async def test_nobody_writes_to_who_only_asks(office: Office) -> None:
    """On the JSON API, where an answer goes into its request's response."""
    item = await office.receive(message("SM1", channel="http"))

    with pytest.raises(Conflict, match="reads answers to their own requests only"):
        await office.conversations.say(item.conversation_id, [Reply(text="one")], actor="Ana")
    assert (await office.conversations.get(item.conversation_id)).mode == "bot"


async def test_a_conversation_that_people_forget_goes_back_to_the_bot(office: Office) -> None:
    """From the last thing that a person did, whoever it was; a hand-off by the bot counts from itself."""
    taken = await office.receive(message("SM1", contact="+1"))
    handed = await office.receive(message("SM2", contact="+2"), "wait", mode="human", epoch=1)
    await office.conversations.take_over(taken.conversation_id, actor="Ana")

    office.clock.ahead = 500
    await office.conversations.say(taken.conversation_id, [Reply(text="still here")], actor="Ana")
    early = await office.conversations.return_forgotten(after=600)
    office.clock.ahead = 700
    first = await office.conversations.return_forgotten(after=600)
    modes = [(await office.conversations.get(one.conversation_id)).mode for one in (taken, handed)]
    office.clock.ahead = 1200
    second = await office.conversations.return_forgotten(after=600)

    assert (early, first, second) == (0, 1, 1)
    assert modes == ["human", "bot"]
    assert (await office.acts())[-1] == "conversation.returned"


async def test_who_writes_at_the_last_moment_keeps_the_conversation(office: Office) -> None:
    """Between the look for forgotten conversations and the hand-back."""
    item = await office.receive(message("SM1"))
    await office.conversations.take_over(item.conversation_id, actor="Ana")
    looked_at = office.clock.now()
    office.clock.ahead = 10
    await office.conversations.say(item.conversation_id, [Reply(text="still here")], actor="Ana")

    with pytest.raises(Conflict, match="is attended to"):
        await office.conversations._given_back(
            item.conversation_id, actor="system", action="conversation.returned", before=looked_at
        )

    assert (await office.conversations.get(item.conversation_id)).person == "Ana"
    assert "conversation.returned" not in await office.acts()


async def test_a_turn_begun_before_a_take_over_is_not_kept(office: Office) -> None:
    """Nor the lead it brought, nor its entry."""
    item = await office.receive(message("SM1"))
    await office.store.accept(message("SM2"))
    (late,) = (await office.store.claim_work(limit=1, held=())).items
    await office.conversations.take_over(item.conversation_id, actor="Ana")
    said = Answer(text="ok", leads=(Lead(interest="a table"),))

    turn = office.hook.after(late, Turn(replies=texts("ok"), state=late.state, outcome="answered"), said)
    with pytest.raises(LeaseLost):
        await office.store.finish_work(late, turn)

    assert (await office.contacts.leads()).items == ()
    assert await office.acts() == ["conversation.taken"]


# contacts


async def test_a_contact_is_known_from_their_first_message(office: Office) -> None:
    """By name and address; one without a phone number too."""
    at = (await office.receive(message("SM1", contact="whatsapp:US.13491", channel="whatsapp", name="Ana"))).message
    await office.receive(message("SM2", contact="whatsapp:US.13491", channel="whatsapp", name="Other"))

    known = await office.contact("whatsapp:US.13491", "whatsapp")

    assert (known.name, known.phone, known.stage, known.language) == ("Ana", None, "new", None)
    assert known.first_seen == pytest.approx(at.received_at)
    assert known.last_seen > known.first_seen
    assert (await office.contacts.page()).items == (known,)


async def test_a_phone_number_is_one_contact_on_every_channel(office: Office) -> None:
    """With an address for each."""
    await office.receive(message("SM1", contact="+5491155500200"))
    await office.receive(message("SM2", contact="whatsapp:+5491155500200", channel="whatsapp", name="Ana"))

    known = await office.contact("+5491155500200")

    assert [(one.channel, one.address) for one in known.identities] == [
        ("sms", "+5491155500200"),
        ("whatsapp", "whatsapp:+5491155500200"),
    ]
    assert (known.name, known.phone) == ("Ana", "+5491155500200")


async def test_what_is_known_of_a_contact_is_changed_and_entered(office: Office) -> None:
    """What is not given stays; what changed is in the log, not to what."""
    await office.receive(message("SM1", name="Ana"))
    known = await office.contact()

    await office.contacts.update(
        known.id, actor="Bea", stage="won", fields={"city": "Salta", "employees": 5}, add_tags=["vip", "old"]
    )
    after = await office.contacts.update(
        known.id, actor="Bea", email="ana@example.com", fields={"employees": None, "vip": True}, remove_tags=["old"]
    )

    assert (after.name, after.email, after.stage, after.tags) == ("Ana", "ana@example.com", "won", ("vip",))
    assert after.fields == {"city": "Salta", "vip": True}
    entries = (await office.audit.page()).items
    assert [json.loads(one.details)["changed"] for one in reversed(entries)] == [
        "fields.city, fields.employees, stage, tags",
        "email, fields.employees, fields.vip, tags",
    ]
    found = [
        await office.contacts.page(stage="won"),
        await office.contacts.page(tag="vip"),
        await office.contacts.page(words="ANÁ"),
        await office.contacts.page(stage="lost"),
    ]
    assert [len(page.items) for page in found] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stage": "sold"}, "stage: is 'sold'; give one of new, qualified, won, lost"),
        ({"language": "de"}, "language: is 'de'; give one of es, en"),
        ({"fields": {"size": 1}}, "fields.size: is no field; there are city, employees, since, vip"),
        ({"fields": {"employees": "5"}}, "fields.employees: is no integer"),
        ({"fields": {"employees": True}}, "fields.employees: is no integer"),
        ({"fields": {"city": "Lima"}}, "fields.city: is 'Lima'; give one of Rosario, Salta"),
        ({"fields": {"since": "31/12/2026"}}, "fields.since: is no date; give one, dates as 2026-12-31"),
        ({"fields": {"vip": 1}}, "fields.vip: is no boolean"),
        ({"name": " "}, "name: has 0 characters; give 1 to 200"),
        ({"add_tags": ["x" * 65]}, "tags: has 65 characters; give 1 to 64"),
    ],
)
async def test_what_does_not_fit_is_refused_with_its_field(office: Office, change: dict[str, Any], said: str) -> None:
    """And nothing is changed."""
    await office.receive(message("SM1"))
    known = await office.contact()

    with pytest.raises(InvalidRequest, match=said):
        await office.contacts.update(known.id, actor="Bea", **change)

    assert await office.contact() == known


async def test_a_language_that_was_chosen_sticks(office: Office) -> None:
    """Though the contact writes in another; all their conversations go on in it, until it is not chosen any more."""
    item = await office.receive(message("SM1"))
    known = await office.contact()
    await office.contacts.update(known.id, actor="Bea", language="en")
    await office.store.accept(message("SM2", "hola, quiero una mesa"))
    (next_one,) = (await office.store.claim_work(limit=1, held=())).items

    asked = await office.hook.before(next_one, ask_of(next_one, language="es"))

    assert not isinstance(asked, Turn)
    assert (asked.question.language, asked.state.language) == ("en", "en")
    assert (await office.conversations.get(item.conversation_id)).language == "en"


async def test_two_contacts_become_one(office: Office) -> None:
    """With all that either had; the old id leads to the new contact."""
    await office.receive(message("SM1", contact="+1111111", name="Ana"))
    await office.receive(message("SM2", contact="whatsapp:AR.9", channel="whatsapp", name="Anita"))
    first, second = await office.contact("+1111111"), await office.contact("whatsapp:AR.9", "whatsapp")
    await office.contacts.update(first.id, actor="Bea", add_tags=["a"], fields={"city": "Salta"}, email="a@example.com")
    await office.contacts.update(second.id, actor="Bea", add_tags=["b"], fields={"vip": True})
    await office.contacts.note(first.id, "likes oak", actor="Bea")

    one = await office.contacts.merge(first.id, into=second.id, actor="Bea")
    await office.receive(message("SM3", contact="+1111111", name="Ana"))

    assert (one.id, one.name, one.email, one.phone) == (second.id, "Anita", "a@example.com", "+1111111")
    assert (one.tags, one.fields) == (("a", "b"), {"city": "Salta", "vip": True})
    assert len(one.identities) == 2
    assert one.first_seen == first.first_seen
    assert (await office.contacts.get(first.id)).id == second.id
    assert [note.text for note in await office.contacts.notes(first.id)] == ["likes oak"]
    assert len((await office.contacts.page()).items) == 1
    with pytest.raises(Conflict, match="are one already"):
        await office.contacts.merge(first.id, into=second.id, actor="Bea")


async def test_nothing_is_known_of_who_is_not_there(office: Office) -> None:
    """It is said so."""
    for asked in (
        office.contacts.get("nobody"),
        office.contacts.update("nobody", actor="Bea", stage="won"),
        office.contacts.note("nobody", "text", actor="Bea"),
        office.contacts.merge("nobody", into="noone", actor="Bea"),
    ):
        with pytest.raises(NotFound, match="contact nobody is not there"):
            await asked
    assert await office.acts() == []


async def test_leads_are_kept_once_with_the_turn_they_were_told_in(office: Office) -> None:
    """And tell of the contact what was not known."""
    leads = (Lead(name="Ana Paz", email="ana@example.com", interest="a table"), Lead(interest="six chairs"))
    await office.receive(message("SM1"), "ok", said=Answer(text="ok", leads=leads))

    kept = await office.contacts.leads()
    known = await office.contact()

    assert sorted(one.interest for one in kept.items) == ["a table", "six chairs"]
    assert {one.contact_id for one in kept.items} == {known.id}
    assert (known.name, known.email) == ("Ana Paz", "ana@example.com")
    assert (await office.contacts.leads(contact_id="nobody")).items == ()
    assert await office.acts() == ["lead.captured", "lead.captured"]


# audit


async def test_the_log_holds_and_says_where_it_does_not(office: Office) -> None:
    """A head that was seen before must be in it."""
    for number in range(6):
        await office.audit.record(office.audit.act("Ana", "did", f"thing/{number}", number=number))
    head = await office.audit.head()
    whole = await office.audit.verify()

    assert (whole.ok, whole.entries, whole.head) == (True, 6, head)
    assert (await office.audit.verify(known=head)).ok


async def test_acts_of_many_at_once_make_one_chain(office: Office) -> None:
    """Whoever comes first, each has its own number."""
    items = [await office.receive(message(f"SM{number}", contact=f"+{number}")) for number in range(6)]
    names = ("Ana", "Bea")

    await asyncio.gather(
        *(office.audit.record(office.audit.act("Ana", "did", f"thing/{number}")) for number in range(12)),
        *(office.conversations.take_over(one.conversation_id, actor=names[one.conversation_id % 2]) for one in items),
    )

    verdict = await office.audit.verify()
    assert (verdict.ok, verdict.entries) == (True, 18)


async def test_an_act_is_entered_once_however_often_it_is_written(office: Office) -> None:
    """As when the answer to a commit is lost."""
    act = office.audit.act("Ana", "did", "thing/1")

    await office.audit.record(act)
    await office.audit.record(act)

    assert (await office.audit.verify()).entries == 1


def ask_of(item: WorkItem, *, language: str = "es") -> Ask:
    """The question that a message is."""
    question = Question(text=item.message.text, language=language, languages=("es", "en"), display_name="Acme")
    return Ask(assistant=Assistant(name="a"), question=question, state=replace(item.state, language=language))
