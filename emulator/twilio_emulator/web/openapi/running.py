"""The emulator itself: its clock, what went over the wire, what is ordered to fail, what it holds."""

from __future__ import annotations

from twilio_emulator.web.openapi.shapes import (
    ANYTHING,
    FLAG,
    INTEGER,
    MOMENT,
    NUMBER,
    TEXT,
    Answer,
    Operation,
    log_of,
    nullable,
    record,
    ref,
    several,
    told,
)

__all__ = ["OPERATIONS"]

_CLOCK, _LOGS, _FAULTS, _STATE = "Clock and rest", "Logs", "Faults", "State"
_WAIT = told({"type": "number", "minimum": 0, "maximum": 60}, "seconds to wait for it")
_OBJECT = {"type": "object"}

OPERATIONS = (
    Operation(
        method="GET",
        path="/faults",
        group=_FAULTS,
        summary="Orders to fail, oldest first",
        answers=(Answer(description="Orders.", schema=record({"faults": several(ref("Fault"))})),),
    ),
    Operation(
        method="POST",
        path="/faults",
        group=_FAULTS,
        summary="Order the next matching calls, or webhooks, to fail",
        body=ref("FaultOrder"),
        example={"preset": "throttled", "path": r"Messages\.json$", "count": 3},
        answers=(Answer(status=201, description="The order.", schema=ref("Fault")),),
        refusals=(400, 409),
    ),
    Operation(
        method="DELETE",
        path="/faults",
        group=_FAULTS,
        summary="Withdraw all orders, and show what they hid",
        answers=(Answer(status=204),),
    ),
    Operation(
        method="DELETE",
        path="/faults/{id}",
        group=_FAULTS,
        summary="Withdraw one order",
        answers=(Answer(description="The order, and how often it struck.", schema=ref("Fault")),),
        refusals=(400, 404),
    ),
    Operation(
        method="GET",
        path="/faults/presets",
        group=_FAULTS,
        summary="Orders that have a name",
        answers=(
            Answer(
                description="By name, the fields that the name stands for.",
                schema=record({"presets": {"type": "object", "additionalProperties": ref("FaultOrder")}}),
            ),
        ),
    ),
    Operation(
        method="GET",
        path="/requests",
        group=_LOGS,
        summary="API calls served, oldest first",
        query={"account": TEXT, "path": told(TEXT, "part of the path"), **log_of("calls")},
        answers=(Answer(description="At most 1,000.", schema=record({"requests": several(ref("Request"))})),),
    ),
    Operation(
        method="GET",
        path="/deliveries",
        group=_LOGS,
        summary="Webhook attempts with request and answer, oldest first",
        query={
            "account": TEXT,
            "resource": told(TEXT, "SID of the message or call"),
            "url": told(TEXT, "part of the URL"),
            **log_of("attempts"),
        },
        answers=(Answer(description="At most 1,000.", schema=record({"deliveries": several(ref("Delivery"))})),),
    ),
    Operation(
        method="GET",
        path="/record",
        group=_LOGS,
        summary="API calls and webhooks as they happened, without credentials",
        query={"after": told(TEXT, "position of an earlier answer; `end` for the position behind all"), "wait": _WAIT},
        answers=(
            Answer(
                description="Entries with `type` request or webhook, and the position behind them.",
                schema=record({"entries": several(_OBJECT), "after": TEXT}),
            ),
        ),
    ),
    Operation(
        method="GET",
        path="/state",
        group=_STATE,
        summary="Accounts with what they have, oldest first",
        query={
            "after": told(INTEGER, "`next` of an earlier answer"),
            "limit": told(INTEGER, "the most accounts (100)"),
            "account": told(TEXT, "only this one"),
            "full": told(TEXT, "`1`: every record of every table instead"),
        },
        answers=(
            Answer(
                description="Accounts, or with `full` all tables.",
                schema={
                    "anyOf": [
                        record(
                            {
                                "accounts": several(_OBJECT),
                                "next": nullable(INTEGER),
                                "totals": _OBJECT,
                                "at": MOMENT,
                            }
                        ),
                        record({"at": MOMENT, "tables": told(ANYTHING, "by name, a list of rows")}),
                    ]
                },
            ),
        ),
        refusals=(400, 404),
    ),
    Operation(
        method="POST",
        path="/reset",
        group=_STATE,
        summary="Forget everything but the parent account",
        answers=(Answer(status=204),),
        refusals=(),
    ),
    Operation(
        method="GET",
        path="/clock",
        group=_CLOCK,
        summary="The emulator's time",
        answers=(Answer(description="Now.", schema=ref("Time")),),
        refusals=(),
    ),
    Operation(
        method="POST",
        path="/clock",
        group=_CLOCK,
        summary="Move the clock forward from one thing due to the next, and answer when all of it is done",
        body=record({"seconds": {"type": "number", "minimum": 0, "maximum": 31_622_400}}),
        example={"seconds": 3600},
        answers=(Answer(description="Now.", schema=ref("Time")),),
    ),
    Operation(
        method="GET",
        path="/idle",
        group=_CLOCK,
        summary="Whether nothing is due and no webhook is under way",
        query={"wait": _WAIT},
        answers=(Answer(description="Whether it is at rest.", schema=record({"idle": FLAG})),),
    ),
    Operation(
        method="GET",
        path="/changes",
        group=_CLOCK,
        summary="Wait until anything has changed",
        description="A restart counts anew, so a smaller count is a change as well.",
        query={"after": told(INTEGER, "the count last seen"), "wait": told(NUMBER, "seconds to wait for another")},
        answers=(Answer(description="The count.", schema=record({"changes": INTEGER})),),
    ),
)
