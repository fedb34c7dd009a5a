"""Types of fields: a Python type, a cap on its size, and rules whose messages name the cure."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from switchboard_operator.api import grammar
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import (
    ListSet,
    Rule,
    filled,
    has_word,
    keys_match,
    matches,
    one_line,
    said_as_it_stands,
)

ObjectName = Annotated[
    str,
    Field(max_length=253),
    matches(
        grammar.OBJECT_NAME,
        "is no name of a Kubernetes object: lower-case letters, digits, '-' and '.', as metadata.name has it",
    ),
]

Line = Annotated[str, Field(min_length=1, max_length=80), one_line(), filled()]
"""One line for people to read."""

ShortLine = Annotated[str, Field(min_length=1, max_length=64), one_line(), filled()]
Phrase = Annotated[str, Field(min_length=1, max_length=64), one_line(), has_word()]
"""What is looked for in what people write."""

Text = Annotated[str, Field(min_length=1, max_length=1600), filled()]
"""What a bot may say at once; Twilio refuses a longer body (error 21617)."""

Name = Annotated[
    str,
    Field(max_length=63),
    matches(grammar.NAME, "is no name: letters, digits, '.', '-' and '_', first a letter or digit, as in colours"),
]
"""What something is named by within a manifest."""

PhoneNumber = Annotated[
    str,
    Field(max_length=16),
    matches(
        grammar.E164,
        "is no E.164 number: write '+', the country code and the number, no spaces, as in +13055550123",
    ),
]

Country = Annotated[
    str,
    Field(max_length=2),
    matches(grammar.COUNTRY, "is no ISO 3166-1 country: two capital letters, as in US or AR"),
]

Currency = Annotated[
    str,
    Field(max_length=3),
    matches(grammar.CURRENCY, "is no ISO 4217 currency: three capital letters, as in USD"),
]

_LANGUAGE = 'BCP 47 language: write es, pt-BR or zh-Hant-TW, and "no" in quotes (YAML takes it for false)'

Language = Annotated[
    str,
    Field(max_length=35),
    matches(grammar.LANGUAGE, f"is no {_LANGUAGE}"),
]

Replies = Annotated[
    dict[str, Text],
    Field(min_length=1, max_length=16),
    keys_match(grammar.LANGUAGE, f"has a key that is no {_LANGUAGE}"),
]
"""A text by language, in which words in braces may be filled in."""

Texts = Annotated[
    Replies,
    Rule(
        rule=said_as_it_stands(),
        message="has words in braces, and nothing is filled in here: they would be said as they stand, take them out",
    ),
]
"""A text by language, said as it stands."""

ContentSid = Annotated[
    str,
    Field(max_length=34),
    matches(r"^HX[0-9a-fA-F]{32}$", "is no SID of a content template: HX and 32 hexadecimal digits"),
]

Domain = Annotated[
    str,
    Field(max_length=200),
    matches(
        grammar.DOMAIN,
        "is no DNS name: lower-case labels joined by dots, no scheme and no port, as in bots.example.com",
    ),
]

EndpointURL = Annotated[
    str,
    Field(max_length=512),
    matches(
        grammar.ENDPOINT_URL,
        (
            "is no https URL: write https://HOST[:PORT][/PATH] with a DNS name, without user info, query or fragment "
            "(http only to localhost, 127.0.0.1 or NAME.NAMESPACE.svc)"
        ),
    ),
]

ServiceURL = Annotated[
    str,
    Field(max_length=512),
    matches(
        grammar.SERVICE_URL,
        (
            "is no https URL: write https://HOST[:PORT][/PATH] with a DNS name, without user info, query or fragment "
            "(http only to NAME.NAMESPACE.svc)"
        ),
    ),
]

PublicURL = Annotated[
    str,
    Field(max_length=512),
    matches(
        grammar.PUBLIC_URL,
        (
            "is no https URL: write https://HOST[:PORT][/PATH] with a public DNS name, without user info, query or "
            "fragment"
        ),
    ),
]

Email = Annotated[
    str,
    Field(max_length=254),
    matches(grammar.EMAIL, "is no e-mail address: write name@example.com, nothing around it"),
]

TimeOfDay = Annotated[
    str,
    Field(max_length=5),
    matches(grammar.TIME_OF_DAY, 'is no time of day: write HH:MM from "00:00" to "24:00", in quotes'),
]

Day = Annotated[
    str,
    Field(max_length=10),
    matches(grammar.DAY, "is no day: write YYYY-MM-DD, in quotes, as in 2026-03-01"),
]

TimeZone = Annotated[
    str,
    Field(max_length=64),
    matches(
        grammar.TIME_ZONE,
        "is no IANA time zone: write Area/City, as in America/Argentina/Buenos_Aires, or UTC",
    ),
]


def _sid(prefix: str, what: str) -> Rule:
    return matches(
        f"^{prefix}[0-9a-f]{{32}}$",
        f"is no SID of {what}: {prefix} and 32 digits 0-9a-f, as Twilio's Console shows it",
    )


AccountSid = Annotated[str, Field(max_length=34), _sid("AC", "an account")]
NumberSid = Annotated[str, Field(max_length=34), _sid("PN", "a phone number")]
MessagingServiceSid = Annotated[str, Field(max_length=34), _sid("MG", "a messaging service")]
AddressSid = Annotated[str, Field(max_length=34), _sid("AD", "an address")]
BundleSid = Annotated[str, Field(max_length=34), _sid("BU", "a regulatory bundle")]

Sid = Annotated[str, Field(max_length=34)]
"""A SID as Twilio gave it; in statuses only."""


def _read_duration(value: Any) -> Any:
    return grammar.parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[
    timedelta,
    BeforeValidator(_read_duration),
    PlainSerializer(grammar.format_duration, return_type=str),
    WithJsonSchema({"type": "string", "maxLength": 20}),
    matches(grammar.DURATION, "is no duration: write hours, minutes or seconds; days are hours, so 90d is 2160h"),
]
"""A Go duration in YAML, a timedelta in Python."""

Money = Annotated[
    Decimal,
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "maxLength": 14}),
    matches(grammar.MONEY, 'is no amount of money: digits and a point, in quotes, as in "250.00"'),
]
"""An exact decimal: a quoted string in YAML, a Decimal in Python."""

Quantity = Annotated[
    int | str,
    WithJsonSchema({"x-kubernetes-int-or-string": True, "maxLength": 20}),
    Rule(
        rule="type(self) == int ? self >= 0 : isQuantity(self) && !quantity(self).isLessThan(quantity('0'))",
        message="is no quantity: write 64Mi, 1Gi, 250m or a whole number, as in the resources of a Pod",
    ),
]
"""As Kubernetes writes amounts."""

Size = Annotated[
    str,
    Field(max_length=20),
    Rule(
        rule="isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
        message="is no size of storage: write 1Gi or 500Mi",
    ),
]

Count = Annotated[int, Field(ge=0, le=1_000_000_000_000)]
Names = Annotated[list[ObjectName], Field(max_length=64), ListSet()]
Languages = Annotated[list[Language], Field(min_length=1, max_length=16), ListSet()]
Keywords = Annotated[list[Phrase], Field(min_length=1, max_length=64), ListSet()]


class NameRef(ApiModel):
    """Another object, by name.

    It is in the same namespace, or cluster-scoped: there is no field for another namespace.
    """

    name: ObjectName
    """Name of the object."""


class SecretRef(ApiModel):
    """A Secret of the same namespace, by name."""

    name: ObjectName
    """Name of the Secret."""


class ConfigMapRef(ApiModel):
    """A ConfigMap of the same namespace, by name."""

    name: ObjectName
    """Name of the ConfigMap."""
