"""US A2P 10DLC: ``/v1/a2p/BrandRegistrations`` and ``/v1/Services/{MessagingServiceSid}/Compliance/Usa2p``.

The profiles that a brand is made of belong to Trust Hub, which the emulator does not have: any SID will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.compliance.review import submit
from twilio_emulator.compliance.usecases import SOLE_PROPRIETOR, USECASES
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.messaging.standing import BRAND, CAMPAIGN
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.resources.services import find_service

if TYPE_CHECKING:
    from twilio_emulator.models import Record

__all__ = ["ROUTES"]

_BRAND_TYPES = ("STANDARD", "LOW_VOLUME_STANDARD", SOLE_PROPRIETOR)
_TEXTS = {
    "description": ("Description", 40, 4096),
    "message_flow": ("MessageFlow", 40, 2048),
}
_MESSAGES = {
    "opt_in_message": "OptInMessage",
    "opt_out_message": "OptOutMessage",
    "help_message": "HelpMessage",
}
_KEYWORDS = {
    "opt_in_keywords": ("OptInKeywords", ["START"]),
    "opt_out_keywords": ("OptOutKeywords", ["STOP"]),
    "help_keywords": ("HelpKeywords", ["HELP"]),
}
_LINKS = {"privacy_policy_url": "PrivacyPolicyUrl", "terms_and_conditions_url": "TermsAndConditionsUrl"}
_FLAGS = {
    "has_embedded_links": "HasEmbeddedLinks",
    "has_embedded_phone": "HasEmbeddedPhone",
    "age_gated": "AgeGated",
    "direct_lending": "DirectLending",
}
_SAMPLES = "MessageSamples"
_LONGEST_MESSAGE = 320


def create_brand(call: Call) -> Answer:
    """Register a brand."""
    params = call.params
    data = {
        "customer_profile_bundle_sid": _required_sid(call, "CustomerProfileBundleSid", "BU"),
        "a2p_profile_bundle_sid": _required_sid(call, "A2PProfileBundleSid", "BU"),
        "brand_type": params.choice("BrandType", _BRAND_TYPES) or "STANDARD",
        "mock": params.boolean("Mock") or False,
        "skip_automatic_sec_vet": params.boolean("SkipAutomaticSecVet") or False,
    }
    brand = call.core.store.records.add(
        BRAND, sid=call.core.sids.sid("BN"), account_sid=call.account.sid, now=call.now, data=data
    )
    return Answer(status=201, body=_render_brand(submit(call.core, brand, now=call.now)))


def list_brands(call: Call) -> Answer:
    """List the account's brands, newest first."""
    window = window_of(call.params)
    found = call.core.store.records.page(BRAND, [("account_sid = ?", call.account.sid)], window)
    return Answer(body=meta_page(call, "data", found, window, _render_brand))


def fetch_brand(call: Call) -> Answer:
    """Return one brand."""
    return Answer(body=_render_brand(_named_brand(call)))


def update_brand(call: Call) -> Answer:
    """Register a brand again that failed."""
    brand = _named_brand(call)
    if brand.status != "FAILED":
        raise invalid("Sid", f"only a failed brand can be registered again, {brand.sid} is {brand.status}")
    return Answer(status=202, body=_render_brand(submit(call.core, brand, now=call.now)))


def create_campaign(call: Call) -> Answer:
    """Register a service's campaign."""
    service = find_service(call, "MessagingServiceSid")
    if call.core.store.records.first(CAMPAIGN, parent_sid=service.sid):
        raise ApiError(
            status=409, code=20409, message=f"MessagingServiceSid: {service.sid} has a campaign; delete it first"
        )
    brand = _approved_brand(call)
    data = {
        "brand_registration_sid": brand.sid,
        "mock": brand.data["mock"],
        "us_app_to_person_usecase": _usecase(call, brand),
        "age_gated": False,
        "direct_lending": False,
        "subscriber_opt_in": call.params.boolean("SubscriberOptIn") or False,
        **_campaign_texts(call),
        **_campaign_fields(call),
    }
    for name in (*_TEXTS, "message_samples", "has_embedded_links", "has_embedded_phone"):
        if name not in data:
            raise invalid("".join(part.capitalize() for part in name.split("_")), "it is required")
    campaign = call.core.store.records.add(
        CAMPAIGN,
        sid=call.core.sids.sid("QE"),
        account_sid=call.account.sid,
        parent_sid=service.sid,
        now=call.now,
        data=data,
    )
    return Answer(status=201, body=_render_campaign(submit(call.core, campaign, now=call.now)))


def list_campaigns(call: Call) -> Answer:
    """List a service's campaign."""
    service, window = find_service(call, "MessagingServiceSid"), window_of(call.params)
    found = call.core.store.records.page(CAMPAIGN, [("parent_sid = ?", service.sid)], window)
    return Answer(body=meta_page(call, "compliance", found, window, _render_campaign))


def fetch_campaign(call: Call) -> Answer:
    """Return a service's campaign."""
    return Answer(body=_render_campaign(_named_campaign(call)))


def update_campaign(call: Call) -> Answer:
    """Mend a campaign that failed; it is reviewed again."""
    campaign = _named_campaign(call)
    given = _campaign_fields(call)
    if campaign.status != "FAILED":
        raise invalid("Sid", f"only a failed campaign can be changed, {campaign.sid} is {campaign.status}")
    changed = call.core.store.records.change(campaign, data=given)
    return Answer(body=_render_campaign(submit(call.core, changed, now=call.now)))


def delete_campaign(call: Call) -> Answer:
    """Delete a service's campaign; its numbers are unregistered from then on."""
    call.core.store.records.delete(_named_campaign(call))
    return Answer(status=204)


def usecases(call: Call) -> Answer:
    """List what a campaign can be for."""
    find_service(call, "MessagingServiceSid")
    call.params.sid("BrandRegistrationSid", "BN")
    return Answer(body={"us_app_to_person_usecases": list(USECASES)})


def _required_sid(call: Call, name: str, prefix: str) -> str:
    sid = call.params.sid(name, prefix)
    if not sid:
        raise invalid(name, "it is required")
    return sid


def _approved_brand(call: Call) -> Record:
    sid = _required_sid(call, "BrandRegistrationSid", "BN")
    brand = call.core.store.records.find(BRAND, sid)
    if brand is None or brand.account_sid != call.account.sid or brand.status != "APPROVED":
        status = f"is {brand.status}" if brand and brand.account_sid == call.account.sid else "is not registered"
        raise ApiError(status=400, code=21717, message=f"BrandRegistrationSid {sid} {status}, it must be APPROVED")
    return brand


def _usecase(call: Call, brand: Record) -> str:
    of_person = brand.data["brand_type"] == SOLE_PROPRIETOR
    codes = [SOLE_PROPRIETOR] if of_person else [str(usecase["code"]) for usecase in USECASES]
    usecase = call.params.choice("UsAppToPersonUsecase", codes)
    if not usecase:
        raise invalid("UsAppToPersonUsecase", "it is required")
    return usecase


def _campaign_texts(call: Call) -> dict[str, object]:
    """Return what can only be said when a campaign is made."""
    values: dict[str, object] = {
        name: call.params.text(parameter, longest=_LONGEST_MESSAGE) or None for name, parameter in _MESSAGES.items()
    }
    for name, (parameter, default) in _KEYWORDS.items():
        values[name] = list(call.params.many(parameter)) or default
    return values


def _campaign_fields(call: Call) -> dict[str, object]:
    """Return what a call says of a campaign, checked."""
    values: dict[str, object | None] = {name: call.params.boolean(parameter) for name, parameter in _FLAGS.items()}
    for name, (parameter, shortest, longest) in _TEXTS.items():
        text = call.params.text(parameter, longest=longest)
        if text is not None and len(text) < shortest:
            raise invalid(parameter, f"it must have at least {shortest} characters")
        values[name] = text
    for name, parameter in _LINKS.items():
        values[name] = call.params.url(parameter, code=20001)
    if samples := list(call.params.many(_SAMPLES)):
        if not 2 <= len(samples) <= 5 or not all(20 <= len(sample) <= 1024 for sample in samples):
            raise invalid(_SAMPLES, "give 2 to 5 samples of 20 to 1024 characters")
        values["message_samples"] = samples
    return {name: value for name, value in values.items() if value is not None}


def _named_brand(call: Call) -> Record:
    brand = call.core.store.records.find(BRAND, call.ids["Sid"])
    if brand is None or brand.account_sid != call.account.sid:
        raise call.not_found()
    return brand


def _named_campaign(call: Call) -> Record:
    service = find_service(call, "MessagingServiceSid")
    campaign = call.core.store.records.find(CAMPAIGN, call.ids["Sid"])
    if campaign is None or campaign.parent_sid != service.sid:
        raise call.not_found()
    return campaign


def _render_brand(brand: Record) -> Json:
    url = f"https://messaging.twilio.com/v1/a2p/BrandRegistrations/{brand.sid}"
    approved, of_person = brand.status == "APPROVED", brand.data["brand_type"] == SOLE_PROPRIETOR
    return {
        **{name: brand.data[name] for name in ("customer_profile_bundle_sid", "a2p_profile_bundle_sid", "brand_type")},
        **{name: brand.data[name] for name in ("mock", "skip_automatic_sec_vet")},
        "sid": brand.sid,
        "account_sid": brand.account_sid,
        "status": brand.status,
        "tcr_id": f"B{brand.sid[2:8].upper()}" if approved else None,
        "failure_reason": brand.data["reason"],
        "errors": _errors(brand),
        "brand_score": 42 if approved and not of_person else None,
        "brand_feedback": [] if approved and not of_person else None,
        "identity_status": "VERIFIED" if approved else None,
        "russell_3000": False,
        "government_entity": False,
        "tax_exempt_status": None,
        "date_created": iso8601(brand.created),
        "date_updated": iso8601(brand.updated),
        "url": url,
        "links": {"brand_vettings": f"{url}/Vettings", "brand_registration_otps": f"{url}/SmsOtp"},
    }


def _render_campaign(campaign: Record) -> Json:
    data, verified = campaign.data, campaign.status == "VERIFIED"
    links = {name: data.get(name) for name in _LINKS} if any(data.get(name) for name in _LINKS) else {}
    kept = (
        "brand_registration_sid",
        "us_app_to_person_usecase",
        "mock",
        "subscriber_opt_in",
        "message_samples",
        *_TEXTS,
        *_MESSAGES,
        *_KEYWORDS,
        *_FLAGS,
    )
    return {
        **{name: data[name] for name in kept},
        **links,
        "sid": campaign.sid,
        "account_sid": campaign.account_sid,
        "messaging_service_sid": campaign.parent_sid,
        "campaign_status": campaign.status,
        "campaign_id": f"C{campaign.sid[2:8].upper()}" if verified else None,
        "is_externally_registered": False,
        "rate_limits": {"att": {"mps": 600, "msg_class": "A"}, "tmobile": {"brand_tier": "TOP"}} if verified else {},
        "errors": _errors(campaign),
        "date_created": iso8601(campaign.created),
        "date_updated": iso8601(campaign.updated),
        "url": f"https://messaging.twilio.com/v1/Services/{campaign.parent_sid}/Compliance/Usa2p/{campaign.sid}",
    }


def _errors(record: Record) -> list[Json]:
    code = record.data["error_code"]
    if code is None:
        return []
    url = f"https://www.twilio.com/docs/api/errors/{code}"
    return [{"error_code": code, "fields": [], "url": url, "description": record.data["reason"]}]


_BRANDS = "/v1/a2p/BrandRegistrations"
_CAMPAIGNS = "/v1/Services/{MessagingServiceSid}/Compliance/Usa2p"

ROUTES = (
    Route("POST", "messaging", _BRANDS, create_brand),
    Route("GET", "messaging", _BRANDS, list_brands),
    Route("GET", "messaging", f"{_BRANDS}/{{Sid}}", fetch_brand),
    Route("POST", "messaging", f"{_BRANDS}/{{Sid}}", update_brand),
    Route("POST", "messaging", _CAMPAIGNS, create_campaign),
    Route("GET", "messaging", _CAMPAIGNS, list_campaigns),
    Route("GET", "messaging", f"{_CAMPAIGNS}/Usecases", usecases),
    Route("GET", "messaging", f"{_CAMPAIGNS}/{{Sid}}", fetch_campaign),
    Route("POST", "messaging", f"{_CAMPAIGNS}/{{Sid}}", update_campaign),
    Route("DELETE", "messaging", f"{_CAMPAIGNS}/{{Sid}}", delete_campaign),
)
