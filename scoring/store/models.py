"""Models in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import orjson

from scoring.explanation.conversion_tables import ConversionTables
from scoring.explanation.grades import GradeScale
from scoring.explanation.reasons import Reasons
from scoring.features.feature_set import FeatureSet
from scoring.models.interval_table import IntervalTable
from scoring.registry.model import Model, ModelDescription, ModelState
from scoring.registry.served_model import ServedModel, name_in_model_server
from server.runtime.database import Database
from server.runtime.errors import ModelNotFound
from server.runtime.identifiers import format_name

# What a training found, as text, since the connections of a unit of work would parse JSON by themselves.
_DESCRIPTION = (
    "feature_set",
    "evaluation",
    "feature_importances",
    "excluded_fields",
    "grade_bands",
    "conversion_tables",
    "score_intervals",
    "distributions",
    "promotion_gate",
)

_CHAMPION_TIME = f"""
CASE WHEN state IN ({ModelState.CHAMPION}, {ModelState.RETIRED}) THEN coalesce(champion_time, create_time)
    ELSE champion_time END AS champion_time
"""

COLUMNS = ", ".join(
    (
        "id, version, state, algorithm, tracking_run, create_time",
        # Of models from before this was written down, the training's end is the best that is known.
        _CHAMPION_TIME,
        *(f"{column}::text AS {column}" for column in _DESCRIPTION),
    )
)

_FIND = f"SELECT {COLUMNS} FROM models WHERE tenant_id = $1 AND id = $2"

_NEWEST = f"""
SELECT {COLUMNS} FROM models
WHERE tenant_id = $1 AND ($2::bigint IS NULL OR version < $2)
ORDER BY version DESC LIMIT $3
"""

# Trainings and changes of one tenant's models come one after the other; held until the transaction ends.
LOCK_MODELS = "SELECT pg_advisory_xact_lock(hashtextextended('models ' || $1::uuid, 0))"

_ADD_CANDIDATE = f"""
INSERT INTO models (tenant_id, id, version, state, algorithm, tracking_run, {", ".join(_DESCRIPTION)})
SELECT $1, $2, coalesce(max(version), 0) + 1, {ModelState.CANDIDATE}, $3, $4,
    {", ".join(f"${number}::jsonb" for number, _ in enumerate(_DESCRIPTION, 5))}
FROM models WHERE tenant_id = $1
ON CONFLICT (tenant_id, id) DO UPDATE SET algorithm = excluded.algorithm, tracking_run = excluded.tracking_run,
    {", ".join(f"{column} = excluded.{column}" for column in _DESCRIPTION)}
RETURNING {COLUMNS}
"""


class Models:
    """The models in PostgreSQL. Every method raises DependencyUnavailable where it can't be reached.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: UUID, model_id: UUID) -> Model | None:
        """Gives a model; None if the tenant has no such model."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_FIND, tenant_id, model_id)
        return None if row is None else to_model(row)

    async def get(self, tenant_id: UUID, model_id: UUID) -> Model:
        """Gives a model.

        Raises:
            ModelNotFound: The tenant has no such model.
        """
        model = await self.find(tenant_id, model_id)
        if model is None:
            raise ModelNotFound(format_name("models", model_id))
        return model

    async def load(self, tenant_id: UUID, model_id: UUID) -> ServedModel:
        """Gives what is needed to score with a model.

        Raises:
            ModelNotFound: The tenant has no such model.
        """
        model = await self.get(tenant_id, model_id)
        description = model.description
        feature_set = FeatureSet.from_json(description.feature_set)
        conversion = ConversionTables.from_json(description.conversion_tables, len(feature_set))
        return ServedModel(
            model_id=model.model_id,
            name=name_in_model_server(tenant_id),
            version=model.version,
            feature_set=feature_set,
            grades=GradeScale.from_json(description.grade_bands),
            reasons=Reasons(feature_set, conversion),
            intervals=IntervalTable.from_json(description.score_intervals),
            evidence_count=description.evidence_count,
        )

    async def newest(self, tenant_id: UUID, limit: int, below_version: int | None = None) -> Sequence[Model]:
        """Gives up to `limit` models, the newest first, of those below a version if one is given."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_NEWEST, tenant_id, below_version, limit)
        return [to_model(row) for row in rows]

    async def add_candidate(self, tenant_id: UUID, model_id: UUID, description: ModelDescription) -> Model:
        """Keeps a model under the tenant's next version; one that is kept already keeps its version."""
        async with self._database.transaction(tenant_id) as connection:
            await connection.execute(LOCK_MODELS, tenant_id)
            row = await connection.fetchrow(
                _ADD_CANDIDATE,
                tenant_id,
                model_id,
                description.algorithm,
                description.tracking_run,
                *(orjson.dumps(getattr(description, column)).decode() for column in _DESCRIPTION),
            )
        if row is None:
            raise RuntimeError("an insert gave no row")
        return to_model(row)


def to_model(row: asyncpg.Record) -> Model:
    """Gives a row of COLUMNS as a model."""
    return Model(
        model_id=row["id"],
        version=row["version"],
        state=ModelState(row["state"]),
        description=ModelDescription(
            algorithm=row["algorithm"],
            tracking_run=row["tracking_run"],
            **{column: orjson.loads(row[column]) for column in _DESCRIPTION},
        ),
        create_time=row["create_time"],
        champion_time=row["champion_time"],
    )
