"""Limits, features, retention and resources: what a plan promises and a tenant may narrow."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from switchboard_operator.api.fields import Count, Duration, Money, Quantity, Size
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import duration_between

Tier = Literal["Dedicated", "Shared"]
"""Dedicated: a Deployment of the tenant's own. Shared: a place in the pool that serves many tenants."""

HISTORY = duration_between("1h", "87600h")

Replicas = Annotated[int, Field(ge=1, le=50)]


class Ceilings(ApiModel):
    """What one of them may use. An absent ceiling does not limit; the tighter of plan and tenant holds."""

    messages_per_minute: Count | None = None
    """Messages answered in any minute; what comes faster waits."""

    messages_per_day: Count | None = None
    """Messages answered in a day of the tenant's time zone; then it is said once, and there is silence."""

    messages_per_month: Count | None = None
    """Messages answered in a calendar month."""

    llm_tokens_per_day: Count | None = None
    """Tokens of language models in a day, in and out; then scripts answer."""

    llm_tokens_per_month: Count | None = None
    """Tokens of language models in a calendar month, in and out."""

    daily_spend: Money | None = None
    """Money for language models in a day, in the plan's currency; then scripts answer. Models need prices for it."""

    monthly_spend: Money | None = None
    """Money in a calendar month, Twilio and language models together, in the plan's currency."""


class Limits(Ceilings):
    """Ceilings of one tenant. An absent one does not limit; the tighter of plan and tenant holds."""

    numbers: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Telephone numbers held at the same time."""

    per_number: Ceilings | None = None
    """Ceilings of each of the tenant's numbers."""

    per_contact: Ceilings | None = None
    """Ceilings of each person who writes."""

    concurrent_conversations: Count | None = None
    """Conversations with a turn in progress at the same time."""

    backlog: Count | None = None
    """Messages that may wait for a turn; what comes then is told that the bot is busy. Default: 2000."""

    storage: Size | None = None
    """Largest message store."""


class Features(ApiModel):
    """What is switched on. An absent switch is the plan's; without the plan's it is off."""

    auto_responder: bool | None = None
    """Answer without a person: assistants speak."""

    voice_messages: bool | None = None
    """Listen to and send voice notes."""

    campaigns: bool | None = None
    """Write first, with approved templates."""


class Retention(ApiModel):
    """How long records are kept. An absent one is the plan's; without the plan's they are kept."""

    messages: Annotated[Duration, HISTORY] | None = None
    """Conversations and their media."""

    contacts: Annotated[Duration, HISTORY] | None = None
    """Contacts after they wrote last: then they are erased, with all that was said."""

    audit: Annotated[Duration, HISTORY] | None = None
    """The log of who did what."""


class ResourceList(ApiModel):
    """Amounts of a Pod's resources."""

    cpu: Quantity | None = None
    """Cores, as in 250m."""

    memory: Quantity | None = None
    """Bytes, as in 64Mi."""

    ephemeral_storage: Quantity | None = Field(default=None, alias="ephemeral-storage")
    """Bytes of scratch space."""


class Resources(ApiModel):
    """Resources of the bot's container, as in a Pod."""

    requests: ResourceList | None = None
    """What the scheduler reserves."""

    limits: ResourceList | None = None
    """What the container never exceeds."""


THIRTY_DAYS = timedelta(hours=720)
ONE_DAY = timedelta(hours=24)
