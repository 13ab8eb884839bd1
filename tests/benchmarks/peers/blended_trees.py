"""The trees that Leadline serves, as a data scientist serves them: two LightGBM models whose answers are added up.

Leadline's share of regression is left out. What Leadline does to a category on the way, the peers do by looking it up.
"""

from typing import Any

import numpy as np


class BlendedTrees:
    """Two ensembles: one takes codes of categories, the other their rates of conversion.

    Args:
        model: What the benchmark wrote: `boosters`, with the share of each `share`; `rates`, by the column of each
            category the rate of each code, then that of a missing value; `slope` and `intercept` of the calibration.
    """

    def __init__(self, model: dict[str, Any]) -> None:
        self._by_codes, self._by_rates = model["boosters"]
        self._share = model["share"]
        self._rates = model["rates"]
        self.slope, self.intercept = model["slope"], model["intercept"]

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """Give the calibrated log-odds of encoded rows."""
        return self.slope * self._added(rows, raw_score=True) + self.intercept

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        """Give the probabilities of encoded rows."""
        return 1 / (1 + np.exp(-self.log_odds(rows)))

    def contributions(self, rows: np.ndarray) -> np.ndarray:
        """Give what each feature adds to the log-odds of each row before calibration, and at last what all begin at."""
        return self._added(rows, pred_contrib=True)

    def _added(self, rows: np.ndarray, **what: bool) -> np.ndarray:
        rated = rows.astype(np.float64)
        for column, table in self._rates.items():
            codes = rated[:, column]
            rated[:, column] = table[np.where(np.isnan(codes), len(table) - 1, codes).astype(np.intp)]
        by_codes = self._by_codes.predict(rows, num_threads=1, **what)
        return self._share * (by_codes + self._by_rates.predict(rated, num_threads=1, **what))
