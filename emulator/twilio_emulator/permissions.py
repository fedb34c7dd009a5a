"""What a Restricted API key may be allowed: the names of permissions, and which call needs which.

A permission is ``/twilio/{product}/{resource}/{action}``. The names are Twilio's own (twilio.com/docs/iam/api-keys/
restricted-api-keys and what public code quotes of its table). ``read`` is one resource, ``list`` the collection: they
are two permissions. A resource with all five actions also has ``*``. What no name stands for here is closed to
Restricted keys, as it is at Twilio.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["MOST_PERMISSIONS", "is_known", "missing"]

MOST_PERMISSIONS = 100
"""Most permissions of one key."""

_ALL = ("read", "list", "create", "update", "delete")
_LOOK = ("read", "list")
_KEPT = ("read", "list", "create", "delete")
_SHAPE = re.compile(r"/twilio/(?P<product>[a-z-]+)/(?P<resource>[a-z0-9.-]+)/(?P<action>[a-z]+|\*)")
_NOT_SERVED = frozenset({"flex", "lookup", "serverless", "studio", "taskrouter", "verify", "video"})
"""Products whose calls the emulator has not: their names are taken as they come."""
_ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
_SERVICE = "/v1/Services/{ServiceSid}"
_REGULATORY = "/v2/RegulatoryCompliance"


@dataclass(frozen=True)
class _Resource:
    """One resource of the table: its name, the actions it has, and where its calls are.

    ``paths`` are ``host/path`` of the collection, without ``.json``; what lies one variable part below is one of it.
    """

    name: str
    actions: tuple[str, ...]
    paths: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        """Say whether there is a permission for an action."""
        return action in self.actions or (action == "*" and set(self.actions) == set(_ALL))


_RESOURCES = (
    _Resource("billing/usage", ("read",), (f"api{_ACCOUNT}/Usage/Records",)),
    _Resource("event-streams/event-type", _LOOK, ("events/v1/Types",)),
    _Resource("event-streams/schema", ("read",)),
    _Resource("event-streams/schema.version", _LOOK),
    _Resource("event-streams/sink", _ALL, ("events/v1/Sinks",)),
    _Resource("event-streams/sink.test", ("create",), ("events/v1/Sinks/{Sid}/Test",)),
    _Resource("event-streams/subscription", _ALL, ("events/v1/Subscriptions",)),
    _Resource(
        "event-streams/subscription.subscribed-event",
        _ALL,
        ("events/v1/Subscriptions/{SubscriptionSid}/SubscribedEvents",),
    ),
    _Resource("iam/accounts", _LOOK, ("api/2010-04-01/Accounts",)),
    _Resource("iam/api-keys", _ALL, ("iam/v1/Keys", f"api{_ACCOUNT}/Keys")),
    _Resource("iam/public-keys", ("list",)),
    _Resource("messaging/content-templates", _KEPT, ("content/v1/Content",)),
    _Resource("messaging/deactivations", ("list",)),
    _Resource("messaging/messages", _ALL, (f"api{_ACCOUNT}/Messages",)),
    _Resource("messaging/messages.feedback", ("create",), (f"api{_ACCOUNT}/Messages/{{Sid}}/Feedback",)),
    _Resource("messaging/messages.media", ("read", "list", "delete"), (f"api{_ACCOUNT}/Messages/{{Sid}}/Media",)),
    _Resource("messaging/pricing", _LOOK, ("pricing/v1/Messaging/Countries",)),
    _Resource("messaging/services", _ALL, ("messaging/v1/Services",)),
    _Resource("messaging/services.alphasenders", _KEPT, (f"messaging{_SERVICE}/AlphaSenders",)),
    _Resource("messaging/services.channelsenders", _LOOK, (f"messaging{_SERVICE}/ChannelSenders",)),
    _Resource("messaging/services.destination-alpha-senders", _KEPT),
    _Resource("messaging/services.phonenumbers", _KEPT, (f"messaging{_SERVICE}/PhoneNumbers",)),
    _Resource("messaging/services.shortcodes", _KEPT),
    _Resource("messaging/services.usa2p-campaign", _KEPT, (f"messaging{_SERVICE}/Compliance/Usa2p",)),
    _Resource("messaging/services.usa2p-usecase", ("list",), (f"messaging{_SERVICE}/Compliance/Usa2p/Usecases",)),
    _Resource("messaging/whatsapp-senders", _ALL, ("messaging/v2/Channels/Senders",)),
    _Resource("monitor/alerts", _LOOK, ("monitor/v1/Alerts",)),
    _Resource("monitor/events", _LOOK, ("monitor/v1/Events",)),
    _Resource("phone-numbers/active-numbers", _ALL, (f"api{_ACCOUNT}/IncomingPhoneNumbers",)),
    _Resource("phone-numbers/address-service", ("read", "create"), (f"api{_ACCOUNT}/Addresses",)),
    _Resource("phone-numbers/available-numbers", ("list",), (f"api{_ACCOUNT}/AvailablePhoneNumbers",)),
    _Resource("phone-numbers/regulatory-compliance.bundle-copies", ("list", "create")),
    _Resource("phone-numbers/regulatory-compliance.bundles", _ALL, (f"numbers{_REGULATORY}/Bundles",)),
    _Resource("phone-numbers/regulatory-compliance.bundles.replace-items", ("update",)),
    _Resource("phone-numbers/regulatory-compliance.end-users", _ALL, (f"numbers{_REGULATORY}/EndUsers",)),
    _Resource("phone-numbers/regulatory-compliance.end-users-types", _LOOK, (f"numbers{_REGULATORY}/EndUserTypes",)),
    _Resource(
        "phone-numbers/regulatory-compliance.evaluations",
        ("read", "list", "create"),
        (f"numbers{_REGULATORY}/Bundles/{{Sid}}/Evaluations",),
    ),
    _Resource(
        "phone-numbers/regulatory-compliance.item-assignments",
        _KEPT,
        (f"numbers{_REGULATORY}/Bundles/{{Sid}}/ItemAssignments",),
    ),
    _Resource("phone-numbers/regulatory-compliance.regulations", _LOOK, (f"numbers{_REGULATORY}/Regulations",)),
    _Resource(
        "phone-numbers/regulatory-compliance.supporting-documents",
        _ALL,
        (f"numbers{_REGULATORY}/SupportingDocuments",),
    ),
    _Resource(
        "phone-numbers/regulatory-compliance.supporting-documents-types",
        _LOOK,
        (f"numbers{_REGULATORY}/SupportingDocumentTypes",),
    ),
    _Resource("voice/calls", _ALL, (f"api{_ACCOUNT}/Calls",)),
    _Resource("voice/calls.recordings", _ALL, (f"api{_ACCOUNT}/Calls/{{Sid}}/Recordings",)),
    _Resource("voice/recordings", ("read", "list", "delete"), (f"api{_ACCOUNT}/Recordings",)),
)
_BY_NAME = {resource.name: resource for resource in _RESOURCES}
_VARIABLE = re.compile(r"\{\w+\}")


def _plain(path: str) -> str:
    return _VARIABLE.sub("{}", path)


_BY_PATH = {_plain(path): resource for resource in _RESOURCES for path in resource.paths}
_KINDS = ("/Local", "/TollFree", "/Mobile")
"""Parts of a path that choose among numbers; the permission is that of all numbers."""


def is_known(permission: str) -> bool:
    """Say whether a policy may name a permission."""
    match = _SHAPE.fullmatch(permission)
    if match is None:
        return False
    if match["product"] in _NOT_SERVED:
        return True
    resource = _BY_NAME.get(f"{match['product']}/{match['resource']}")
    return resource is not None and resource.allows(match["action"])


def missing(granted: tuple[str, ...], method: str, host: str, template: str) -> str | None:
    """Return the permission that a key lacks for a call, None when it may make it.

    Args:
        granted: the key's permissions.
        method: HTTP method of the call.
        host: product host.
        template: path of the route, with its variable parts.

    Returns:
        Without its leading slash, as Twilio names it; ``""`` when no permission stands for the call.
    """
    name = _needed(method, host, template)
    if name is None:
        return ""
    resource, _, _ = name.rpartition("/")
    return None if {f"/twilio/{name}", f"/twilio/{resource}/*"} & set(granted) else f"twilio/{name}"


def _needed(method: str, host: str, template: str) -> str | None:
    path = _plain(f"{host}{template}".removesuffix(".json"))
    for kind in _KINDS:
        path = path.removesuffix(kind)
    collection, one = (path, False) if path in _BY_PATH else (path.removesuffix("/{}"), True)
    resource = _BY_PATH.get(collection) or _within(path)
    if resource is None:
        return None
    action = _action(method, one=one and resource.name != "phone-numbers/available-numbers")
    action = "read" if resource.actions == ("read",) else action
    return f"{resource.name}/{action}" if resource.allows(action) else None


def _within(path: str) -> _Resource | None:
    """Return the usage records that a subresource such as ``/Daily`` belongs to."""
    return _BY_PATH.get(path.rpartition("/")[0]) if "/Usage/Records/" in path else None


def _action(method: str, *, one: bool) -> str:
    if method == "DELETE":
        return "delete"
    if method == "GET":
        return "read" if one else "list"
    return "update" if one else "create"
