"""The base of every model of the API: camel case outside, snake case inside, frozen, lenient when reading.

Reading is lenient (`extra="ignore"`) because an older operator must read a newer object. Writing is strict
nevertheless: the CRD's schema prunes what it does not know, and kubectl reports it. Absent and null mean the
same: None.
"""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema

from switchboard_operator.api.rules import Rule, with_rules


def camel(name: str) -> str:
    """The name of a field in YAML: camel case, with `URL` in capitals as Kubernetes has it (`baseURL`)."""
    head, separator, tail = name.rpartition("_url")
    return f"{to_camel(head)}URL" if separator and not tail else to_camel(name)


class ApiModel(BaseModel):
    """A part of a resource.

    The docstring under a field becomes its description in the CRD, in `kubectl explain` and in the reference
    page.
    """

    model_config = ConfigDict(
        alias_generator=camel,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    validations: ClassVar[tuple[Rule, ...]] = ()
    """CEL rules over the object as a whole."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return with_rules(handler.resolve_ref_schema(handler(core_schema)), cls.validations)

    def manifest(self) -> dict[str, Any]:
        """This part as it stands in YAML: camel case, JSON types, nothing that is absent."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
