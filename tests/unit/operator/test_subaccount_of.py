"""The TwilioSubaccount that a Tenant makes for itself."""

from typing import Any

import pytest

from switchboard_operator.api import TwilioSubaccount
from switchboard_operator.desired import names
from switchboard_operator.desired.subaccount import subaccount_of
from tests.support.smallworld import resource


def made(**spec: Any) -> dict[str, Any]:
    """What a Tenant wants."""
    base = {"planRef": {"name": "pro"}, "accountRef": {"name": "main"}}
    return subaccount_of(resource("Tenant", "acme", base | spec))


def test_it_belongs_to_the_tenant() -> None:
    """Same name and namespace, owned by the Tenant, found by its label."""
    meta = made()["metadata"]

    assert (meta["name"], meta["namespace"]) == ("acme", "acme")
    assert meta["ownerReferences"][0]["uid"] == "uid-acme"
    assert meta["labels"][names.LABEL_TENANT] == "acme"
    assert "finalizers" not in meta


@pytest.mark.parametrize(
    ("given", "field", "wanted"),
    [
        ({}, "state", "Active"),
        ({"suspend": True}, "state", "Suspended"),
        ({}, "accountRef", {"name": "main"}),
        ({}, "deletionPolicy", "Suspend"),
        ({"twilio": {"deletionPolicy": "Retain"}}, "deletionPolicy", "Retain"),
        ({"twilio": {"deletionPolicy": "Close", "confirmClose": True}}, "confirmClose", True),
        ({"twilio": {"retention": "48h"}}, "retention", "48h"),
    ],
)
def test_it_says_what_the_tenant_says(given: dict[str, Any], field: str, wanted: Any) -> None:
    """The Tenant's template reaches the subaccount."""
    assert made(**given)["spec"][field] == wanted


def test_it_reads_back() -> None:
    """The API's own model takes it, so that nothing in it is dropped."""
    trigger = {"category": "totalprice", "period": "monthly", "value": "100.00", "action": "Suspend"}
    wanted = made(twilio={"usageTriggers": [trigger], "credentials": {"rotation": {"interval": "2160h"}}})
    read = TwilioSubaccount.model_validate(wanted)

    assert wanted["spec"].items() <= read.spec.manifest().items()
