"""Which lead is in which arm."""

from collections import Counter
from uuid import UUID

import pytest
from scipy.stats import kstest

from scoring.experiments.experiment import Arm, Split, place_of
from server.runtime.identifiers import new_id

LEADS = [new_id() for _ in range(20_000)]
EXPERIMENT, CHALLENGER, CHAMPION = new_id(), new_id(), new_id()


@pytest.mark.parametrize(("challenger_share", "hold_out_share"), [(0.01, 0.0), (0.1, 0.0), (0.45, 0.1), (0.5, 0.2)])
def test_arms_have_their_shares(challenger_share: float, hold_out_share: float) -> None:
    split = Split(EXPERIMENT, CHALLENGER, challenger_share, hold_out_share)
    counts = Counter(split.arm(lead_id) for lead_id in LEADS)
    # Four standard deviations of a binomial share are at most this.
    assert counts[Arm.CHALLENGER] / len(LEADS) == pytest.approx(challenger_share, abs=0.0145)
    assert counts[Arm.HOLD_OUT] / len(LEADS) == pytest.approx(hold_out_share, abs=0.0145)
    assert sum(counts.values()) == len(LEADS)


def test_places_are_evenly_spread() -> None:
    assert kstest([place_of(EXPERIMENT, lead_id) for lead_id in LEADS], "uniform").pvalue > 0.001


def test_a_lead_stays_where_it_is_in_every_process() -> None:
    lead_id = UUID("01900000-0000-7000-8000-000000000001")
    assert place_of(UUID("01900000-0000-7000-8000-0000000000aa"), lead_id) == 0.6486692004373097


def test_a_larger_share_takes_leads_of_the_champion_and_gives_none_back() -> None:
    small, large = Split(EXPERIMENT, CHALLENGER, 0.1), Split(EXPERIMENT, CHALLENGER, 0.3)
    assert all(large.arm(lead_id) is Arm.CHALLENGER for lead_id in LEADS if small.arm(lead_id) is Arm.CHALLENGER)


def test_arms_of_two_experiments_are_independent() -> None:
    one, other = Split(EXPERIMENT, CHALLENGER, 0.5), Split(new_id(), CHALLENGER, 0.5)
    both = sum(one.arm(lead_id) is other.arm(lead_id) for lead_id in LEADS)
    assert both / len(LEADS) == pytest.approx(0.5, abs=0.0145)


def test_the_arm_s_model_scores_a_lead() -> None:
    split = Split(EXPERIMENT, CHALLENGER, 0.3, 0.3)
    models = {split.arm(lead_id): split.model_id(lead_id, CHAMPION) for lead_id in LEADS[:100]}
    assert models == {Arm.CONTROL: CHAMPION, Arm.CHALLENGER: CHALLENGER, Arm.HOLD_OUT: None}
