"""What tests of regulated numbers start from: addresses and bundles that are good for them, and the admin's calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twilio.rest import Client

    from tests.contract.emulator_sync import SyncWorld

__all__ = [
    "AR_FREE",
    "BR_MOBILE",
    "ES_LOCAL",
    "GB_LOCAL",
    "GB_MOBILE",
    "address",
    "admin",
    "bundle",
    "filled_bundle",
    "submitted",
]

GB_LOCAL = "+442071838750"
GB_MOBILE = "+447911123456"
ES_LOCAL = "+34911234567"
BR_MOBILE = "+5511987650123"
AR_FREE = "+548005550123"

PLACES = {
    "US": {"street": "1 Biscayne Blvd", "city": "Miami", "region": "FL", "postal_code": "33132"},
    "GB": {"street": "1 Strand", "city": "London", "region": "London", "postal_code": "WC2N 5HR"},
    "ES": {"street": "Gran Vía 1", "city": "Madrid", "region": "Madrid", "postal_code": "28013"},
    "AR": {"street": "Av. Corrientes 1", "city": "Buenos Aires", "region": "CABA", "postal_code": "C1043"},
}
_TYPES = {
    "business": ({"business_name": "Muebles SL"}, "business_registration", "business_address"),
    "individual": ({"first_name": "Ana", "last_name": "Ruiz"}, "passport", "individual_address"),
}


def address(client: Client, country: str = "US", **changes: Any) -> Any:
    """Make an address in a country's capital, or in Miami."""
    values = {"customer_name": "Muebles SL", "iso_country": country, **PLACES[country], **changes}
    return client.addresses.create(**values)


def bundle(client: Client, country: str = "ES", number_type: str = "local", **changes: Any) -> Any:
    """Make an empty draft for a business."""
    values = {
        "friendly_name": "Muebles",
        "email": "legal@muebles.example",
        "iso_country": country,
        "number_type": number_type,
        "end_user_type": "business",
        **changes,
    }
    return client.numbers.v2.regulatory_compliance.bundles.create(**values)


def filled_bundle(client: Client, country: str = "ES", number_type: str = "local", **changes: Any) -> Any:
    """Make a draft with all that its regulation asks for."""
    made = bundle(client, country, number_type, **changes)
    compliance = client.numbers.v2.regulatory_compliance
    told, identity, home = _TYPES[changes.get("end_user_type", "business")]
    where = address(client, country)
    items = [
        compliance.end_users.create(
            friendly_name="owner", type=changes.get("end_user_type", "business"), attributes=told
        ),
        compliance.supporting_documents.create(friendly_name="identity", type=identity, attributes=told),
        compliance.supporting_documents.create(
            friendly_name="home", type=home, attributes={"address_sids": [where.sid]}
        ),
    ]
    for item in items:
        compliance.bundles(made.sid).item_assignments.create(object_sid=item.sid)
    return made


def submitted(client: Client, country: str = "ES", number_type: str = "local", **changes: Any) -> Any:
    """Make a bundle and submit it; without ``review_delay`` it is approved as soon as the emulator has settled."""
    made = filled_bundle(client, country, number_type, **changes)
    return client.numbers.v2.regulatory_compliance.bundles(made.sid).update(status="pending-review")


def admin(world: SyncWorld, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """Call the admin API and return status and answer."""
    reply = world.raw("POST", f"/emulator/v1{path}", json=body)
    return reply.status_code, reply.json()
