"""Which conversion is seen among the leads that rules put on top."""

import numpy as np
import pytest

from scoring.rules.observed_conversion import ObservedConversion, compare_grades, compare_top


def test_each_grade_is_compared() -> None:
    outcomes = np.array([True, True, False, False])
    found = dict(compare_grades([1, 2, 2, 2], [1, 1, 2, 0], outcomes))
    assert sorted(found) == [1, 2]
    assert (found[1].before.count, found[1].before.precision, found[1].before.lift) == (1, 1.0, 2.0)
    assert (found[1].after.count, found[1].after.converted) == (2, 2.0)
    assert found[2].before.precision == pytest.approx(1 / 3)
    assert found[2].after.precision == 0.0


def test_withheld_grades_are_no_group() -> None:
    assert compare_grades([0, 0], [0, 0], np.array([True, False])) == []


def test_leads_that_tie_for_the_last_places_share_them() -> None:
    values = np.array([90, *[50] * 4, *[10] * 15])
    outcomes = np.array([False, True, True, False, True, *[False] * 15])
    found = compare_top(values, np.arange(20), outcomes)
    # Two places: one is the best lead's, the other is shared by four, of whom three converted.
    assert (found.before.count, found.before.converted) == (2, 0.75)
    assert found.before.precision == 0.375
    assert found.before.lift == pytest.approx(0.375 / 0.15)
    assert found.after.converted == 0.0


def test_nothing_converted_nothing_lifted() -> None:
    assert ObservedConversion(0, 0.0, 0.0).precision == ObservedConversion(5, 0.0, 0.0).lift == 0.0
