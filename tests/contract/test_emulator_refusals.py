"""What the emulator refuses, case by case: the status, Twilio's code, and a text that names what is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_kit import MAIN_KEY, NUMBER, PHONE
from tests.contract.emulator_sync import SyncWorld, a_world

if TYPE_CHECKING:
    from collections.abc import Iterator

STRANGER = "AC" + "f" * 32
NO_NUMBER = "PN" + "f" * 32
NO_KEY = "SK" + "f" * 32
NO_MESSAGE = "SM" + "f" * 32
DUMB = "+34900555010"
ASLEEP = "+13055550199"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A world in which everything a case may name exists."""

    world: SyncWorld
    names: dict[str, str]
    credentials: dict[str, tuple[str, str] | None]

    def ask(self, who: str, method: str, path: str, form: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        """Call a path with the product before it, by the official client; without credentials it sends nothing."""
        login = self.credentials[who]
        if login is None:
            reply = self.world.raw(method, path)
            return reply.status_code, reply.json()
        product, _, rest = path.lstrip("/").partition("/")
        answer = self.world.client(*login).request(method, f"https://{product or 'api'}.twilio.com/{rest}", data=form)
        return answer.status_code, json.loads(answer.text)


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A parent with four subaccounts: one with numbers and a key, a sibling, a suspended one, a closed one."""
    with a_world() as world:
        accounts = world.parent.api.v2010.accounts
        made = {name: accounts.create(friendly_name=name) for name in ("sibling", "suspended", "closed")}
        clients = {name: world.client(account.sid, account.auth_token) for name, account in made.items()}
        bought = world.buy()
        world.buy(DUMB)
        key = world.sub.iam.v1.new_api_key.create(account_sid=world.sub_sid)
        other_key = clients["sibling"].iam.v1.new_api_key.create(account_sid=made["sibling"].sid)
        clients["suspended"].incoming_phone_numbers.create(phone_number=ASLEEP)
        for name in ("suspended", "closed"):
            accounts(made[name].sid).update(status=name)
        sids = {name.upper(): account.sid for name, account in made.items()}
        names = {"NUMBER": bought.sid, "KEY": key.sid, "OTHER_KEY": other_key.sid, "SUB": world.sub_sid, **sids}
        tokens = {name: (account.sid, account.auth_token) for name, account in made.items()}
        yield Stage(
            world=world,
            names={"PARENT": world.emulator.account_sid, **names},
            credentials={**_credentials(world, key), **tokens},
        )


def _credentials(world: SyncWorld, key: Any) -> dict[str, tuple[str, str] | None]:
    """Good and bad credentials of the parent, the subaccount and its key."""
    emulator = world.emulator
    return {
        "nobody": None,
        "parent": (emulator.account_sid, emulator.auth_token),
        "wrong token": (emulator.account_sid, "0" * 32),
        "unknown account": (STRANGER, "0" * 32),
        "main key": (MAIN_KEY.sid, MAIN_KEY.secret),
        "sub": (world.sub_sid, world.sub_token),
        "parent's token, sub's SID": (world.sub_sid, emulator.auth_token),
        "key": (key.sid, key.secret),
        "wrong secret": (key.sid, "0" * 32),
        "unknown key": (NO_KEY, "0" * 32),
    }


@dataclass(frozen=True)
class Case:
    """One call and its refusal; ``{NAME}`` in path and form stands for a SID of the stage."""

    name: str
    who: str
    call: str
    status: int
    code: int
    says: str = ""
    form: dict[str, str] | None = None
    repeated: list[tuple[str, str]] = field(default_factory=list)


_ROOT = "/api/2010-04-01/Accounts"
_NUMBERS = f"POST {_ROOT}/{{SUB}}/IncomingPhoneNumbers.json"
_NUMBER = f"POST {_ROOT}/{{SUB}}/IncomingPhoneNumbers/{{NUMBER}}.json"
_MESSAGES = f"POST {_ROOT}/{{SUB}}/Messages.json"
_SEARCH = f"GET {_ROOT}/{{SUB}}/AvailablePhoneNumbers"
_TEXT = {"To": PHONE, "From": NUMBER, "Body": "hi"}


def number(name: str, form: dict[str, Any], code: int, says: str = "", status: int = 400) -> Case:
    """Return a case of a purchase by the subaccount."""
    return Case(name, "sub", _NUMBERS, status, code, says, form)


def config(name: str, form: dict[str, Any], code: int, says: str) -> Case:
    """Return a case of a number's configuration."""
    return Case(name, "sub", _NUMBER, 400, code, says, form)


def text(name: str, changes: dict[str, Any], code: int, says: str = "", status: int = 400) -> Case:
    """Return a case of a message; a change to None leaves the field out."""
    form = {key: value for key, value in {**_TEXT, **changes}.items() if value is not None}
    return Case(name, "sub", _MESSAGES, status, code, says, form)


def search(name: str, query: str, code: int, says: str = "", status: int = 400) -> Case:
    """Return a case of a search for numbers."""
    return Case(name, "sub", f"{_SEARCH}/{query}", status, code, says)


CASES = [
    # who calls
    Case("no credentials", "nobody", f"GET {_ROOT}.json", 401, 20003),
    Case("wrong token", "wrong token", f"GET {_ROOT}.json", 401, 20003),
    Case("unknown account", "unknown account", f"GET {_ROOT}.json", 401, 20003),
    Case("another account's token", "parent's token, sub's SID", f"GET {_ROOT}/{{SUB}}.json", 401, 20003),
    Case("wrong secret", "wrong secret", f"GET {_ROOT}/{{SUB}}/Messages.json", 401, 20003),
    Case("unknown key", "unknown key", f"GET {_ROOT}/{{SUB}}/Messages.json", 401, 20003),
    Case("closed account", "closed", f"GET {_ROOT}/{{CLOSED}}.json", 401, 20003),
    # how far credentials reach
    Case("sub to parent", "sub", f"GET {_ROOT}/{{PARENT}}.json", 404, 20404),
    Case("sub to parent's numbers", "sub", f"GET {_ROOT}/{{PARENT}}/IncomingPhoneNumbers.json", 404, 20404),
    Case("sub to sibling", "sub", f"GET {_ROOT}/{{SIBLING}}/Messages.json", 404, 20404),
    Case("parent to stranger", "parent", f"GET {_ROOT}/{STRANGER}/Messages.json", 404, 20404),
    Case("main key inside a sub", "main key", f"GET {_ROOT}/{{SUB}}/IncomingPhoneNumbers.json", 401, 20003),
    Case("main key buys for a sub", "main key", _NUMBERS, 401, 20003, form={"PhoneNumber": "+13055550124"}),
    Case("key to parent", "key", f"GET {_ROOT}/{{PARENT}}/Messages.json", 401, 20003),
    Case("key lists accounts", "key", f"GET {_ROOT}.json", 401, 20003, "Standard"),
    Case("key fetches its account", "key", f"GET {_ROOT}/{{SUB}}.json", 401, 20003, "Standard"),
    Case("key makes a subaccount", "key", f"POST {_ROOT}.json", 401, 20003, "Standard"),
    Case("key lists keys", "key", "GET /iam/v1/Keys?AccountSid={SUB}", 401, 20003, "Standard"),
    Case("key makes a key", "key", "POST /iam/v1/Keys", 401, 20003, "Standard", {"AccountSid": "{SUB}"}),
    Case("key deletes itself", "key", "DELETE /iam/v1/Keys/{KEY}", 401, 20003, "Standard"),
    Case("key rotates the token", "key", "POST /accounts/v1/AuthTokens/Secondary", 401, 20003, "Standard"),
    Case("parent makes a sub's key", "parent", "POST /iam/v1/Keys", 401, 20003, "AccountSid", {"AccountSid": "{SUB}"}),
    Case("parent lists a sub's keys", "parent", "GET /iam/v1/Keys?AccountSid={SUB}", 401, 20003, "AccountSid"),
    Case("another account's key", "sub", "GET /iam/v1/Keys/{OTHER_KEY}", 404, 20404),
    Case(
        "another account's number",
        "sibling",
        f"GET {_ROOT}/{{SIBLING}}/IncomingPhoneNumbers/{{NUMBER}}.json",
        404,
        20404,
    ),
    # accounts
    Case("sub of a sub", "sub", f"POST {_ROOT}.json", 400, 21101, "subaccount"),
    Case("name too long", "parent", f"POST {_ROOT}.json", 400, 20002, "FriendlyName", {"FriendlyName": "x" * 65}),
    Case("invalid status", "parent", f"POST {_ROOT}/{{SUB}}.json", 400, 21475, "Status", {"Status": "asleep"}),
    Case(
        "status of the parent", "parent", f"POST {_ROOT}/{{PARENT}}.json", 400, 21477, "Status", {"Status": "suspended"}
    ),
    Case("status by the sub itself", "sub", f"POST {_ROOT}/{{SUB}}.json", 401, 20003, "parent", {"Status": "closed"}),
    Case("closed is final", "parent", f"POST {_ROOT}/{{CLOSED}}.json", 400, 21479, "closed", {"Status": "active"}),
    Case("filter by no status", "parent", f"GET {_ROOT}.json?Status=asleep", 400, 20001, "Status"),
    # keys
    Case("key without account", "sub", "POST /iam/v1/Keys", 400, 20001, "AccountSid", {"FriendlyName": "k"}),
    Case("key of no SID", "sub", "POST /iam/v1/Keys", 400, 20001, "AccountSid", {"AccountSid": "AC1"}),
    Case("keys without account", "sub", "GET /iam/v1/Keys", 400, 20001, "AccountSid"),
    Case(
        "restricted key without policy",
        "sub",
        "POST /iam/v1/Keys",
        400,
        20001,
        "Policy",
        {"AccountSid": "{SUB}", "KeyType": "restricted"},
    ),
    Case(
        "unknown key type",
        "sub",
        "POST /iam/v1/Keys",
        400,
        20001,
        "KeyType",
        {"AccountSid": "{SUB}", "KeyType": "main"},
    ),
    Case("deleted key", "sub", f"DELETE /iam/v1/Keys/{NO_KEY}", 404, 20404, NO_KEY),
    Case("promote nothing", "sub", "POST /accounts/v1/AuthTokens/Promote", 404, 20404),
    Case("delete no secondary", "sub", "DELETE /accounts/v1/AuthTokens/Secondary", 404, 20404),
    # searches
    search("unknown country", "XX/Local.json", 20404, status=404),
    search("unknown country's page", "ZZ.json", 20404, status=404),
    search("no mobile numbers in the US", "US/Mobile.json", 20404, status=404),
    search("area code outside of North America", "AR/Local.json?AreaCode=11", 21457, "AreaCode"),
    search("area code of letters", "US/Local.json?AreaCode=abc", 21451, "AreaCode"),
    search("area code too low", "US/Local.json?AreaCode=101", 21451, "AreaCode"),
    search("pattern too short", "US/Local.json?Contains=5", 20001, "Contains"),
    search("pattern of signs", "US/Local.json?Contains=%25%25%25", 20001, "Contains"),
    search("no boolean", "US/Local.json?SmsEnabled=yes", 20001, "SmsEnabled"),
    search("no place", "US/Local.json?NearLatLong=here", 20001, "NearLatLong"),
    search("no place on the globe", "US/Local.json?NearLatLong=91,181", 20001, "NearLatLong"),
    search("near no number", "US/Local.json?NearNumber=12", 20001, "NearNumber"),
    search("page too large", "US/Local.json?PageSize=1001", 20007, "PageSize"),
    # purchases
    number("taken by oneself", {"PhoneNumber": NUMBER}, 21422, NUMBER),
    Case(
        "taken by another",
        "sibling",
        f"POST {_ROOT}/{{SIBLING}}/IncomingPhoneNumbers.json",
        400,
        21422,
        NUMBER,
        {"PhoneNumber": NUMBER},
    ),
    number("magic: unavailable", {"PhoneNumber": "+15005550000"}, 21422),
    number("magic: invalid", {"PhoneNumber": "+15005550001"}, 21421),
    number("not E.164", {"PhoneNumber": "3055550123"}, 21421, "3055550123"),
    number("too short", {"PhoneNumber": "+1305555012"}, 21421),
    number("no such exchange", {"PhoneNumber": "+13059110123"}, 21421),
    number("neither number nor area", {}, 21401, "PhoneNumber or AreaCode"),
    number("area code too long", {"AreaCode": "3055"}, 21451, "AreaCode"),
    number("area code of letters, bought", {"AreaCode": "abc"}, 21451, "AreaCode"),
    number("area without numbers", {"AreaCode": "999"}, 21452, "999"),
    number(
        "name of a number too long", {"PhoneNumber": "+13055550125", "FriendlyName": "x" * 65}, 20002, "FriendlyName"
    ),
    number("bought with a bad URL", {"PhoneNumber": "+13055550125", "SmsUrl": "nowhere"}, 21402, "SmsUrl"),
    Case(
        "wrong type",
        "sub",
        f"POST {_ROOT}/{{SUB}}/IncomingPhoneNumbers/TollFree.json",
        400,
        21458,
        "local",
        {"PhoneNumber": "+13055550125"},
    ),
    Case(
        "suspended account buys",
        "suspended",
        f"POST {_ROOT}/{{SUSPENDED}}/IncomingPhoneNumbers.json",
        403,
        20005,
        form={"PhoneNumber": "+13055550125"},
    ),
    # configuration
    config("relative URL", {"SmsUrl": "/hook"}, 21402, "SmsUrl"),
    config("other scheme", {"VoiceUrl": "ftp://a.example/"}, 21402, "VoiceUrl"),
    config("blank in a URL", {"SmsUrl": "https://a.example/ hook"}, 21402, "SmsUrl"),
    config("port of a URL", {"SmsUrl": "https://a.example:99999/"}, 21402, "SmsUrl"),
    config("status callback", {"StatusCallback": "x"}, 21502, "StatusCallback"),
    config("method", {"SmsMethod": "PATCH"}, 21403, "SmsMethod"),
    config("voice fallback alone", {"VoiceFallbackUrl": "https://a.example/"}, 21405, "VoiceFallbackUrl"),
    config("SMS fallback alone", {"SmsFallbackUrl": "https://a.example/"}, 21406, "SmsFallbackUrl"),
    config("application of no SID", {"SmsApplicationSid": "AP1"}, 20001, "SmsApplicationSid"),
    config("receive mode", {"VoiceReceiveMode": "smoke"}, 20001, "VoiceReceiveMode"),
    config("caller id lookup", {"VoiceCallerIdLookup": "1"}, 20001, "VoiceCallerIdLookup"),
    config("API version", {"ApiVersion": "2008-08-01"}, 20001, "ApiVersion"),
    Case(
        "number that is not",
        "sub",
        f"POST {_ROOT}/{{SUB}}/IncomingPhoneNumbers/{NO_NUMBER}.json",
        404,
        20404,
        NO_NUMBER,
        {},
    ),
    Case("number of no SID", "sub", f"DELETE {_ROOT}/{{SUB}}/IncomingPhoneNumbers/x.json", 404, 20404),
    # transfers
    Case("transfer by the sub", "sub", _NUMBER, 400, 21474, "AccountSid", {"AccountSid": "{SIBLING}"}),
    Case("transfer to a stranger", "parent", _NUMBER, 400, 21473, "AccountSid", {"AccountSid": STRANGER}),
    Case("transfer to a suspended account", "parent", _NUMBER, 400, 21472, "AccountSid", {"AccountSid": "{SUSPENDED}"}),
    Case("transfer to no SID", "parent", _NUMBER, 400, 21470, "AccountSid", {"AccountSid": "me"}),
    # messages
    text("no recipient", {"To": None}, 21604, "To"),
    text("no sender", {"From": None}, 21603, "From"),
    text("no content", {"Body": None}, 21602, "Body"),
    text("empty content", {"Body": ""}, 21602, "Body"),
    text("invalid recipient", {"To": "call me"}, 21211, "To"),
    text("invalid sender", {"From": "+1"}, 21212, "From"),
    text("to oneself", {"To": NUMBER}, 21266, "To"),
    text("sender of nobody", {"From": "+13055550177"}, 21659, "From"),
    text("sender without SMS", {"From": DUMB}, 21606, "From"),
    text("too long", {"Body": "x" * 1601}, 21617, "Body"),
    text("WhatsApp from nobody", {"To": f"whatsapp:{PHONE}", "From": "whatsapp:+13055550177"}, 63007, "From"),
    text("two channels", {"To": f"whatsapp:{PHONE}"}, 21910, "channel"),
    text("unknown channel", {"To": "carrier-pigeon:+54911"}, 21211, "To"),
    text("bad status callback", {"StatusCallback": "x"}, 21609, "StatusCallback"),
    text("bad media", {"MediaUrl": "x"}, 21620, "MediaUrl"),
    text("no such service", {"MessagingServiceSid": "MG" + "0" * 32}, 21701, "MG000", 404),
    text("service of no SID", {"MessagingServiceSid": "MG0"}, 21701, "MessagingServiceSid"),
    text("scheduled", {"ScheduleType": "fixed"}, 35118, "MessagingServiceSid"),
    text("template", {"ContentSid": "HX" + "0" * 32}, 21655, "ContentSid"),
    text("validity", {"ValidityPeriod": "0"}, 20001, "ValidityPeriod"),
    Case("too many media", "sub", _MESSAGES, 400, 21623, "MediaUrl", _TEXT, [("MediaUrl", "https://a.example/")] * 11),
    Case("sender of a sibling", "sibling", f"POST {_ROOT}/{{SIBLING}}/Messages.json", 400, 21659, "From", _TEXT),
    Case(
        "suspended account writes",
        "suspended",
        f"POST {_ROOT}/{{SUSPENDED}}/Messages.json",
        403,
        20005,
        form={**_TEXT, "From": ASLEEP},
    ),
    Case(
        "parent writes for it",
        "parent",
        f"POST {_ROOT}/{{SUSPENDED}}/Messages.json",
        403,
        20005,
        form={**_TEXT, "From": ASLEEP},
    ),
    Case("message that is not", "sub", f"GET {_ROOT}/{{SUB}}/Messages/{NO_MESSAGE}.json", 404, 20404, NO_MESSAGE),
    Case("date of no date", "sub", f"GET {_ROOT}/{{SUB}}/Messages.json?DateSent=soon", 400, 20001, "DateSent"),
    # pages, paths and methods
    Case("page size of nothing", "parent", f"GET {_ROOT}.json?PageSize=0", 400, 20007, "PageSize"),
    Case("page size of letters", "parent", f"GET {_ROOT}.json?PageSize=many", 400, 20007, "PageSize"),
    Case("negative page", "parent", f"GET {_ROOT}.json?Page=-1", 400, 20001, "Page"),
    Case("far page without token", "parent", f"GET {_ROOT}.json?Page=17&PageSize=50", 400, 70002, "PageToken"),
    Case("token of nothing", "parent", f"GET {_ROOT}.json?Page=1&PageToken=PT1", 400, 21481, "PageToken"),
    Case("token out of range", "parent", f"GET {_ROOT}.json?Page=1&PageToken=PA{'f' * 32}", 400, 21481, "PageToken"),
    Case("unknown path", "parent", f"GET {_ROOT}/{{PARENT}}/Faxes.json", 404, 20404, "Faxes"),
    Case("path in small letters", "parent", f"GET {_ROOT}/{{PARENT}}/messages.json", 404, 20404),
    Case("no suffix", "parent", f"GET {_ROOT}/{{PARENT}}/Messages", 404, 20404),
    Case("unknown product", "parent", "GET /faxes/v1/Faxes", 404, 20404),
    Case("no product", "parent", "POST /", 404, 20404),
    Case("wrong method", "parent", f"DELETE {_ROOT}.json", 405, 20004, "GET, POST"),
    Case("unknown country's price", "sub", "GET /pricing/v1/PhoneNumbers/Countries/XX", 404, 20404),
]


@pytest.fixture(params=CASES, ids=[case.name for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    """One refusal."""
    return request.param  # type: ignore[no-any-return]


def test_the_refusal_has_twilios_status_and_code_and_names_the_cause(stage: Stage, case: Case) -> None:
    """And nothing was changed by the call."""
    method, path = case.call.split(" ", 1)
    form: dict[str, Any] | None = None
    if case.form is not None or method == "POST":
        form = {name: value.format(**stage.names) for name, value in (case.form or {}).items()}
        form |= {name: [value for given, value in case.repeated if given == name] for name, _ in case.repeated}
    before = _state(stage.world)

    status, body = stage.ask(case.who, method, path.format(**stage.names), form)

    assert (status, body["code"]) == (case.status, case.code), body["message"]
    assert case.says in body["message"]
    assert _state(stage.world) == before


def _state(world: SyncWorld) -> tuple[object, ...]:
    """What a refused call must leave alone."""
    accounts = world.parent.api.v2010.accounts.list()
    numbers = world.sub.incoming_phone_numbers.list()
    keys = world.sub.iam.v1.get_api_keys.list(account_sid=world.sub_sid)
    return (
        [(account.sid, account.status, account.auth_token) for account in accounts],
        [(number.sid, number.sms_url, number.account_sid) for number in numbers],
        [key.sid for key in keys],
        world.emulator.messages(),
    )
