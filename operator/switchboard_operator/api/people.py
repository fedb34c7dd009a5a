"""What is kept of contacts besides what they write: custom fields, and the stages of a lead."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from switchboard_operator.api import grammar
from switchboard_operator.api.fields import Line
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import ListMap, ListSet, Rule, matches

FieldName = Annotated[
    str,
    Field(max_length=48),
    matches(grammar.FIELD_NAME, "is no name of a field: letters, digits and '_', first a letter, as in city"),
]

Stage = Annotated[
    str,
    Field(max_length=32),
    matches(grammar.STAGE, "is no stage: lower-case letters, digits, '-' and '_', first a letter, as in qualified"),
]


class ContactField(ApiModel):
    """Something more that is known of a contact."""

    name: FieldName
    """Its name in the API."""

    type: Literal["string", "integer", "number", "boolean", "date"] = "string"
    """Type of the value; a date is written 2026-12-31."""

    one_of: Annotated[list[Line], Field(min_length=1, max_length=100), ListSet()] | None = None
    """The only values of a string. Default: any."""

    validations: ClassVar[tuple[Rule, ...]] = (
        Rule(
            rule="!has(self.oneOf) || !has(self.type) || self.type == 'string'",
            message="oneOf is for type string only: leave it out",
            field=".oneOf",
        ),
    )


class Contacts(ApiModel):
    """What is kept of contacts besides what they write."""

    fields: Annotated[list[ContactField], Field(max_length=100), ListMap(("name",))] | None = None
    """What more may be known of a contact."""

    stages: Annotated[list[Stage], Field(min_length=1, max_length=30), ListSet()] | None = None
    """Stages of a lead, in order; a contact begins in the first. Default: new, qualified, won, lost."""
