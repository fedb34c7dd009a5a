"""`metav1.LabelSelector`, in its own shape, and how it selects."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import Rule

LabelKey = Annotated[str, Field(min_length=1, max_length=317)]
LabelValue = Annotated[str, Field(max_length=63)]


class LabelRequirement(ApiModel):
    """One requirement on a label."""

    key: LabelKey
    """The label's key."""

    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the label relates to `values`."""

    values: Annotated[list[LabelValue], Field(max_length=64)] | None = None
    """Wanted by In and NotIn, refused with Exists and DoesNotExist."""

    validations: ClassVar[tuple[Rule, ...]] = (
        Rule(
            rule="self.operator in ['In', 'NotIn'] ? has(self.values) && self.values.size() > 0 : !has(self.values)",
            message="values must be given with In and NotIn, and left out with Exists and DoesNotExist",
            field=".values",
        ),
    )

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether `labels` fulfil this requirement; an absent label fulfils NotIn, as in Kubernetes."""
        values = self.values or []
        match self.operator:
            case "In":
                return self.key in labels and labels[self.key] in values
            case "NotIn":
                return self.key not in labels or labels[self.key] not in values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels


class LabelSelector(ApiModel):
    """Selects by labels; all that is said must hold. An empty selector selects everything."""

    match_labels: Annotated[dict[str, LabelValue], Field(max_length=32)] | None = None
    """Labels that must be there with these values."""

    match_expressions: Annotated[list[LabelRequirement], Field(max_length=32)] | None = None
    """Further requirements."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether something with these labels is selected."""
        wanted = (self.match_labels or {}).items()
        return all(labels.get(key) == value for key, value in wanted) and all(
            requirement.matches(labels) for requirement in self.match_expressions or []
        )
