"""Verifications of toll-free numbers: ``messaging.twilio.com/v1/Tollfree/Verifications``.

The path names no account: the call acts on the account that authenticates. A client that holds the parent's credentials
and believes to look at a subaccount is given the parent's verifications, and no error (twilio-python#785).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.compliance.review import submit
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.messaging.standing import VERIFICATION
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.params import check_url

if TYPE_CHECKING:
    from twilio_emulator.models import Number, Record

__all__ = ["ROUTES"]

_ROOT = "/v1/Tollfree/Verifications"
_STATES = ("PENDING_REVIEW", "IN_REVIEW", "TWILIO_APPROVED", "TWILIO_REJECTED")
_FILTERS = ("TollfreePhoneNumberSid", "Status", "ExternalReferenceId", "IncludeSubAccounts", "TrustProductSid")
_EXPIRED = 30824
_TEXTS = {
    "business_name": "BusinessName",
    "business_website": "BusinessWebsite",
    "notification_email": "NotificationEmail",
    "use_case_summary": "UseCaseSummary",
    "production_message_sample": "ProductionMessageSample",
    "message_volume": "MessageVolume",
    "business_street_address": "BusinessStreetAddress",
    "business_street_address2": "BusinessStreetAddress2",
    "business_city": "BusinessCity",
    "business_state_province_region": "BusinessStateProvinceRegion",
    "business_postal_code": "BusinessPostalCode",
    "business_country": "BusinessCountry",
    "additional_information": "AdditionalInformation",
    "business_contact_first_name": "BusinessContactFirstName",
    "business_contact_last_name": "BusinessContactLastName",
    "business_contact_email": "BusinessContactEmail",
    "business_contact_phone": "BusinessContactPhone",
    "business_registration_number": "BusinessRegistrationNumber",
    "business_registration_country": "BusinessRegistrationCountry",
    "business_registration_phone_number": "BusinessRegistrationPhoneNumber",
    "doing_business_as": "DoingBusinessAs",
    "opt_in_confirmation_message": "OptInConfirmationMessage",
    "help_message_sample": "HelpMessageSample",
    "privacy_policy_url": "PrivacyPolicyUrl",
    "terms_and_conditions_url": "TermsAndConditionsUrl",
    "vetting_id": "VettingId",
}
_CHOICES = {
    "opt_in_type": (
        "OptInType",
        ("VERBAL", "WEB_FORM", "PAPER_FORM", "VIA_TEXT", "MOBILE_QR_CODE", "IMPORT", "IMPORT_PLEASE_REPLACE"),
    ),
    "business_type": (
        "BusinessType",
        ("PRIVATE_PROFIT", "PUBLIC_PROFIT", "SOLE_PROPRIETOR", "NON_PROFIT", "GOVERNMENT"),
    ),
    "business_registration_authority": (
        "BusinessRegistrationAuthority",
        (
            *("EIN", "CBN", "CRN", "PROVINCIAL_NUMBER", "VAT", "ACN", "ABN", "BRN", "SIREN", "SIRET", "NZBN"),
            *("USt-IdNr", "CIF", "NIF", "CNPJ", "UID", "NEQ", "OTHER"),
        ),
    ),
    "vetting_provider": ("VettingProvider", ("CAMPAIGN_VERIFY",)),
}
_LISTS = {
    "use_case_categories": "UseCaseCategories",
    "opt_in_image_urls": "OptInImageUrls",
    "opt_in_keywords": "OptInKeywords",
}
_CATEGORIES = frozenset(
    {
        "TWO_FACTOR_AUTHENTICATION",
        "ACCOUNT_NOTIFICATIONS",
        "CUSTOMER_CARE",
        "CHARITY_NONPROFIT",
        "DELIVERY_NOTIFICATIONS",
        "FRAUD_ALERT_MESSAGING",
        "EVENTS",
        "HIGHER_EDUCATION",
        "K12",
        "MARKETING",
        "POLLING_AND_VOTING_NON_POLITICAL",
        "POLITICAL_ELECTION_CAMPAIGNS",
        "PUBLIC_SERVICE_ANNOUNCEMENT",
        "SECURITY_ALERT",
    }
)
_REQUIRED = (
    "business_name",
    "business_website",
    "notification_email",
    "use_case_categories",
    "use_case_summary",
    "production_message_sample",
    "opt_in_image_urls",
    "opt_in_type",
    "message_volume",
)
_LINKED = ("business_website", "privacy_policy_url", "terms_and_conditions_url")
_OWNED = "? IN (records.account_sid, (SELECT owner_sid FROM accounts WHERE accounts.sid = records.account_sid))"
"""SQL: the account itself or one of its subaccounts."""
_NAMES = (*_TEXTS, *_CHOICES, *_LISTS, "age_gated_content")


def create(call: Call) -> Answer:
    """Have a toll-free number verified."""
    given = _given(call)
    for name in _REQUIRED:
        if not given.get(name):
            raise invalid((_TEXTS | _LISTS).get(name, "OptInType"), "it is required")
    number = _number(call)
    data = {
        **dict.fromkeys(_NAMES),
        "opt_in_keywords": [],
        **given,
        "number": number.phone_number,
        "customer_profile_sid": call.params.sid("CustomerProfileSid", "BU") or None,
        "external_reference_id": call.params.text("ExternalReferenceId", longest=256) or None,
    }
    record = call.core.store.records.add(
        VERIFICATION,
        sid=call.core.sids.sid("HH"),
        account_sid=call.account.sid,
        key=number.sid,
        now=call.now,
        data=data,
    )
    return Answer(status=201, body=_render(call, submit(call.core, record, now=call.now)))


def list_(call: Call) -> Answer:
    """List the account's verifications, newest first; the parent can have its subaccounts' too."""
    window = window_of(call.params)
    found = call.core.store.records.page(VERIFICATION, _conditions(call), window)
    body = meta_page(call, "verifications", found, window, lambda record: _render(call, record), filters=_FILTERS)
    return Answer(body=body)


def fetch(call: Call) -> Answer:
    """Return one verification."""
    return Answer(body=_render(call, _named(call)))


def update(call: Call) -> Answer:
    """Mend a verification that was rejected; it is reviewed again."""
    record, given = _named(call), _given(call)
    until = record.data["edit_until"]
    if record.status != "TWILIO_REJECTED" or not isinstance(until, float):
        raise invalid("Sid", f"only a rejected verification can be edited, {record.sid} is {record.status}")
    if call.now > until:
        raise ApiError(
            status=400, code=_EXPIRED, message=f"Sid: the time to edit {record.sid} ended at {iso8601(until)}"
        )
    changed = call.core.store.records.change(record, data=given)
    return Answer(status=202, body=_render(call, submit(call.core, changed, now=call.now)))


def delete(call: Call) -> Answer:
    """Withdraw a verification; its number is unverified from then on."""
    call.core.store.records.delete(_named(call))
    return Answer(status=204)


def _given(call: Call) -> dict[str, object]:
    """Return the properties that a call names, checked."""
    params = call.params
    values: dict[str, object | None] = {name: params.text(each, longest=4096) for name, each in _TEXTS.items()}
    values |= {name: params.choice(each, choices) for name, (each, choices) in _CHOICES.items()}
    values |= {name: [item for item in params.many(each) if item] or None for name, each in _LISTS.items()}
    values["age_gated_content"] = params.boolean("AgeGatedContent")
    given = {name: value for name, value in values.items() if value is not None}
    for category in params.many("UseCaseCategories"):
        if category not in _CATEGORIES:
            raise invalid("UseCaseCategories", f"they must be of {', '.join(sorted(_CATEGORIES))}")
    for url in params.many("OptInImageUrls"):
        check_url("OptInImageUrls", url, code=20001)
    for name in _LINKED:
        if given.get(name):
            check_url(_TEXTS[name], str(given[name]), code=20001)
    if "@" not in str(given.get("notification_email", "@")):
        raise invalid("NotificationEmail", "it must be an e-mail address")
    return given


def _number(call: Call) -> Number:
    """Return the number to be verified: the account's, toll-free, and not verified or in review."""
    sid = call.params.sid("TollfreePhoneNumberSid", "PN")
    if not sid:
        raise invalid("TollfreePhoneNumberSid", "it is required")
    number = call.core.store.numbers.find(sid)
    if number is None or number.account_sid != call.account.sid:
        raise invalid("TollfreePhoneNumberSid", f"the account has no number {sid}")
    if number.kind != "toll_free":
        raise invalid("TollfreePhoneNumberSid", f"{number.phone_number} is not toll-free")
    for known in call.core.store.records.where(VERIFICATION, key=sid):
        if known.status != "TWILIO_REJECTED":
            raise invalid("TollfreePhoneNumberSid", f"{known.sid} of this number is {known.status}")
    return number


def _conditions(call: Call) -> list[tuple[str, object]]:
    params = call.params
    whose = _OWNED if params.boolean("IncludeSubAccounts") else "account_sid = ?"
    conditions: list[tuple[str, object]] = [(whose, call.account.sid)]
    if sid := params.sid("TollfreePhoneNumberSid", "PN"):
        conditions.append(("key = ?", sid))
    if status := params.choice("Status", _STATES):
        conditions.append(("status = ?", status))
    if reference := params.text("ExternalReferenceId"):
        conditions.append(("json_extract(data, '$.external_reference_id') = ?", reference))
    if params.sid("TrustProductSid", "BU"):
        conditions.append(("1 = ?", 0))  # verifications made by this API have no trust product
    return conditions


def _named(call: Call) -> Record:
    record = call.core.store.records.find(VERIFICATION, call.ids["Sid"])
    if record is None or record.account_sid != call.account.sid:
        raise call.not_found()
    return record


def _render(call: Call, record: Record) -> Json:
    data, until = record.data, record.data["edit_until"]
    rejected = record.status == "TWILIO_REJECTED"
    reasons = [{"reason": data["reason"], "code": data["error_code"]}] if rejected else None
    return {
        **{name: data[name] for name in _NAMES},
        "sid": record.sid,
        "account_sid": record.account_sid,
        "customer_profile_sid": data["customer_profile_sid"],
        "trust_product_sid": None,
        "regulated_item_sid": None,
        "tollfree_phone_number_sid": record.key,
        "tollfree_phone_number": data["number"],
        "status": record.status,
        "rejection_reason": data["reason"],
        "rejection_reasons": reasons,
        "error_code": data["error_code"],
        "edit_allowed": call.now <= until if isinstance(until, float) else None,
        "edit_expiration": iso8601(until) if isinstance(until, float) else None,
        "resource_links": {},
        "external_reference_id": data["external_reference_id"],
        "vetting_id_expiration": None,
        "date_created": iso8601(record.created),
        "date_updated": iso8601(record.updated),
        "url": f"https://messaging.twilio.com{_ROOT}/{record.sid}",
    }


ROUTES = (
    Route("POST", "messaging", _ROOT, create),
    Route("GET", "messaging", _ROOT, list_),
    Route("GET", "messaging", f"{_ROOT}/{{Sid}}", fetch),
    Route("POST", "messaging", f"{_ROOT}/{{Sid}}", update),
    Route("DELETE", "messaging", f"{_ROOT}/{{Sid}}", delete),
)
