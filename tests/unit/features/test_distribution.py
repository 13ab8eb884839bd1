"""How far the leads of now are from those of a training."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from scoring.features.distribution import Distribution, Distributions
from scoring.features.feature import Feature, FeatureKind
from scoring.features.feature_set import FeatureSet
from tests.lead_records import lead

FEATURES = FeatureSet(
    [
        Feature("visits", "visits", FeatureKind.NUMBER),
        Feature("source", "source", FeatureKind.CATEGORY, tuple(f"source {number}" for number in range(40))),
        Feature("signed", "signed", FeatureKind.BOOLEAN),
    ]
)
SIMULATIONS = 400


def draw(random: np.random.Generator, count: int, *, shift: float = 0.0) -> np.ndarray:
    """Draws leads: visits around a mean, sources of falling frequency, an answer that is often missing."""
    visits = random.normal(5.0 + shift, 2.0, count)
    source = np.minimum(random.geometric(0.3, count) - 1, 40)
    signed = np.where(random.random(count) < 0.4, np.nan, random.random(count) < 0.5)
    return np.column_stack([visits, source, signed]).astype(np.float32)


def test_the_index_is_the_textbook_s() -> None:
    before = Distribution(edges=(1.0,), codes=None, counts=(99_999_999, 99_999_999, 0))
    now = np.repeat([0.0, 2.0], [3_000_000, 7_000_000]).astype(np.float32)
    expected = (0.3 - 0.5) * math.log(0.3 / 0.5) + (0.7 - 0.5) * math.log(0.7 / 0.5)
    assert before.stability(now).index == pytest.approx(expected, abs=1e-6)


def test_the_same_leads_have_not_moved() -> None:
    X = draw(np.random.default_rng(1), 2_000)
    distributions = Distributions.observe(FEATURES, X)
    assert [distributions.stability(index, X[:, index]).index for index in range(3)] == [0.0, 0.0, 0.0]


def test_chance_reaches_the_limit_once_in_twenty() -> None:
    random = np.random.default_rng(2)
    beyond = np.zeros(3)
    for _ in range(SIMULATIONS):
        distributions, now = Distributions.observe(FEATURES, draw(random, 1_000)), draw(random, 500)
        for index in range(3):
            stability = distributions.stability(index, now[:, index])
            beyond[index] += stability.index > stability.chance_limit
    assert beyond / SIMULATIONS == pytest.approx([0.05] * 3, abs=0.04)


def test_a_shift_of_a_standard_deviation_is_far_beyond_chance() -> None:
    random = np.random.default_rng(3)
    stability = Distributions.observe(FEATURES, draw(random, 2_000)).stability(0, draw(random, 500, shift=2.0)[:, 0])
    assert stability.index > 0.7
    assert stability.chance_limit < 0.06
    assert stability.count == 500


@pytest.mark.parametrize("index", [0, 1, 2])
def test_values_that_go_missing_or_are_new_count(index: int) -> None:
    X = draw(np.random.default_rng(4), 2_000)
    distributions = Distributions.observe(FEATURES, X)
    assert distributions.stability(index, np.full(300, np.nan, np.float32)).index > 1.0
    assert distributions.stability(1, np.full(300, 40.0, np.float32)).index > 1.0


def test_rare_codes_share_a_bin() -> None:
    (_, source, _) = Distributions.observe(FEATURES, draw(np.random.default_rng(5), 50_000)).to_json()["features"]
    assert len(source["codes"]) == 19
    assert len(source["counts"]) == 21
    assert sum(source["counts"]) == 50_000


def test_a_feature_that_nobody_has_and_one_that_is_the_same_for_all() -> None:
    X = np.column_stack([np.full(100, np.nan), np.zeros(100), np.ones(100)]).astype(np.float32)
    distributions = Distributions.observe(FEATURES, X)
    for index in range(3):
        stability = distributions.stability(index, X[:, index])
        assert (stability.index, stability.chance_limit) == (0.0, 0.0)
        assert distributions.stability(index, draw(np.random.default_rng(6), 100)[:, index]).index > 0.1


def test_what_is_kept_compares_alike() -> None:
    random = np.random.default_rng(7)
    distributions, now = Distributions.observe(FEATURES, draw(random, 1_000)), draw(random, 300, shift=1.0)
    kept = Distributions.from_json(distributions.to_json())
    assert [kept.stability(index, now[:, index]) for index in range(3)] == [
        distributions.stability(index, now[:, index]) for index in range(3)
    ]
    assert len(Distributions.from_json({})) == 0


def test_leads_are_described_as_the_model_sees_them() -> None:
    X = FEATURES.encode([lead({"visits": {"number": 3.0}, "source": {"category": "unheard of"}})], datetime.now(UTC))
    visits, source, signed = Distributions.observe(FEATURES, X).to_json()["features"]
    assert visits == {"edges": [3.0], "codes": None, "counts": [1, 0, 0]}
    assert source == {"edges": [], "codes": [40], "counts": [1, 0, 0]}
    assert signed == {"edges": [], "codes": None, "counts": [0, 1]}
