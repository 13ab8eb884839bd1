"""A model as far as it is needed to score with it."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from scoring.explanation.grades import GradeScale
from scoring.explanation.reasons import Reasons
from scoring.features.feature_set import FeatureSet
from scoring.models.interval_table import IntervalTable

TENANT_PREFIX: Final = "tenant-"
"""What comes before the tenant's id in the names of its models in the model server."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that the model server answers for.

    Attributes:
        model_id: The model's id.
        name: Its name in the model server, one for all models of a tenant.
        version: Its version in the model server, 1 or more.
        feature_set: How a lead becomes the row that the model takes.
        grades: Gives its probabilities their grades.
        reasons: Words what moved a score.
        intervals: How far its scores may be from the truth.
        evidence_count: Leads with an outcome that it was learnt from, 0 or more.
    """

    model_id: UUID
    name: str
    version: int
    feature_set: FeatureSet
    grades: GradeScale
    reasons: Reasons
    intervals: IntervalTable = field(default_factory=IntervalTable)
    evidence_count: int = 0


def name_in_model_server(tenant_id: UUID) -> str:
    """The name under which the model server knows the models of a tenant."""
    return f"{TENANT_PREFIX}{tenant_id}"


def tenant_in_model_server(name: str) -> UUID:
    """The tenant whose models the model server knows under a name; raises ValueError if it is no such name."""
    return UUID(name.removeprefix(TENANT_PREFIX))
