"""Which tenant is meant, and which documents are refused with what words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.__main__ import main
from switchboard_runtime.config import TenantDocument, load_directory
from switchboard_runtime.config.directory import find_slug
from switchboard_runtime.errors import ConfigurationError
from switchboard_runtime.store.postgres.dsn import checked
from tests.unit.runtime.kit import API_TOKEN, TOKEN, document, write_tenant

if TYPE_CHECKING:
    from pathlib import Path

SLUGS = ("acme", "muebles-sur", "casa-2024", "casa-2025", "clinica-2026", "pinturas-norte", "pinturas-oeste")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("acme", "acme"),
        ("ACME", "acme"),
        ("muebles-sur", "muebles-sur"),
        ("Muebles Sur", "muebles-sur"),
        ("mueblessur", "muebles-sur"),
        ("muebles", "muebles-sur"),
        ("clinica", "clinica-2026"),
        ("clínica", "clinica-2026"),
        ("casa", None),
        ("pinturas", None),
        ("banco", None),
        ("a", None),
        ("", None),
        ("../acme", "acme"),
    ],
)
def test_a_slug_is_exact_or_of_a_year_or_the_only_similar_one(wanted: str, found: str | None) -> None:
    """Two candidates are none."""
    assert find_slug(wanted, SLUGS).slug == found


def test_candidates_of_an_ambiguous_slug_are_known_to_us() -> None:
    """They go to the log, not to the caller."""
    assert find_slug("casa", SLUGS).candidates == ("casa-2024", "casa-2025")


def test_hosts_are_exact(tmp_path: Path) -> None:
    """Case and port do not count, everything else does."""
    write_tenant(tmp_path, document(url="https://muebles-sur.bots.localhost:8443"))
    directory = load_directory(tmp_path / "tenants", tmp_path / "credentials", now=lambda: 0.0)
    hosts = ["muebles-sur.bots.localhost", "MUEBLES-SUR.bots.localhost:80", "bots.localhost", "", "x.bots.localhost"]

    assert [directory.by_host(host) is not None for host in hosts] == [True, True, False, False, False]


def bad(path: str, value: object) -> dict[str, Any]:
    """The example with one thing changed; ``path`` is dotted, ``value`` None with ``-`` removes."""
    content: Any = document()
    *parents, last = path.split(".")
    place = content
    for part in parents:
        place = place[int(part) if part.isdigit() else part]
    if value == "-":
        del place[last]
    else:
        place[int(last) if last.isdigit() else last] = value
    return content  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("greting", {"es": "x"}, "greting: unknown field; remove it or correct its spelling"),
        ("numbers.0.assitant", "x", "numbers.0.assitant: unknown field"),
        ("tenant.slug", "-", "tenant.slug: missing; add it"),
        ("tenant.slug", "Muebles", "tenant.slug: must be 1 to 63 of a-z, 0-9 and -"),
        ("tenant.status", "Paused", "tenant.status: Input should be 'Active' or 'Suspended'"),
        ("tenant.id", "../../etc", "tenant.id: must be 1 to 128 letters, digits, dots"),
        ("schema", "v2", "schema: Input should be 'runtime.switchboard.dev/v1'"),
        ("url", "muebles.example.com", "url: must be scheme, host and perhaps port"),
        ("url", "https://x.example.com/path", "url: must be scheme, host"),
        ("url", "https://user@x.example.com", "url: must be scheme, host"),
        ("twilio.accountSid", "SK1", "twilio.accountSid: must be an account's SID: AC"),
        ("twilio.endpoint", "http://", "twilio.endpoint: must be an http(s) URL or null, such as http://"),
        ("twilio.endpoint", "emulator:8089", "twilio.endpoint: must be an http(s) URL or null"),
        ("numbers.0.phoneNumber", "3055550123", "numbers.0.phoneNumber: must be a number in E.164"),
        ("numbers.0.primary", "yes", "numbers.0.primary: Input should be a valid boolean"),
        ("numbers.0.assistant", "ghost", "numbers[ventas-whatsapp].assistant: no assistant is named 'ghost'"),
        ("defaultAssistant", "ghost", "defaultAssistant: no assistant is named 'ghost'"),
        ("assistants.0.products.0.stock", "4", "assistants.0.products.0.stock: Input should be a valid integer"),
        ("assistants.0.products.0.price", 120000, "products.0.price: Input should be a valid string"),
        ("assistants.0.script.rules.0.when", {}, "rules.0.when: give exactly one of matches, catalogue and received"),
        ("assistants.0.script.rules.1.reply", {"es": "{nombre}"}, "unknown placeholder {nombre}; use one of"),
        ("greeting", {"spanish": "Hola"}, "must be a language's code, such as es or pt-BR"),
        ("limits", {"currency": "dollars"}, "limits.currency: must be a currency's code of three capitals"),
        ("contacts", {"stages": ["Won"]}, "contacts.stages.0: must be 1 to 32 of a-z, 0-9, - and _"),
        ("contacts", {"fields": [{"name": "the city"}]}, "contacts.fields.0.name: must be 1 to 48 letters"),
        ("content", {"x": {"sid": {"en": "HX1"}}}, "content.x.sid.en: must be a content template's SID"),
        ("greeting", {}, "greeting: Dictionary should have at least 1 item"),
        ("greeting", {"es": " \n"}, "greeting.es: must have words in it; blanks alone say nothing"),
        ("greeting", {"es": "¡Hola {name}!"}, "greeting: es: {name} would be said as it stands, nothing is filled in"),
        ("greeting", {"pt-br": "Oi"}, "must be a language's code, such as es or pt-BR"),
        ("languages", ["es", "es"], "languages: 'es' is there twice; remove one"),
        ("tenant.displayName", " ", "tenant.displayName: must have words in it"),
        ("url", "https://x.example.com:99999", "url: must be scheme, host and perhaps port"),
        ("url", "https://x.example.com:port", "url: must be scheme, host and perhaps port"),
        ("url", "https://x..example.com", "url: must be scheme, host and perhaps port"),
        ("url", "https://x.example.com/?", "url: must be scheme, host and perhaps port"),
        ("url", "https://münchen.example.com", "url: must be scheme, host and perhaps port"),
        ("url", "http://[::1", "url: must be scheme, host and perhaps port"),
        ("twilio.endpoint", "http://x:99999", "twilio.endpoint: must be an http(s) URL or null"),
        ("twilio.endpoint", "http://x y", "twilio.endpoint: must be an http(s) URL or null"),
        ("webhooks", [{"name": "a", "url": "https://x..y", "secret": "s"}], "webhooks.0.url: must be an http(s) URL"),
        ("numbers.0.channels", ["sms", "telegram"], "numbers.0.channels.1: Input should be 'sms', 'voice' or 'whats"),
        ("assistants.0.products.0.stock", -3, "products.0.stock: Input should be greater than or equal to 0"),
        ("assistants.0.products.0.price", "cheap", "products.0.price: must be a number and nothing else"),
        ("assistants.0.products.0.price", "-5", "products.0.price: must be a number and nothing else"),
        ("assistants.0.products.0.price", "NaN", "products.0.price: must be a number and nothing else"),
        ("assistants.0.products.0.name", "?", "products.0.name: '?' has no word in it; write letters or digits"),
        ("assistants.0.products", [{"name": "A"}, {"name": "a "}], "products: 'a' is there twice; remove one"),
        ("assistants.0.script.rules.0.reply", {"es": "{nmae}"}, "reply.es: {nmae} would be said as it stands, only a"),
        ("assistants.0.script.rules.0.reply", {"es": "{name}"}, "reply.es: {name} would be said as it stands, only a"),
        ("assistants.0.script.rules.1.reply", {"es": "{ name }"}, "reply.es: unknown placeholder { name }; use one of"),
        ("assistants.0.script.rules.0.when", {"matches": []}, "when.matches: Tuple should have at least 1 item"),
        ("assistants.0.script.rules.0.when", {"matches": ["?!"]}, "when.matches.0: '?!' has no word in it"),
        (
            "assistants.0.script.rules.0.choices",
            [{"title": {"es": "Sí"}, "id": "a"}, {"title": {"es": "Sí"}, "id": "b"}],
            "choices: choices, title.es: 'Sí' is there twice; remove one",
        ),
        ("assistants.0.instructions", " ", "assistants.0.instructions: must have words in it"),
        ("handoff.keywords", ["!"], "handoff.keywords.0: '!' has no word in it"),
        ("optOut", {"stop": ["!"]}, "optOut.stop.0: '!' has no word in it"),
        ("limits", {"assistants": {"ghost": {}}}, "limits.assistants: no assistant is named 'ghost'; add it to"),
        ("limits", {"timezone": "localtime"}, "limits.timezone: 'localtime' is no time zone; write its IANA name"),
        ("contacts", {"fields": [{"name": "x", "oneOf": ["a", "a"]}]}, "contacts.fields.0: oneOf: 'a' is there twice"),
        (
            "content",
            {"x": {"sid": {"en": f"HX{0:032}"}, "variables": {"1": "{te-xt}"}}},
            "content.x.variables: 1: unknown placeholder {te-xt}; use {text} or {tenant}",
        ),
    ],
)
def test_a_bad_document_is_refused_by_file_field_and_cure(tmp_path: Path, path: str, value: object, told: str) -> None:
    """Whoever reads the pod's log knows what to change."""
    write_tenant(tmp_path, document())
    file = tmp_path / "tenants" / "muebles-sur.json"
    file.write_text(json.dumps(bad(path, value)), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=re.escape(told)) as refusal:
        load_directory(tmp_path / "tenants", tmp_path / "credentials", now=lambda: 0.0)

    assert str(file) in str(refusal.value)


def test_a_field_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    """JSON would take the last, and half of what was written would be gone."""
    write_tenant(tmp_path, document())
    file = tmp_path / "tenants" / "muebles-sur.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"languages":', '"numbers": [], "languages":', 1))

    with pytest.raises(ConfigurationError, match="numbers: is there twice in one object; remove one"):
        load_directory(tmp_path / "tenants", tmp_path / "credentials", now=lambda: 0.0)


def test_only_what_is_wrong_is_told(tmp_path: Path) -> None:
    """Not that a list is too short without the item that is wrong in it."""
    model = {"choices": [{"provider": "openai", "model": "m", "baseUrl": "https://x:70000"}]}
    write_tenant(tmp_path, document())
    file = tmp_path / "tenants" / "muebles-sur.json"
    file.write_text(json.dumps(bad("assistants.0.model", model)), encoding="utf-8")

    with pytest.raises(ConfigurationError) as refusal:
        load_directory(tmp_path / "tenants", tmp_path / "credentials", now=lambda: 0.0)

    assert [line.partition(": ")[0] for line in refusal.value.problems] == ["assistants.0.model.choices.0.baseUrl"]


@pytest.mark.parametrize("price", ["1200.50", "1.200,50", "1'200", "120 000", "0", "450", None])
def test_a_price_is_written_as_people_are_shown_it(price: str | None) -> None:
    """With the signs of the place between its digits."""
    read = TenantDocument.model_validate_json(json.dumps(bad("assistants.0.products.0.price", price)))

    assert read.assistants[0].products[0].price == price


def test_what_may_be_absent_may_be_absent() -> None:
    """The smallest document there is."""
    small = {name: document()[name] for name in ("schema", "tenant", "url", "twilio")}
    read = TenantDocument.model_validate_json(json.dumps(small))

    assert (read.languages, read.assistant_for("+1")) == (("en",), None)


@pytest.mark.parametrize("key", ["authToken", "apiKeySecret", "apiToken"])
def test_a_missing_credential_is_named_and_no_other_is_shown(tmp_path: Path, key: str) -> None:
    """An empty file is a missing one."""
    write_tenant(tmp_path, document(), **{key: ""})

    with pytest.raises(ConfigurationError, match=f"{key}: no such file, or empty") as refusal:
        load_directory(tmp_path / "tenants", tmp_path / "credentials", now=lambda: 0.0)

    assert TOKEN not in str(refusal.value)
    assert API_TOKEN not in str(refusal.value)


def test_two_tenants_never_share_a_host_or_a_number(tmp_path: Path) -> None:
    """The second is named, and what it took."""
    write_tenant(tmp_path, document(slug="uno"))
    write_tenant(tmp_path, document(slug="dos"))

    with pytest.raises(ConfigurationError, match=r"numbers: \+13055550123 belongs to tenant 'dos' already"):
        load_directory(tmp_path / "tenants", tmp_path / "credentials", now=lambda: 0.0)


def test_a_file_is_named_for_its_slug(tmp_path: Path) -> None:
    """Otherwise two files could be one tenant."""
    write_tenant(tmp_path, document())
    (tmp_path / "tenants" / "muebles-sur.json").rename(tmp_path / "tenants" / "other.json")

    with pytest.raises(ConfigurationError, match=r"name the file muebles-sur\.json"):
        load_directory(tmp_path / "tenants", tmp_path / "credentials", now=lambda: 0.0)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--listen", "8080"], "SWITCHBOARD_LISTEN: '8080' is not host:port"),
        (["--log-level", "loud"], "SWITCHBOARD_LOG_LEVEL: 'loud' is none of"),
        (["--lease-seconds", "soon"], "SWITCHBOARD_LEASE_SECONDS: 'soon' is no number of seconds"),
        (["--egress-allow", "a:1,http://model"], "SWITCHBOARD_EGRESS_ALLOW: 'http://model' is no host; write host or"),
        (["--egress-allow", "model:99999"], "SWITCHBOARD_EGRESS_ALLOW: 'model:99999' is no host; write host or"),
        (["--tenants-dir", "/nonexistent"], "/nonexistent: no tenant document; put a {slug}.json there"),
    ],
)
def test_serve_refuses_what_it_cannot_use_with_an_exit_code(
    flags: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that a bad revision never becomes ready."""
    code = main(["serve", *flags])

    assert code == 78
    assert told in capsys.readouterr().err


URL = "postgresql://u:hunter2@db.example.com"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("db.example.com", "is no URL of a database; write postgresql://ROLE:PASSWORD@HOST:5432/DATABASE"),
        ("mysql://u:hunter2@db.example.com/d", "is no URL of a database; write postgresql://"),
        ("postgresql://u:hunter2@[::1/d", "is no URL of a database; write postgresql://"),
        (f"{URL}/d?sslmode", "is no URL of a database; write postgresql://"),
        (f"{URL}:port/d", "has a port that is no number from 1 to 65535; write postgresql://"),
        (f"{URL}:/d", "has a port that is no number from 1 to 65535"),
        (f"{URL}:99999/d", "has a port that is no number from 1 to 65535"),
        (f"{URL}:0/d", "has a port that is no number from 1 to 65535"),
        (f"{URL}:5432,other:x/d", "has a port that is no number from 1 to 65535"),
        (f"{URL}/d?port=x", "has a port that is no number from 1 to 65535"),
        (f"{URL}/d?sslrootcert=/nonexistent/ca.crt", "sslrootcert: there is no file /nonexistent/ca.crt; put it there"),
    ],
)
def test_a_database_that_cannot_be_asked_is_told_with_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str, told: str
) -> None:
    """At the start, and for the administrator; the URL is not shown, since it holds a password."""
    write_tenant(tmp_path, document(), databaseUrl=url)
    folders = [f"--{name}-dir={tmp_path / name}" for name in ("tenants", "credentials", "data")]
    codes = main(["serve", "--listen", "127.0.0.1:0", *folders]), main(["migrate", "--admin-dsn", url])
    served, migrated = capsys.readouterr().err.splitlines()[-2:]

    assert codes == (78, 78)
    assert served.startswith(f"switchboard-runtime: muebles-sur/databaseUrl: {told}")
    assert migrated.startswith(f"switchboard-runtime: admin DSN: {told}")
    assert "hunter2" not in served + migrated


@pytest.mark.parametrize("host", ["h", "h:1", "a:1,b", "[::1]", "[::1]:65535", "%2Frun%2Fpostgresql", ""])
def test_a_database_is_named_by_its_servers(host: str) -> None:
    """With a port or without."""
    url = f"postgresql://u:p@{host}/d"

    assert checked("databaseUrl", url) == url


def test_a_tenant_at_an_address_of_ipv6_is_found_by_its_host(tmp_path: Path) -> None:
    """A Host header has brackets around it, with a port and without."""
    write_tenant(tmp_path, {**document(), "url": "http://[2001:db8::1]:8180"})
    directory = load_directory(tmp_path / "tenants", tmp_path / "credentials", now=lambda: 0.0)

    assert [directory.by_host(host) for host in ("[2001:DB8::1]:8180", "[2001:db8::1]")] == [*directory.entries] * 2
