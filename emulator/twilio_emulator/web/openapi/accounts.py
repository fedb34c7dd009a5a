"""Accounts, their numbers and money, and what Twilio and its reviewers decide about them."""

from __future__ import annotations

from twilio_emulator.content.templates import Approval
from twilio_emulator.models import AccountStatus, AccountType
from twilio_emulator.web.openapi.shapes import (
    ANYTHING,
    INTEGER,
    MOMENT,
    TEXT,
    Answer,
    Operation,
    nullable,
    one_of,
    record,
    ref,
    several,
    told,
)
from twilio_emulator.whatsapp.senders import SenderStatus

__all__ = ["OPERATIONS"]

_ACCOUNTS, _REVIEWS, _WHATSAPP = "Accounts and numbers", "Reviews", "WhatsApp"
_STATE = (Answer(description="The account.", schema=ref("AccountState")),)
_CODE = nullable(INTEGER)

OPERATIONS = (
    Operation(
        method="GET",
        path="/accounts",
        group=_ACCOUNTS,
        summary="Subaccounts by pages, the newest first, and the parent",
        query={
            "containing": told(TEXT, "part of a name, of a SID or of a number"),
            "status": one_of(AccountStatus),
            "page": told(INTEGER, "from 0"),
            "last": told(INTEGER, "accounts of a page (50)"),
        },
        answers=(
            Answer(
                description="A page, and how many there are.",
                schema=record({"parent": ref("Parent"), "accounts": several(ref("Account")), "total": INTEGER}),
            ),
        ),
    ),
    Operation(
        method="GET",
        path="/accounts/{sid}",
        group=_ACCOUNTS,
        summary="One account, with its numbers and what is called when something comes in for them",
        answers=(
            Answer(
                description="The account.",
                schema=record({"account": ref("Account"), "numbers": several(ref("Number"))}),
            ),
        ),
        refusals=(404,),
    ),
    Operation(
        method="GET",
        path="/numbers",
        group=_ACCOUNTS,
        summary="Numbers of all accounts, the newest first",
        query={"containing": told(TEXT, "part of a number"), "last": told(INTEGER, "the most of them (50)")},
        answers=(Answer(description="Numbers.", schema=record({"numbers": several(ref("Number"))})),),
    ),
    Operation(
        method="POST",
        path="/accounts/{sid}/suspend",
        group=_ACCOUNTS,
        summary="Twilio suspends an account",
        description="The customer cannot lift it: 400, 21478.",
        answers=_STATE,
        refusals=(404, 409),
    ),
    Operation(
        method="POST",
        path="/accounts/{sid}/resume",
        group=_ACCOUNTS,
        summary="Twilio lifts its own suspension",
        answers=_STATE,
        refusals=(404, 409),
    ),
    Operation(
        method="POST",
        path="/accounts/{sid}/revoke-credentials",
        group=_ACCOUNTS,
        summary="Auth tokens and keys of an account are dead at once",
        answers=(Answer(description="The only way in.", schema=record({"sid": TEXT, "authToken": TEXT})),),
        refusals=(404, 409),
    ),
    Operation(
        method="PUT",
        path="/accounts/{sid}/type",
        group=_ACCOUNTS,
        summary="Make an account a trial account or one that pays",
        body=record({"type": one_of(AccountType)}),
        example={"type": "Trial"},
        answers=(Answer(description="The account.", schema=record({"sid": TEXT, "type": one_of(AccountType)})),),
        refusals=(400, 404, 409),
    ),
    Operation(
        method="POST",
        path="/accounts/{sid}/verified-numbers",
        group=_ACCOUNTS,
        summary="The owner of a trial account answered a phone",
        body=record({"number": TEXT}),
        example={"number": "+12025550142"},
        answers=(Answer(status=201, description="Verified.", schema=record({"sid": TEXT, "number": TEXT})),),
        refusals=(400, 404, 409),
    ),
    Operation(
        method="POST",
        path="/quota",
        group=_ACCOUNTS,
        summary="Set how many open subaccounts the parent may have",
        description="One more is 21480.",
        body=record({"maxSubaccounts": INTEGER}),
        example={"maxSubaccounts": 10},
        answers=(Answer(description="The quota.", schema=record({"maxSubaccounts": INTEGER})),),
    ),
    Operation(
        method="GET",
        path="/balance",
        group=_ACCOUNTS,
        summary="What is left of the money",
        answers=(Answer(description="The balance.", schema=ref("Balance")),),
    ),
    Operation(
        method="PUT",
        path="/balance",
        group=_ACCOUNTS,
        summary="Make the balance what the test wants",
        body=ref("Balance"),
        example={"balance": "12.50"},
        answers=(Answer(description="The balance.", schema=ref("Balance")),),
    ),
    Operation(
        method="POST",
        path="/numbers/{phone_number}/restore",
        group=_ACCOUNTS,
        summary="Give a number back to the account that released it in the last ten days",
        answers=(
            Answer(
                status=201,
                description="The number.",
                schema=record({"sid": TEXT, "account": TEXT, "phoneNumber": TEXT}),
            ),
        ),
        refusals=(404, 409),
    ),
    Operation(
        method="POST",
        path="/bundles/{sid}/decision",
        group=_REVIEWS,
        summary="Approve or reject a regulatory bundle that was submitted",
        body=record({"status": TEXT}, optional={"reason": TEXT, "validUntil": MOMENT}),
        example={"status": "twilio-approved"},
        answers=(
            Answer(
                description="The bundle.",
                schema=record(
                    {
                        "sid": TEXT,
                        "account": TEXT,
                        "status": TEXT,
                        "reason": nullable(TEXT),
                        "validUntil": nullable(MOMENT),
                    }
                ),
            ),
        ),
        refusals=(400, 404, 409),
    ),
    Operation(
        method="POST",
        path="/identities",
        group=_REVIEWS,
        summary="Upload an identity document of an account",
        description="Give its SID as `IdentitySid` when you buy a number.",
        body=record({"account": TEXT, "country": TEXT}, optional={"status": TEXT}),
        example={"account": "AC…", "country": "GB"},
        answers=(
            Answer(
                status=201,
                description="The document.",
                schema=record({"sid": TEXT, "account": TEXT, "country": TEXT, "status": TEXT}),
            ),
        ),
        refusals=(400, 404),
    ),
    Operation(
        method="POST",
        path="/reviews/{sid}",
        group=_REVIEWS,
        summary="Put a brand, a campaign or a toll-free verification into a state",
        body=record({"status": TEXT}, optional={"reason": TEXT, "errorCode": _CODE}),
        example={"status": "APPROVED"},
        answers=(
            Answer(
                description="What was decided.",
                schema=record(
                    {
                        "sid": TEXT,
                        "account": TEXT,
                        "status": TEXT,
                        "reason": told(ANYTHING, "why not"),
                        "errorCode": _CODE,
                    }
                ),
            ),
        ),
        refusals=(400, 404),
    ),
    Operation(
        method="GET",
        path="/senders",
        group=_WHATSAPP,
        summary="WhatsApp senders of all accounts, oldest first, with the codes that verify them",
        answers=(Answer(description="Senders.", schema=record({"senders": several(ref("Sender"))})),),
    ),
    Operation(
        method="POST",
        path="/senders/{sid}/state",
        group=_WHATSAPP,
        summary="Put a sender into a state, or have what it sends fail",
        body=record(
            {},
            optional={
                "status": one_of(SenderStatus),
                "offlineReasons": several(record({"code": ANYTHING}, optional={"message": TEXT})),
                "errorCode": _CODE,
                "qualityRating": TEXT,
                "messagingLimit": TEXT,
            },
        ),
        example={"status": "OFFLINE", "offlineReasons": [{"code": 63110, "message": "number in use"}]},
        answers=(Answer(description="The sender.", schema=ref("Sender")),),
        refusals=(400, 404),
    ),
    Operation(
        method="POST",
        path="/contents/{sid}/approval",
        group=_WHATSAPP,
        summary="Decide what WhatsApp says of a template",
        body=record({}, optional={"status": one_of(Approval), "reason": TEXT, "legacyName": TEXT}),
        example={"status": "approved"},
        answers=(
            Answer(
                description="The template.",
                schema=record({"sid": TEXT, "account": TEXT, "approval": {"type": "object"}}),
            ),
        ),
        refusals=(400, 404),
    ),
    Operation(
        method="POST",
        path="/sandbox",
        group=_WHATSAPP,
        summary="Give an account a sandbox, which phones join by writing `join` and its word",
        body=record({"account": TEXT, "word": TEXT}, optional={"callbackUrl": TEXT}),
        example={"account": "AC…", "word": "calm-river"},
        answers=(
            Answer(
                description="The sandbox.",
                schema=record({"account": TEXT, "number": TEXT, "word": TEXT, "callbackUrl": TEXT}),
            ),
        ),
        refusals=(400, 404),
    ),
)
