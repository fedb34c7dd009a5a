"""Phones: their messages, their calls, and how they behave."""

from __future__ import annotations

from twilio_emulator.messaging.phones import ANSWERS, LINES, OUTCOMES
from twilio_emulator.models import Direction
from twilio_emulator.voice.state import CallDirection, CallStatus
from twilio_emulator.web.openapi.shapes import (
    FLAG,
    INTEGER,
    NUMBER,
    TEXT,
    Answer,
    Operation,
    log_of,
    nullable,
    one_of,
    record,
    ref,
    several,
    told,
)

__all__ = ["OPERATIONS"]

_MESSAGES, _CALLS, _PHONES = "Messages", "Calls", "Phones"
_OBJECT = {"type": "object"}
_ONE_CALL = (Answer(description="The call.", schema=ref("Call")),)

_INBOUND = record(
    {"from": told(TEXT, "the phone; with `whatsapp:` before it for WhatsApp"), "to": told(TEXT, "an account's number")},
    optional={
        "body": TEXT,
        "media": told(
            several({"anyOf": [TEXT, record({"url": TEXT}, optional={"contentType": TEXT})]}),
            "URLs, or objects with their content type",
        ),
        "profileName": nullable(told(TEXT, "how a WhatsApp user is called")),
        "deliver": told(FLAG, "false: the webhook is answered here and not called"),
        "location": told(_OBJECT, "`latitude`, `longitude`, `address`, `label`"),
        "button": told(_OBJECT, "`text`, `payload`, `template`: a quick reply that is tapped"),
        "list": told(_OBJECT, "`id`, `title`, `description`: an item of a list that is chosen"),
        "replyTo": told(TEXT, "SID of the message that is answered"),
        "referral": told(_OBJECT, "the advertisement that the user came from"),
        "externalUserId": told(TEXT, "the business-scoped id of a user who shows a phone number too"),
        "forwarded": FLAG,
        "frequentlyForwarded": FLAG,
        "messageType": TEXT,
    },
)
_HEARD = record(
    {"message": nullable(ref("Message")), "request": nullable(ref("Webhook"))},
    optional={"note": told(TEXT, "why nobody was told")},
)

OPERATIONS = (
    Operation(
        method="POST",
        path="/inbound",
        group=_MESSAGES,
        summary="A phone writes",
        description="The answer has the signed webhook exactly as Twilio sends it.",
        body=_INBOUND,
        example={"from": "+12025550142", "to": "+13055550123", "body": "Hello"},
        answers=(
            Answer(status=201, description="The message, and the webhook that tells of it.", schema=_HEARD),
            Answer(status=200, description="The phone wrote, and Twilio keeps no message of it.", schema=_HEARD),
        ),
        refusals=(400, 404, 409),
    ),
    Operation(
        method="GET",
        path="/messages",
        group=_MESSAGES,
        summary="Messages of all accounts, oldest first",
        query={
            "account": TEXT,
            "from": TEXT,
            "to": TEXT,
            "direction": one_of(Direction),
            "between": told(TEXT, "two numbers with a comma between them: all that they wrote to each other"),
            **log_of("messages"),
        },
        answers=(Answer(description="At most 1,000.", schema=record({"messages": several(ref("Message"))})),),
    ),
    Operation(
        method="GET",
        path="/conversations",
        group=_MESSAGES,
        summary="Who wrote with whom, the latest first",
        description="SMS and WhatsApp of a pair are one conversation. Only the newest 20,000 messages are looked at.",
        query={"containing": told(TEXT, "part of a number"), "last": told(INTEGER, "the most of them (100)")},
        answers=(Answer(description="Pairs.", schema=record({"conversations": several(ref("Conversation"))})),),
    ),
    Operation(
        method="GET",
        path="/phones/{number}",
        group=_PHONES,
        summary="How a phone behaves",
        answers=(Answer(description="The phone.", schema=ref("Phone")),),
    ),
    Operation(
        method="PUT",
        path="/phones/{number}",
        group=_PHONES,
        summary="Have a phone behave so from now on",
        description="What is left out is as with any phone.",
        body=record(
            {},
            optional={
                "outcome": one_of(OUTCOMES),
                "errorCode": nullable(INTEGER),
                "read": FLAG,
                "line": one_of(LINES),
                "answers": one_of(ANSWERS),
            },
        ),
        example={"outcome": "undelivered", "errorCode": 30005},
        answers=(Answer(description="The phone.", schema=ref("Phone")),),
    ),
    Operation(
        method="DELETE",
        path="/phones/{number}",
        group=_PHONES,
        summary="Have a phone behave as any phone",
        answers=(Answer(status=204),),
    ),
    Operation(
        method="POST",
        path="/calls",
        group=_CALLS,
        summary="A phone calls a number",
        body=record({"from": TEXT, "to": TEXT}),
        example={"from": "+12025550142", "to": "+13055550123"},
        answers=(Answer(status=201, description="The call.", schema=ref("Call")),),
        refusals=(400, 404, 409),
    ),
    Operation(
        method="GET",
        path="/calls",
        group=_CALLS,
        summary="Calls of all accounts, oldest first",
        query={
            "account": TEXT,
            "from": TEXT,
            "to": TEXT,
            "direction": one_of(CallDirection),
            "status": one_of(CallStatus),
            **log_of("calls"),
        },
        answers=(Answer(description="At most 1,000.", schema=record({"calls": several(ref("CallSummary"))})),),
    ),
    Operation(
        method="GET",
        path="/calls/{sid}",
        group=_CALLS,
        summary="One call, as it is heard",
        query={
            "after": told(INTEGER, "only what happened after this `seq` of the transcript"),
            "wait": told(NUMBER, "seconds to wait until something has happened"),
        },
        answers=_ONE_CALL,
        refusals=(400, 404),
    ),
    Operation(
        method="POST",
        path="/calls/{sid}/digits",
        group=_CALLS,
        summary="The person at the phone presses keys",
        body=record({"digits": TEXT}),
        example={"digits": "1"},
        answers=_ONE_CALL,
        refusals=(400, 404, 409),
    ),
    Operation(
        method="POST",
        path="/calls/{sid}/speech",
        group=_CALLS,
        summary="The person at the phone says something",
        body=record({"text": TEXT}, optional={"confidence": {"type": "number", "minimum": 0, "maximum": 1}}),
        example={"text": "sales, please"},
        answers=_ONE_CALL,
        refusals=(400, 404, 409),
    ),
    Operation(
        method="POST",
        path="/calls/{sid}/hangup",
        group=_CALLS,
        summary="The person at the phone hangs up",
        body=record({}),
        example={},
        answers=_ONE_CALL,
        refusals=(400, 404, 409),
    ),
)
