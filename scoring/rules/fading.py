"""Points that fade with time, in closed form.

Of p points, after the time t, there is left

- p (1 - t / T), at least 0, where they fade linearly over the period T;
- p 2^(-t / h), where h is the half-life.

What is left is rounded to whole points, so it falls by one point at a time, at moments that the inverse of the formula
gives: from |p| - j + 1 points to |p| - j as |p| - j + 1/2 is reached, for j = 1 to |p|,

- after T (j - 1/2) / |p|;
- after h log2(|p| / (|p| - j + 1/2)).

These moments, in whole microseconds, are computed once for a rule. What is left after any time then is a search in a
sorted list, the moments at which a score changes are known in advance, and both agree to the microsecond.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

from scoring.rules.rule_set import Decay, DecayCourse

_MICROSECOND = timedelta(microseconds=1)


class Fading:
    """How the points of one rule fade.

    Args:
        points: What the rule gives at first, any sign.
        decay: How they fade.
    """

    def __init__(self, points: int, decay: Decay) -> None:
        self.decay = decay
        self._points = points
        self._sign = 1 if points > 0 else -1
        self._steps = _steps(abs(points), decay)

    def left(self, anchor: datetime, as_of: datetime) -> int:
        """Give what is left of the points.

        Args:
            anchor: From when on they fade, UTC.
            as_of: The moment, UTC; before the anchor all of them are left.
        """
        passed = bisect_right(self._steps, (as_of - anchor) // _MICROSECOND)
        return self._points - self._sign * passed

    def changes(self, anchor: datetime, as_of: datetime) -> list[int]:
        """Give when the points change next, by one each time towards 0, in microseconds after `as_of`, ascending."""
        elapsed = (as_of - anchor) // _MICROSECOND
        return [step - elapsed for step in self._steps[bisect_right(self._steps, elapsed) :]]


def _steps(size: int, decay: Decay) -> Sequence[int]:
    """Give after how many microseconds each point goes, ascending."""
    time = decay.time // _MICROSECOND
    if decay.course is DecayCourse.LINEAR:
        return [-(-time * (2 * j - 1) // (2 * size)) for j in range(1, size + 1)]
    return [math.ceil(time * math.log2(size / (size - j + 0.5))) for j in range(1, size + 1)]
