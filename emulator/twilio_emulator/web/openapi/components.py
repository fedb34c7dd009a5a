"""Schemas that several answers share."""

from __future__ import annotations

from twilio_emulator.faults.orders import FaultKind, Target, When
from twilio_emulator.faults.reading import FIELDS
from twilio_emulator.messaging.phones import ANSWERS, LINES, OUTCOMES
from twilio_emulator.models import AccountStatus, AccountType, Direction, MessageStatus, WebhookKind
from twilio_emulator.voice.state import CallDirection, CallStatus
from twilio_emulator.web.openapi.shapes import (
    ANYTHING,
    FLAG,
    INTEGER,
    MOMENT,
    NUMBER,
    TEXT,
    Schema,
    nullable,
    one_of,
    record,
    ref,
    several,
    told,
)
from twilio_emulator.whatsapp.senders import SenderStatus

__all__ = ["COMPONENTS"]

_HEADERS: Schema = {"type": "object", "additionalProperties": TEXT}
_CODE = nullable(told(INTEGER, "one of Twilio's error codes"))
_EXCHANGE = {"method": TEXT, "headers": _HEADERS, "body": TEXT}
_TARGET_FIELDS = {
    "via": told(one_of(["number", "application", "service", "trunk"]), "who says where it goes"),
    "sid": nullable(told(TEXT, "of the application, service or trunk")),
    "url": told(TEXT, "empty when nothing is called"),
    "method": TEXT,
    "fallbackUrl": TEXT,
    "fallbackMethod": TEXT,
}
_ACCOUNT = {
    "sid": TEXT,
    "ownerSid": TEXT,
    "friendlyName": TEXT,
    "status": one_of(AccountStatus),
    "inEffect": told(one_of(AccountStatus), "suspended also when the parent is"),
    "suspendedBy": told(TEXT, "`twilio` when only Twilio can lift it"),
    "type": one_of(AccountType),
    "numbers": told(INTEGER, "how many it owns"),
    "created": MOMENT,
}
_CALL = {
    "seq": INTEGER,
    "sid": TEXT,
    "account": TEXT,
    "parent": nullable(told(TEXT, "the call that dialled it")),
    "direction": one_of(CallDirection),
    "from": TEXT,
    "to": TEXT,
    "status": one_of(CallStatus),
    "created": MOMENT,
    "ended": nullable(MOMENT),
    "duration": nullable(told(INTEGER, "seconds")),
    "price": nullable(TEXT),
}
_ORDER_FIELDS: dict[str, Schema] = {
    "preset": told(TEXT, "a name of `GET /faults/presets`; the other fields stand over it"),
    "target": one_of(Target),
    "kind": one_of(FaultKind),
    "method": TEXT,
    "path": told(TEXT, "a regular expression, searched in the path with the product before it"),
    "host": told(TEXT, "the product, such as `api`"),
    "account": TEXT,
    "credential": told(TEXT, "SID that the call authenticates with"),
    "webhook": one_of(WebhookKind),
    "url": told(TEXT, "a regular expression, searched in the webhook's URL"),
    "count": nullable(told(INTEGER, "how often at most; null until it is withdrawn")),
    "skip": told(INTEGER, "calls that go unharmed first"),
    "probability": told({"type": "number", "minimum": 0, "maximum": 1}, "of each call meant"),
    "seed": told(INTEGER, "the same calls are struck each time"),
    "forSeconds": told(NUMBER, "how long it is open, on the emulator's clock"),
    "when": told(one_of(When), "before: refused without acting; after: done, and then the answer is spoiled"),
    "status": INTEGER,
    "code": INTEGER,
    "html": told(FLAG, "a proxy's page instead of Twilio's JSON"),
    "retryAfter": told(INTEGER, "seconds"),
    "limit": told(INTEGER, "calls of an account at once"),
    "copies": told(INTEGER, "how often a webhook is called"),
    "seconds": NUMBER,
    "minSeconds": NUMBER,
    "maxSeconds": NUMBER,
}

COMPONENTS: dict[str, Schema] = {
    "Error": record({"error": told(TEXT, "names the field, and the cure")}),
    "Account": record(_ACCOUNT),
    "Parent": record({**_ACCOUNT, "quota": told(INTEGER, "open subaccounts it may have"), "balance": TEXT}),
    "Target": record(_TARGET_FIELDS),
    "Number": record(
        {
            "sid": TEXT,
            "accountSid": TEXT,
            "phoneNumber": TEXT,
            "friendlyName": TEXT,
            "country": TEXT,
            "type": TEXT,
            "messages": ref("Target"),
            "calls": ref("Target"),
            "service": nullable(record({"sid": TEXT, "friendlyName": TEXT})),
            "whatsapp": nullable(record({"sid": TEXT, "status": one_of(SenderStatus), "url": TEXT, "method": TEXT})),
            "created": MOMENT,
        }
    ),
    "Message": record(
        {
            "seq": INTEGER,
            "sid": TEXT,
            "account": TEXT,
            "direction": one_of(Direction),
            "from": TEXT,
            "to": TEXT,
            "body": TEXT,
            "media": told(several(TEXT), "URLs"),
            "status": one_of(MessageStatus),
            "errorCode": _CODE,
            "content": told(ANYTHING, "of a template that was sent: its fields, filled in"),
            "buttons": told(
                several({"type": "object"}), "what a phone can answer with: fields of `POST /inbound`, one each"
            ),
            "details": told(several(several(TEXT)), "parameters of the webhook that only some messages have"),
            "created": MOMENT,
        }
    ),
    "Conversation": record({"number": TEXT, "phone": TEXT, "messages": INTEGER, "last": ref("Message")}),
    "Webhook": told(
        record({"method": TEXT, "url": TEXT, "headers": _HEADERS, "body": TEXT}), "exactly as Twilio sends it, signed"
    ),
    "Phone": record(
        {
            "number": TEXT,
            "outcome": told(one_of(OUTCOMES), "what becomes of messages to it"),
            "errorCode": _CODE,
            "read": told(FLAG, "whether WhatsApp messages are read"),
            "line": one_of(LINES),
            "answers": told(one_of(ANSWERS), "what becomes of calls to it"),
        }
    ),
    "CallSummary": record(_CALL),
    "Call": record(
        {
            **_CALL,
            "waitingFor": nullable(told({"type": "object"}, "what a call under way waits for, and until when")),
            "transcript": told(several({"type": "object"}), "what was heard and done: `seq`, `at`, `kind` and more"),
            "recordings": several(
                record({"sid": TEXT, "status": TEXT, "source": TEXT, "duration": told(ANYTHING, "seconds")})
            ),
            "dialled": several(ref("CallSummary")),
        }
    ),
    "Request": record(
        {
            "seq": INTEGER,
            "method": TEXT,
            "path": TEXT,
            "status": nullable(told(INTEGER, "null when the connection was cut on demand")),
            "accountSid": nullable(TEXT),
            "write": FLAG,
            "at": MOMENT,
            "milliseconds": nullable(NUMBER),
            "code": _CODE,
            "fault": nullable(told(TEXT, "the order that struck")),
        }
    ),
    "Delivery": record(
        {
            "seq": INTEGER,
            "kind": TEXT,
            "url": TEXT,
            "status": nullable(told(INTEGER, "null when no answer came")),
            "error": nullable(TEXT),
            "errorCode": nullable(told(INTEGER, "of the alert that it raised")),
            "attempt": INTEGER,
            "messageSid": TEXT,
            "resourceSid": TEXT,
            "accountSid": TEXT,
            "at": MOMENT,
            "milliseconds": NUMBER,
            "request": record(_EXCHANGE),
            "response": record({"headers": _HEADERS, "body": TEXT}),
        }
    ),
    "FaultOrder": record({}, optional={name: _ORDER_FIELDS[name] for name in FIELDS}),
    "Fault": record(
        {
            "id": INTEGER,
            "target": one_of(Target),
            "kind": one_of(FaultKind),
            "when": one_of(When),
            "count": nullable(INTEGER),
            "state": one_of(["open", "spent", "expired", "withdrawn"]),
            "hits": told(INTEGER, "how often it struck"),
        },
        optional=_ORDER_FIELDS,
    ),
    "AccountState": record({"sid": TEXT, "status": one_of(AccountStatus), "suspendedBy": nullable(TEXT)}),
    "Sender": record(
        {
            "sid": TEXT,
            "account": TEXT,
            "senderId": TEXT,
            "status": one_of(SenderStatus),
            "verificationCode": TEXT,
            "offlineReasons": several({"type": "object"}),
            "errorCode": _CODE,
            "created": MOMENT,
        }
    ),
    "Time": record({"now": told(NUMBER, "seconds since the epoch"), "at": MOMENT}),
    "Balance": record({"balance": told(TEXT, "US dollars")}),
}
