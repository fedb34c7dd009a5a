"""Assistant: how a bot thinks, by rules, by a language model, or by both."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from switchboard_operator.api.conditions import Status
from switchboard_operator.api.fields import (
    ConfigMapRef,
    Duration,
    Money,
    Texts,
)
from switchboard_operator.api.llm import Guardrails, HttpTool, Knowledge, Model, Tool
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.naming import NAME_FITS_LABEL
from switchboard_operator.api.resource import Column, CustomResource, Resource
from switchboard_operator.api.rules import ListMap, Rule, at_least_one, duration_between, filled
from switchboard_operator.api.script import Script

TURN = timedelta(seconds=20)


class Catalogue(ApiModel):
    """Products: name, price, currency, stock, status."""

    config_map_ref: ConfigMapRef
    """ConfigMap that holds them."""


class AssistantLimits(ApiModel):
    """Ceilings of one assistant, below those of plan and tenant."""

    max_output_tokens: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Longest answer of the model."""

    history_tokens: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """What the model is shown of the conversation so far, by an estimate. Default: 2000."""

    max_requests: Annotated[int, Field(ge=1, le=12)] | None = None
    """Requests for one answer; the last may call no tool. Default: 5."""

    turn_deadline: Annotated[Duration, duration_between("1s", "5m")] = TURN
    """Longest time for one answer; then the script answers, or a person is fetched."""

    spend_per_contact_per_day: Money | None = None
    """Money for one contact in a day, in the plan's currency; then the script answers. Models need prices for it."""

    spend_per_month: Money | None = None
    """Money in a calendar month, in the plan's currency; then the script answers. Models need prices for it."""


class AssistantSpec(ApiModel):
    """How the bot thinks."""

    instructions: Annotated[str, Field(min_length=1, max_length=32_768), filled()] | None = None
    """What the model is told to be and do."""

    model: Model | None = None
    """The model that answers."""

    fallback_models: Annotated[list[Model], Field(max_length=4)] | None = None
    """Models to ask, in order, when the first one fails."""

    tools: Annotated[list[Tool], Field(max_length=16), ListMap(("name",))] | None = None
    """What the model may do. Default: all that there is something for."""

    http_tools: Annotated[list[HttpTool], Field(max_length=16), ListMap(("name",))] | None = None
    """Systems of the tenant's that the model may ask."""

    knowledge: Annotated[list[Knowledge], Field(max_length=16)] | None = None
    """Texts that the model may quote."""

    catalogue: Catalogue | None = None
    """Products that the bot speaks of."""

    limits: AssistantLimits = AssistantLimits()
    """Ceilings."""

    disclosure: Texts | None = None
    """How the bot says that it is none of us, once a conversation, by language."""

    guardrails: Guardrails | None = None
    """What the model must not do."""

    script: Script | None = None
    """Rules that answer without a model, or when the model fails."""

    canned: Texts | None = None
    """What is said when no model answers and no rule of the script fits, by language; a person is fetched then.
    Default: the runtime's own words."""

    validations: ClassVar[tuple[Rule, ...]] = (
        at_least_one(
            "model",
            "script",
            cure="an assistant without either has nothing to say; a script is the simplest start",
        ),
        Rule(
            rule="!has(self.model) || has(self.instructions)",
            message="instructions are needed with a model: say whom it speaks for and what it must not promise",
            field=".instructions",
        ),
        Rule(
            rule="!has(self.fallbackModels) || self.fallbackModels.size() == 0 || has(self.model)",
            message="fallbackModels need a model to fall back from: set model first",
            field=".fallbackModels",
        ),
        Rule(
            rule="!has(self.script) || has(self.catalogue) || !self.script.rules.exists(r, has(r.when.catalogue))",
            message="script has a rule with catalogue: true, and there is no catalogue: set catalogue.configMapRef",
            field=".script",
        ),
        Rule(
            rule=(
                "!has(self.guardrails) || !has(self.guardrails.onlyFromKnowledge) || !self.guardrails.onlyFromKnowledge"
                " || has(self.catalogue) || has(self.knowledge) || has(self.httpTools)"
            ),
            message="guardrails.onlyFromKnowledge needs something to know: set catalogue, knowledge or httpTools",
            field=".guardrails",
        ),
    )


class AssistantStatus(Status):
    """What the operator found."""

    products: Annotated[int, Field(ge=0)] | None = None
    """Products in the catalogue."""

    revision: Annotated[str, Field(max_length=64)] | None = None
    """Hash of all that the assistant is made of, its ConfigMaps among it; changes when it does."""


class Assistant(Resource[AssistantSpec, AssistantStatus]):
    """An Assistant is how a bot thinks.

    It is a script of rules, a language model, or a model with a script to fall back on. Tenants name one as
    their default, numbers may name another.
    """

    crd: ClassVar[CustomResource] = CustomResource(
        kind="Assistant",
        plural="assistants",
        short_names=("ast",),
        scope="Namespaced",
        columns=(
            Column(name="Model", path=".spec.model.name", description="The model that answers."),
            Column(
                name="Products",
                path=".status.products",
                type="integer",
                description="Products in the catalogue.",
            ),
            Column(name="Revision", path=".status.revision", description="Changes when it does.", wide=True),
        ),
        validations=(NAME_FITS_LABEL,),
    )

    spec: AssistantSpec
    """How the bot thinks."""

    status: AssistantStatus = AssistantStatus()
    """What the operator found."""
