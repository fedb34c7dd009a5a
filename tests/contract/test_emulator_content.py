"""Content templates: what can be made, how WhatsApp reviews it, and what is sent of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from twilio.rest.content.v1.content import ContentList
from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import NUMBER, PHONE, SyncWorld, a_world, refused
from tests.contract.test_emulator_whatsapp import OWN, USER, admin, online

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = {"twilio/text": {"body": "Hola {{1}}, su mesa {{2}} llega hoy."}}
SAMPLES = {"1": "Ana", "2": "Pampa"}
QUICK_REPLY = {
    "twilio/quick-reply": {
        "body": "¿Confirma, {{1}}?",
        "actions": [{"type": "QUICK_REPLY", "title": "Sí", "id": "yes-{{1}}"}, {"title": "No", "id": "no"}],
    }
}
LIST_PICKER = {
    "twilio/list-picker": {
        "body": "¿Cuándo?",
        "button": "Elegir",
        "items": [{"id": "am", "item": "Mañana", "description": "9 a 12"}, {"id": "pm", "item": "Tarde"}],
    }
}
URL = "https://a.example/1.jpg"
ACTION = {"type": "URL", "title": "Ver", "url": "https://a.example/{{1}}"}
EVERY_TYPE: dict[str, dict[str, Any]] = {
    "twilio/text": TEXT["twilio/text"],
    "twilio/media": {"body": "Foto", "media": [URL]},
    "twilio/location": {"latitude": 25.01, "longitude": -77.39, "label": "Casa", "id": "home", "address": "Bay St"},
    "twilio/list-picker": LIST_PICKER["twilio/list-picker"],
    "twilio/call-to-action": {"body": "Mire", "actions": [ACTION]},
    "twilio/quick-reply": QUICK_REPLY["twilio/quick-reply"],
    "twilio/card": {
        "title": "Mesa",
        "subtitle": "de roble",
        "media": [URL],
        "actions": [{**ACTION, "webview_size": "TALL"}, {"type": "COPY_CODE", "title": "Copiar", "code": "X1"}],
    },
    "twilio/catalog": {"body": "Mesas", "title": "Todo", "items": [{"id": "1", "name": "Pampa", "price": 120.5}]},
    "twilio/carousel": {
        "body": "Mesas",
        "cards": [{"title": "Pampa", "body": "Roble", "media": URL, "actions": [ACTION]}],
    },
    "twilio/flows": {
        "body": "Pida turno",
        "button_text": "Empezar",
        "type": "OTHER",
        "pages": [{"id": "p1", "title": "Uno", "layout": [{"type": "TEXT", "label": "x"}]}],
    },
    "twilio/schedule": {"id": "s1", "title": "Turnos", "timeSlots": "10:00,11:00"},
    "whatsapp/card": {"body": "Mesa", "footer": "Sur", "header_text": "Oferta", "actions": [ACTION]},
    "whatsapp/authentication": {
        "add_security_recommendation": True,
        "code_expiration_minutes": 5,
        "actions": [{"type": "COPY_CODE", "copy_code_text": "Copiar"}],
    },
    "whatsapp/flows": {"body": "Pida turno", "button_text": "Empezar", "flow_id": "123"},
}
drives = DRIVES = Drives("content")


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount that owns a number; only registered senders send WhatsApp."""
    with a_world() as world:
        world.buy()
        yield world


def make(
    world: SyncWorld, types: dict[str, Any] | None = None, *, variables: dict[str, str] | None = None, **more: Any
) -> Any:
    """Make a template by the SDK, which sends JSON with null for every type that is not given."""
    order = {"language": "es", "types": types or TEXT, "variables": SAMPLES if variables is None else variables}
    return world.sub.content.v1.contents.create(ContentList.ContentCreateRequest({**order, **more}))


def submit(world: SyncWorld, sid: str, name: str = "mesa_llega", category: str = "UTILITY") -> Any:
    """Ask WhatsApp to approve a template."""
    order = ApprovalCreateList.ContentApprovalRequest({"name": name, "category": category})
    return world.sub.content.v1.contents(sid).approval_create.create(order)


def review(world: SyncWorld, sid: str) -> dict[str, Any]:
    """Tell how a review stands."""
    found: dict[str, Any] = world.sub.content.v1.contents(sid).approval_fetch().fetch().whatsapp
    return found


def approved(world: SyncWorld, types: dict[str, Any] | None = None) -> Any:
    """Return a template that WhatsApp approved."""
    made = make(world, types)
    submit(world, made.sid)
    world.emulator.settle()
    assert review(world, made.sid)["status"] == "approved"
    return made


def send(world: SyncWorld, sid: str, variables: object = None, *, to: str = USER, from_: str = OWN) -> Any:
    """Send a template, and return what became of it."""
    encoded = variables if isinstance(variables, str) else json.dumps(variables)
    more = {} if variables is None else {"content_variables": encoded}
    sent = world.sub.messages.create(to=to, from_=from_, content_sid=sid, **more)
    world.emulator.settle()
    return world.sub.messages(sent.sid).fetch()


# ------------------------------------------------------------------------------------------------------------ endpoints


@drives("POST", "/v1/Content")
def _(world: SyncWorld) -> None:
    made = make(world, friendly_name="llega")
    assert (made.friendly_name, made.language, made.variables) == ("llega", "es", SAMPLES)
    assert made.types == TEXT
    assert made.links["approval_create"].endswith(f"/v1/Content/{made.sid}/ApprovalRequests/whatsapp")


@drives("GET", "/v1/Content")
def _(world: SyncWorld) -> None:
    made = [make(world).sid for _ in range(3)]
    assert [found.sid for found in world.sub.content.v1.contents.list(page_size=2)] == made[::-1]
    assert world.parent.content.v1.contents.list() == []


@drives("GET", "/v1/Content/{Sid}")
def _(world: SyncWorld) -> None:
    made = make(world, QUICK_REPLY)
    assert world.sub.content.v1.contents(made.sid).fetch().types == QUICK_REPLY


@drives("PUT", "/v1/Content/{Sid}")
def _(world: SyncWorld) -> None:
    made = make(world)
    changed = world.sub.content.v1.contents(made.sid).update(ContentList.ContentUpdateRequest({"types": LIST_PICKER}))
    assert (changed.types, changed.variables, changed.language) == (LIST_PICKER, SAMPLES, "es")


@drives("DELETE", "/v1/Content/{Sid}")
def _(world: SyncWorld) -> None:
    made = make(world)
    assert world.sub.content.v1.contents(made.sid).delete()
    with refused(404, 20404, made.sid):
        world.sub.content.v1.contents(made.sid).fetch()


@drives("POST", "/v1/Content/{ContentSid}/ApprovalRequests/whatsapp")
def _(world: SyncWorld) -> None:
    asked = submit(world, make(world).sid)
    assert (asked.name, asked.category, asked.content_type) == ("mesa_llega", "UTILITY", "twilio/text")
    assert (asked.status, asked.rejection_reason) == ("received", "")


@drives("GET", "/v1/Content/{Sid}/ApprovalRequests")
def _(world: SyncWorld) -> None:
    made = make(world)
    assert review(world, made.sid)["status"] == "unsubmitted"


@drives("GET", "/v1/ContentAndApprovals")
def _(world: SyncWorld) -> None:
    made = approved(world)
    (found,) = world.sub.content.v1.content_and_approvals.list()
    assert (found.sid, found.approval_requests["status"]) == (made.sid, "approved")


@drives("GET", "/v1/LegacyContent")
def _(world: SyncWorld) -> None:
    make(world)
    old = make(world)
    assert world.sub.content.v1.legacy_contents.list() == []
    admin(world, "POST", f"/contents/{old.sid}/approval", {"legacyName": "mesa_vieja"})
    (found,) = world.sub.content.v1.legacy_contents.list()
    assert (found.sid, found.legacy_template_name) == (old.sid, "mesa_vieja")
    assert found.legacy_body == TEXT["twilio/text"]["body"]


@pytest.mark.parametrize("operation", sorted(DRIVES), ids=lambda operation: f"{operation[1]} {operation[2]}")
def test_the_sdk_drives_every_endpoint(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """And every call on the way is as documented."""
    DRIVES.check(world, operation)


# --------------------------------------------------------------------------------------------------------------- making


@pytest.mark.parametrize("kind", [kind for kind in EVERY_TYPE if kind != "twilio/schedule"])
def test_every_type_of_the_document_can_be_made(world: SyncWorld, kind: str) -> None:
    """What is given is what is kept; what the SDK calls null is not given."""
    made = make(world, {kind: EVERY_TYPE[kind]})

    assert made.types == {kind: EVERY_TYPE[kind]}


def test_a_schedule_can_be_made_without_the_sdk(world: SyncWorld) -> None:
    """Of 9.13.0, which writes time_slots where Twilio's document has timeSlots."""
    types = {"twilio/schedule": EVERY_TYPE["twilio/schedule"]}
    body = {"language": "es", "types": types}
    reply = world.raw("POST", "/content/v1/Content", (world.sub_sid, world.sub_token), json=body)

    assert (reply.status_code, reply.json()["types"]) == (201, types)
    with refused(400, 20001, "twilio/schedule"):
        make(world, types)


def _text(**fields: Any) -> dict[str, Any]:
    return {"types": {"twilio/text": fields}}


def _picker(**fields: Any) -> dict[str, Any]:
    return {"types": {"twilio/list-picker": {**LIST_PICKER["twilio/list-picker"], **fields}}}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no language": ({"language": None}, "language"),
    "an empty language": ({"language": ""}, "language"),
    "no types": ({"types": None}, "types"),
    "empty types": ({"types": {}}, "types.twilio/text"),
    "types that are a list": ({"types": []}, "types"),
    "an unknown type": ({"types": {"twilio/song": {}}}, "types.twilio/song"),
    "a text without body": (_text(), "types.twilio/text.body"),
    "an empty body": (_text(body=""), "types.twilio/text.body"),
    "a body that is too long": (_text(body="x" * 1601), "types.twilio/text.body"),
    "a body that is a number": (_text(body=7), "types.twilio/text.body"),
    "half a surrogate pair": (_text(body="\ud800"), "types.twilio/text.body"),
    "an unknown field": (_text(body="x", colour="red"), "types.twilio/text.colour"),
    "media that are a text": ({"types": {"twilio/media": {"media": URL}}}, "types.twilio/media.media"),
    "no media": ({"types": {"twilio/media": {"media": []}}}, "types.twilio/media.media"),
    "a latitude beyond the pole": (
        {"types": {"twilio/location": {"latitude": 91, "longitude": 0}}},
        "types.twilio/location.latitude",
    ),
    "a longitude that is a text": (
        {"types": {"twilio/location": {"latitude": 0, "longitude": "0"}}},
        "types.twilio/location.longitude",
    ),
    "an item without id": (_picker(items=[{"item": "x"}]), "types.twilio/list-picker.items[0].id"),
    "eleven items": (
        _picker(items=[{"id": str(index), "item": "x"} for index in range(11)]),
        "types.twilio/list-picker.items",
    ),
    "an item that is too long": (_picker(items=[{"id": "1", "item": "x" * 25}]), "items[0].item"),
    "an unknown kind of button": (
        {"types": {"twilio/quick-reply": {"body": "x", "actions": [{"type": "URL", "title": "x"}]}}},
        "actions[0].type",
    ),
    "actions that are texts": ({"types": {"twilio/quick-reply": {"body": "x", "actions": ["x"]}}}, "actions[0]"),
    "variables that are a list": ({"variables": ["Ana"]}, "variables"),
    "a variable that is a number": ({"variables": {"1": 7}}, "variables.1"),
    "a variable with a space": ({"variables": {"a b": "x"}}, "variables"),
    "a name that is too long": ({"friendly_name": "x" * 451}, "friendly_name"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_template_is_refused_for(world: SyncWorld, name: str) -> None:
    """The refusal names the field; nothing is made."""
    order, names = BAD[name]
    body = {"language": "es", "types": TEXT, **order}
    reply = world.raw("POST", "/content/v1/Content", (world.sub_sid, world.sub_token), json=body)

    assert (reply.status_code, reply.json()["code"]) == (400, 20001), reply.text
    assert names in reply.json()["message"]
    assert world.sub.content.v1.contents.list() == []


def test_the_form_that_an_asynchronous_sdk_sends_is_refused(world: SyncWorld) -> None:
    """twilio-python#932: its JSON body goes out form-encoded."""
    reply = world.raw("POST", "/content/v1/Content", (world.sub_sid, world.sub_token), data={"language": "es"})

    assert reply.status_code == 400
    assert "application/json" in reply.json()["message"]


@pytest.mark.parametrize("act", ["fetch", "update", "delete", "submit", "review"])
def test_another_accounts_template_is_unknown(world: SyncWorld, act: str) -> None:
    """Also to the parent."""
    made = make(world)
    content = world.parent.content.v1.contents(made.sid)
    request = ApprovalCreateList.ContentApprovalRequest({"name": "x", "category": "UTILITY"})
    acts = {
        "fetch": content.fetch,
        "update": lambda: content.update(ContentList.ContentUpdateRequest({"types": TEXT})),
        "delete": content.delete,
        "submit": lambda: content.approval_create.create(request),
        "review": lambda: content.approval_fetch().fetch(),
    }
    with refused(404, 20404, made.sid):
        acts[act]()


# --------------------------------------------------------------------------------------------------------------- review


def test_a_review_takes_two_steps() -> None:
    """Received, pending, approved: one a review delay."""
    with a_world(review_delay=60) as world:
        made = make(world)
        submit(world, made.sid)
        seen = [review(world, made.sid)["status"]]
        for _ in range(3):
            world.advance(60)
            seen.append(review(world, made.sid)["status"])

    assert seen == ["received", "pending", "approved", "approved"]


@pytest.mark.parametrize(
    ("variables", "body", "says"),
    [({"1": "Ana"}, "{{1}} y {{2}}", "variable 2"), ({"1": "a", "3": "b"}, "{{1}} y {{3}}", "without gaps")],
    ids=["no sample", "a gap"],
)
def test_whatsapp_rejects_a_template_with_a_flaw(
    world: SyncWorld, variables: dict[str, str], body: str, says: str
) -> None:
    """And says which."""
    made = make(world, {"twilio/text": {"body": body}}, variables=variables)
    submit(world, made.sid)
    world.emulator.settle()

    assert review(world, made.sid)["status"] == "rejected"
    assert says in review(world, made.sid)["rejection_reason"]


def test_a_decision_can_be_ordered_and_a_rejected_template_submitted_anew(world: SyncWorld) -> None:
    """With a reason; approval can be withdrawn too."""
    made = approved(world)
    admin(world, "POST", f"/contents/{made.sid}/approval", {"status": "rejected", "reason": "ABUSIVE_CONTENT"})
    assert review(world, made.sid)["rejection_reason"] == "ABUSIVE_CONTENT"
    submit(world, made.sid, name="otra_vez")
    world.emulator.settle()
    assert review(world, made.sid)["status"] == "approved"
    admin(world, "POST", f"/contents/{made.sid}/approval", {"status": "paused"})
    online(world)

    assert send(world, made.sid).error_code == 63016


def test_what_whatsapp_looks_at_is_left_alone(world: SyncWorld) -> None:
    """A template under review or approved is neither changed nor submitted again."""
    made = approved(world)
    with refused(400, 20001, "approved"):
        world.sub.content.v1.contents(made.sid).update(ContentList.ContentUpdateRequest({"types": LIST_PICKER}))
    with refused(400, 20001, "approved"):
        submit(world, made.sid)


@pytest.mark.parametrize(
    ("name", "category", "names"),
    [
        ("Mesa Llega", "UTILITY", "name"),
        ("", "UTILITY", "name"),
        ("x" * 513, "UTILITY", "name"),
        ("mesa", "TRANSACTIONAL", "category"),
        ("mesa", None, "category"),
        (None, "UTILITY", "name"),
    ],
    ids=["capitals and a space", "empty name", "long name", "old category", "no category", "no name"],
)
def test_an_approval_request_is_refused_for(world: SyncWorld, name: str, category: str, names: str) -> None:
    """The refusal names the field; the template stays unsubmitted."""
    made = make(world)
    with refused(400, 20001, names):
        submit(world, made.sid, name, category)
    assert review(world, made.sid)["status"] == "unsubmitted"


def test_a_list_picker_cannot_be_submitted(world: SyncWorld) -> None:
    """It is for answers within 24 hours."""
    made = make(world, LIST_PICKER)
    with refused(400, 20001, "twilio/list-picker"):
        submit(world, made.sid)


# -------------------------------------------------------------------------------------------------------------- sending


def test_an_approved_template_passes_at_any_time(world: SyncWorld) -> None:
    """With its variables; what is left out has the template's sample."""
    online(world)
    made = approved(world)
    sent = send(world, made.sid, {"1": "Luz"})

    assert (sent.status, sent.body) == ("read", "Hola Luz, su mesa Pampa llega hoy.")


def test_a_template_that_is_not_approved_passes_within_24_hours_only(world: SyncWorld) -> None:
    """Like free text."""
    online(world)
    made = make(world, LIST_PICKER)
    before = send(world, made.sid)
    world.say(sender=USER, recipient=OWN)

    assert (before.status, before.error_code) == ("failed", 63016)
    assert send(world, made.sid).status == "read"


def test_a_template_reaches_no_hidden_user_outside_the_window(world: SyncWorld) -> None:
    """63024; within the window it passes."""
    online(world)
    made, hidden = approved(world), "whatsapp:AR.1502576394655843"
    before = send(world, made.sid, to=hidden)
    world.say(sender=hidden, recipient=OWN)

    assert (before.error_code, send(world, made.sid, to=hidden).error_code) == (63024, None)


def test_a_phone_can_answer_what_a_template_offers(world: SyncWorld) -> None:
    """The admin API shows a message's buttons, with the variables filled in."""
    online(world)
    made = approved(world, QUICK_REPLY)
    sent = send(world, made.sid, {"1": "Luz"})
    shown = [message for message in admin(world, "GET", "/messages")["messages"] if message["sid"] == sent.sid]

    assert shown[0]["content"]["actions"] == [
        {"type": "QUICK_REPLY", "title": "Sí", "id": "yes-Luz"},
        {"title": "No", "id": "no"},
    ]


def test_sms_has_the_plain_text_of_a_template(world: SyncWorld) -> None:
    """WhatsApp has the richest type."""
    online(world)
    world.say(sender=USER, recipient=OWN)
    made = make(world, {**TEXT, **QUICK_REPLY})

    assert send(world, made.sid).body == "¿Confirma, Ana?"
    assert send(world, made.sid, to=PHONE, from_=NUMBER).body == "Hola Ana, su mesa Pampa llega hoy."


def test_a_template_carries_media(world: SyncWorld) -> None:
    """Their URLs may have variables."""
    online(world)
    made = approved(world, {"twilio/media": {"body": "Foto de {{1}}", "media": ["https://a.example/{{2}}.jpg"]}})
    sent = send(world, made.sid, {"2": "mesa"})

    assert (sent.body, sent.num_media) == ("Foto de Ana", "1")


UNFIT: dict[str, tuple[object, int, str]] = {
    "no JSON": ("{", 21656, "ContentVariables"),
    "a list": (["Ana"], 21656, "ContentVariables"),
    "a JSON text": ('"Ana"', 21656, "ContentVariables"),
    "deep nesting": ("[" * 5000, 21656, "ContentVariables"),
    "a variable of nobody": ({"3": "x"}, 21656, "variable 3"),
    "an empty value": ({"1": ""}, 21656, "variable 1"),
    "null": ({"1": None}, 21656, "variable 1"),
    "an object": ({"1": {}}, 21656, "variable 1"),
    "a newline": ({"1": "a\nb"}, 21656, "variable 1"),
    "a tab": ({"1": "a\tb"}, 21656, "variable 1"),
    "five spaces": ({"1": "a     b"}, 21656, "variable 1"),
    "half a surrogate pair": ('{"1": "\\ud800"}', 21656, "variable 1"),
    "a value that is too long": ({"1": "x" * 1601}, 21658, "variable 1"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_variables_are_refused_for(world: SyncWorld, name: str) -> None:
    """Nothing is sent."""
    variables, code, names = UNFIT[name]
    online(world)
    made = make(world)
    with refused(400, code, names):
        send(world, made.sid, variables)


@pytest.mark.parametrize("body", ["{{1}", "{{}}", "Hola {{ }}", "{{2}}"], ids=["torn", "empty", "blank", "undeclared"])
def test_a_template_with_a_placeholder_that_has_no_value_is_refused(world: SyncWorld, body: str) -> None:
    """At the time of sending, as with Twilio: making it passes."""
    online(world)
    made = make(world, {"twilio/text": {"body": body}}, variables={"1": "Ana"})
    with refused(400, 21656, "ContentVariables"):
        send(world, made.sid)


def test_a_content_sid_must_be_a_template_of_the_account_and_the_channel(world: SyncWorld) -> None:
    """Not another account's, not a deleted one, not one without a type for SMS."""
    online(world)
    foreign = world.parent.content.v1.contents.create(
        ContentList.ContentCreateRequest({"language": "es", "types": {"twilio/text": {"body": "x"}}})
    )
    deleted = make(world)
    world.sub.content.v1.contents(deleted.sid).delete()
    for sid in (foreign.sid, deleted.sid, "HX" + "0" * 32):
        with refused(400, 21655, sid):
            send(world, sid)
    with refused(400, 21655, "SMS"):
        send(world, make(world, LIST_PICKER).sid, to=PHONE, from_=NUMBER)
