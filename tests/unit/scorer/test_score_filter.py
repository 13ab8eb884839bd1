"""The filter of a watch."""

import pytest

from scoring.explanation.grades import Grade
from scoring.scores.score_filter import parse_score_filter
from server.runtime.errors import InvalidFilter


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("grade = B", True),
        ("grade = A", False),
        ('owner = "Kim Lee"', True),
        ("owner = Kim", False),
        ("score = 64", True),
        ("score >= 64 AND score < 65", True),
        ("score > 64", False),
        ("grade = B AND score <= 63", False),
    ],
)
def test_conditions_must_all_hold(text: str, passes: bool) -> None:  # noqa: FBT001
    assert parse_score_filter(text).passes(64, Grade.B, "Kim Lee") is passes


def test_what_has_no_score_passes_no_condition_on_it() -> None:
    assert not parse_score_filter("score >= 0").passes(None, None, "")
    assert not parse_score_filter("grade = A").passes(90, None, "")


@pytest.mark.parametrize(
    ("text", "position"),
    [("status = OPEN", 0), ("grade > A", 6), ("grade = E", 8), ("score >= 101", 9), ("score >=", 8), ("owner", 5)],
)
def test_what_can_not_be_compared_is_refused_with_its_place(text: str, position: int) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse_score_filter(text)
    assert caught.value.metadata == {"position": str(position)}
