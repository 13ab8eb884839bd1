"""The features of a model: the one definition by which training and serving turn leads into numbers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.features.feature import TIMED_KINDS, Feature, FeatureKind, compile_encoder
from scoring.features.lead_record import LeadRecord
from scoring.features.wording import compile_wording

Matrix = npt.NDArray[np.float32]


class FeatureSet:
    """An ordered set of features.

    Numbers are rounded to float32 before a model learns from them, since that is what the model server receives:
    a value then falls on the same side of a threshold in training and in serving, bit for bit.

    Args:
        features: The features in the order of the matrix's columns.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = tuple(features)
        self._encoders = tuple(compile_encoder(feature) for feature in self.features)
        self._wordings = tuple(compile_wording(feature) for feature in self.features)
        self._timed = tuple(index for index, feature in enumerate(self.features) if feature.kind in TIMED_KINDS)

    def __len__(self) -> int:
        """Give the number of features."""
        return len(self.features)

    def __eq__(self, other: object) -> bool:
        """Tell whether the other has the same features in the same order."""
        return isinstance(other, FeatureSet) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type["FeatureSet"], tuple[tuple[Feature, ...]]]:
        """Tell pickle to compile the encoders anew: functions made at run time can't be sent to another process."""
        return FeatureSet, (self.features,)

    @property
    def names(self) -> list[str]:
        """The features' names in the order of the columns."""
        return [feature.name for feature in self.features]

    def encode(self, records: Sequence[LeadRecord], as_of: datetime | None = None) -> Matrix:
        """Turn leads into numbers.

        Args:
            records: The leads.
            as_of: The moment of scoring, UTC, from which "days since" counts. None takes each lead as of its own
                moment (see `LeadRecord.own_moment`), which is how a model is trained.

        Returns:
            One row a lead and one column a feature, float32; NaN where a value is missing.
        """
        encoders = self._encoders
        matrix = np.empty((len(records), len(encoders)), dtype=np.float32)
        for row, record in enumerate(records):
            moment = record.own_moment() if as_of is None else as_of
            matrix[row] = [encode(record, moment) for encode in encoders]
        return matrix

    def encode_later(self, rows: Matrix, records: Sequence[LeadRecord], moments: Sequence[datetime]) -> Matrix:
        """Turn leads into numbers as of other moments, at the cost of what depends on time alone.

        Args:
            rows: What `encode` gave for each lead as of any moment; left as they are.
            records: The leads.
            moments: The moment of scoring of each, UTC.

        Returns:
            What `encode` gives for each lead as of its moment.
        """
        later = rows.copy()
        for index in self._timed:
            encode = self._encoders[index]
            later[:, index] = [encode(record, moment) for record, moment in zip(records, moments, strict=True)]
        return later

    def positions(self, without_fields: Collection[str]) -> list[int]:
        """Give the columns of the features that come from none of some fields.

        Args:
            without_fields: The fields; `events.<type>` for a type of event.
        """
        return [index for index, feature in enumerate(self.features) if feature.field not in without_fields]

    def observed(self, record: LeadRecord, index: int) -> str:
        """Tell in words what a lead shows for a feature.

        Args:
            record: The lead.
            index: The feature's position, 0-based.

        Returns:
            The value as people write it, for example `Google` or `4`; empty if the lead has none.
        """
        return self._wordings[index](record)

    def to_json(self) -> dict[str, Any]:
        """Give the feature set as plain JSON values, from which `from_json` makes it again."""
        return {
            "features": [
                {
                    "name": feature.name,
                    "source": feature.source,
                    "kind": feature.kind.value,
                    "vocabulary": list(feature.vocabulary),
                    "absent": None if feature.absent != feature.absent else feature.absent,
                    "half_life_in_days": feature.half_life_in_days,
                }
                for feature in self.features
            ]
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "FeatureSet":
        """Make a feature set from what `to_json` gave.

        Args:
            document: The plain JSON values.

        Raises:
            KeyError: A part is missing.
            ValueError: A kind of feature is not known.
        """
        return cls(
            [
                Feature(
                    name=entry["name"],
                    source=entry["source"],
                    kind=FeatureKind(entry["kind"]),
                    vocabulary=tuple(entry["vocabulary"]),
                    absent=float("nan") if entry["absent"] is None else float(entry["absent"]),
                    half_life_in_days=float(entry.get("half_life_in_days", 0.0)),
                )
                for entry in document["features"]
            ]
        )
