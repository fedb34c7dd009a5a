"""A world with one of everything in it: what fuzzing tests start from, so that a call gets as far as it can."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.contract import regulatory_kit
from tests.contract.emulator_sync import NUMBER, PHONE
from tests.contract.test_emulator_compliance import CAMPAIGN, approved, verify
from tests.contract.test_emulator_content import make
from tests.contract.test_emulator_eventstreams import SENT, a_sink, subscribe
from tests.contract.test_emulator_signing_keys import rule, setting, shared_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.contract.emulator_sync import SyncWorld

__all__ = ["Furnished", "furnish"]

_A = "/2010-04-01/Accounts/{AccountSid}"
_R = "/v2/RegulatoryCompliance"
_NOWHERE = "XX" + "0" * 32
Places = dict[str, dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Furnished:
    """What there is, by where it is named.

    Attributes:
        places: for the beginning of a path template, what stands in its gaps.
        fields: for the name of a parameter, a SID that is good for it.
    """

    places: Mapping[str, Mapping[str, str]]
    fields: Mapping[str, str]

    def gaps(self, template: str) -> Mapping[str, str]:
        """Return what the gaps of a path template can be filled with."""
        beginnings = [place for place in self.places if template.startswith(place)]
        found = self.places[max(beginnings, key=len)] if beginnings else {}
        return {"AccountSid": self.fields["AccountSid"], **found}

    def path(self, template: str) -> str:
        """Return the path of something that is there."""
        gaps = self.gaps(template)
        return re.sub(r"\{(\w+)\}", lambda match: gaps.get(match[1], _NOWHERE), template)


def furnish(world: SyncWorld) -> Furnished:
    """Make one of everything in the world's subaccount."""
    number, toll_free = world.buy(), world.buy("+18005550123")
    fields = dict.fromkeys(("AccountSid", "TargetAccountSid"), world.sub_sid)
    fields |= {"PhoneNumberSid": number.sid, "TollfreePhoneNumberSid": toll_free.sid}
    places: Places = {
        "/2010-04-01/Accounts/{Sid}": {"Sid": world.sub_sid},
        f"{_A}/AvailablePhoneNumbers": {"CountryCode": "US"},
        f"{_A}/IncomingPhoneNumbers": {"Sid": number.sid},
        "/v1/Schemas": {"Id": "Messaging.MessageStatus", "SchemaVersion": "1"},
        "/v1/Types": {"Type": SENT},
    }
    places |= {f"/v1/{product}/Countries": {"IsoCountry": "US"} for product in ("PhoneNumbers", "Messaging", "Voice")}
    for part in (_messaging, _regulatory, _traffic, _settings):
        made, named = part(world, number)
        places |= made
        fields |= named
    return Furnished(places=places, fields=fields)


def _messaging(world: SyncWorld, number: Any) -> tuple[Places, dict[str, str]]:
    brand, sender = approved(world), world.whatsapp_sender()
    made = world.sub.messaging.v1.services.create(friendly_name="bot", inbound_request_url="https://a.example/")
    service = world.sub.messaging.v1.services(made.sid)
    campaign = service.us_app_to_person.create(brand_registration_sid=brand, **CAMPAIGN)
    service.phone_numbers.create(phone_number_sid=number.sid)
    service.channel_senders.create(sid=sender)
    alpha = service.alpha_senders.create(alpha_sender="Sur")
    places = {
        "/v1/Services/{Sid}": {"Sid": made.sid},
        "/v1/Services/{MessagingServiceSid}/Compliance": {"MessagingServiceSid": made.sid, "Sid": campaign.sid},
        "/v1/Services/{MessagingServiceSid}/ChannelSenders": {"MessagingServiceSid": made.sid, "Sid": sender},
        "/v1/Services/{ServiceSid}/PhoneNumbers": {"ServiceSid": made.sid, "Sid": number.sid},
        "/v1/Services/{ServiceSid}/AlphaSenders": {"ServiceSid": made.sid, "Sid": alpha.sid},
        "/v1/a2p/BrandRegistrations": {"Sid": brand},
        "/v1/Tollfree": {"Sid": verify(world).sid},
        "/v2/Channels/Senders": {"Sid": sender},
    }
    return places, {"MessagingServiceSid": made.sid, "BrandRegistrationSid": brand}


def _regulatory(world: SyncWorld, _number: Any) -> tuple[Places, dict[str, str]]:
    compliance = world.sub.numbers.v2.regulatory_compliance
    address, bundle = regulatory_kit.address(world.sub), regulatory_kit.filled_bundle(world.sub)
    items = compliance.bundles(bundle.sid).item_assignments.list()
    evaluation = compliance.bundles(bundle.sid).evaluations.create()
    (end_user,), (document, *_) = compliance.end_users.list(), compliance.supporting_documents.list()
    regulation = compliance.regulations.list(limit=1)[0].sid
    places = {
        f"{_A}/Addresses": {"Sid": address.sid, "AddressSid": address.sid},
        f"{_R}/EndUsers": {"Sid": end_user.sid},
        f"{_R}/SupportingDocuments": {"Sid": document.sid},
        f"{_R}/Regulations": {"Sid": regulation},
        f"{_R}/Bundles/{{Sid}}": {"Sid": bundle.sid},
        f"{_R}/Bundles/{{BundleSid}}": {"BundleSid": bundle.sid, "Sid": items[0].sid},
        f"{_R}/Bundles/{{BundleSid}}/Evaluations": {"BundleSid": bundle.sid, "Sid": evaluation.sid},
    }
    fields = {"AddressSid": address.sid, "EmergencyAddressSid": address.sid, "BundleSid": bundle.sid}
    return places, {**fields, "ObjectSid": end_user.sid, "RegulationSid": regulation}


def _traffic(world: SyncWorld, number: Any) -> tuple[Places, dict[str, str]]:
    sub = world.sub
    message = sub.messages.create(to=PHONE, from_=NUMBER, body="Hola", media_url=["https://a.example/1.png"])
    media = sub.messages(message.sid).media.list()[0]
    call = sub.calls.create(to=PHONE, from_=NUMBER, twiml="<Response><Pause length='600'/></Response>")
    world.advance(3)
    done = sub.calls(call.sid).recordings.create()
    world.advance(2)
    sub.calls(call.sid).recordings(done.sid).update(status="stopped")
    recording = sub.calls(call.sid).recordings.create()
    content = make(world)
    number.update(sms_url="http://127.0.0.1:9/#rc=0")
    sub.messaging.v1.services.list()[0].update(use_inbound_webhook_on_number=True)
    world.say()
    world.advance(1)
    places = {
        f"{_A}/Messages/{{Sid}}": {"Sid": message.sid},
        f"{_A}/Messages/{{MessageSid}}": {"MessageSid": message.sid, "Sid": media.sid},
        f"{_A}/Calls/{{Sid}}": {"Sid": call.sid},
        f"{_A}/Calls/{{CallSid}}": {"CallSid": call.sid, "Sid": recording.sid},
        f"{_A}/Recordings": {"Sid": done.sid},
        "/v1/Alerts": {"Sid": sub.monitor.v1.alerts.list(limit=1)[0].sid},
        "/v1/Events": {"Sid": sub.monitor.v1.events.list(limit=1)[0].sid},
        "/v1/Content": {"Sid": content.sid, "ContentSid": content.sid},
    }
    return places, {"ContentSid": content.sid}


def _settings(world: SyncWorld, _number: Any) -> tuple[Places, dict[str, str]]:
    sub = world.sub
    application = sub.applications.create(friendly_name="app")
    key = sub.iam.v1.new_api_key.create(account_sid=world.sub_sid, friendly_name="runtime")
    trigger = sub.usage.triggers.create(
        callback_url="http://127.0.0.1:9/#rc=0", trigger_value="1000", usage_category="sms"
    )
    sink = a_sink(world)
    subscription = subscribe(world, sink)
    used = setting(sub)
    written = rule(sub, used)
    places = {
        f"{_A}/Applications": {"Sid": application.sid},
        f"{_A}/Keys": {"Sid": key.sid},
        "/v1/Keys": {"Sid": key.sid},
        f"{_A}/Usage/Triggers": {"Sid": trigger.sid},
        "/v1/Sinks": {"Sid": sink.sid},
        "/v1/Subscriptions/{Sid}": {"Sid": subscription.sid},
        "/v1/Subscriptions/{SubscriptionSid}": {"SubscriptionSid": subscription.sid, "Type": SENT},
        "/v1/Webhooks/SharedKeys": {"Id": shared_key(sub).id},
        "/v1/Webhooks/Settings": {"Id": used.id},
        "/v1/Webhooks/Operations": {"Id": written.operation["id"]},
        "/v1/Webhooks/Rules": {"Id": sub.webhooks.v1.rules.list()[0].id},
    }
    applications = dict.fromkeys(("ApplicationSid", "SmsApplicationSid", "VoiceApplicationSid"), application.sid)
    return places, {**applications, "SinkSid": sink.sid}
