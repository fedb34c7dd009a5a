"""Rules over names: of objects, and of slugs, which default to the object's name.

A CRD's root rules see `metadata.name` and nothing else of the metadata.
"""

from typing import Final

from switchboard_operator.api import grammar
from switchboard_operator.api.resource import NAME_LIMIT
from switchboard_operator.api.rules import Rule, raw

_RESERVED = ", ".join(f"'{slug}'" for slug in grammar.RESERVED_SLUGS)

NAME_FITS_LABEL: Final = Rule(
    rule=f"self.metadata.name.size() <= {NAME_LIMIT}",
    message=f"metadata.name is longer than {NAME_LIMIT} characters, which labels cannot hold: choose a shorter name",
)

SLUG_GRAMMAR: Final = Rule(
    rule=f"self.matches({raw(grammar.SLUG)})",
    message="is no DNS-1035 label: at most 40 lower-case letters, digits and '-', first a letter, last no '-'",
)
SLUG_IDNA: Final = Rule(
    rule=f"!self.matches({raw(grammar.SLUG_IDNA)})",
    message="has '--' as third and fourth character, which browsers may show as another name: write one '-'",
)
SLUG_RESERVED: Final = Rule(
    rule=f"!(self in [{_RESERVED}])",
    message="is reserved for the platform: choose another slug, such as the client's name",
)

_EFFECTIVE = "(has({0}.spec.slug) ? {0}.spec.slug : {0}.metadata.name)"

NAME_IS_SLUG: Final = Rule(
    rule=(
        f"has(self.spec.slug) || (self.metadata.name.matches({raw(grammar.SLUG)}) && "
        f"!self.metadata.name.matches({raw(grammar.SLUG_IDNA)}) && !(self.metadata.name in [{_RESERVED}]))"
    ),
    message=(
        "slug is absent, so metadata.name would be the slug, and it is reserved or no DNS-1035 label of at most 40 "
        "characters: set spec.slug or choose another name"
    ),
    field=".spec.slug",
)
SLUG_IMMUTABLE: Final = Rule(
    rule=f"{_EFFECTIVE.format('self')} == {_EFFECTIVE.format('oldSelf')}",
    message=(
        "slug cannot change (it defaults to metadata.name): the bot's address and its webhooks hang on it; create a new"
        " Tenant with the new slug and delete this one"
    ),
    field=".spec.slug",
)
TENANT_NAME: Final = Rule(
    rule=f"self.metadata.name.matches({raw(grammar.SLUG)})",
    message=(
        "metadata.name is no DNS-1035 label of at most 40 characters, and the tenant's Service and Deployment are named"
        " after it: choose a shorter name of lower-case letters, digits and '-'"
    ),
)
