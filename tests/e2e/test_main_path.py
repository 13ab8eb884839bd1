"""From leads with outcomes to scores with reasons, through the SDK."""

import math
import random
import time

import pytest
from leadline.v1.model_pb2 import MODEL_STATE_CHAMPION
from leadline.v1.score_pb2 import SCORE_BASIS_MODEL, SCORE_BASIS_PRIOR, SCORE_BASIS_SHRUNKEN

from deploy.local.demo.truth import compare
from leadline_sdk import LEAD_STATUS_CONVERTED, LEAD_STATUS_LOST, Lead, to_fields
from tests.e2e.conftest import Tenant, TrainedTenant


def test_every_open_lead_is_scored_after_training(trained: TrainedTenant) -> None:
    open_in_sample = [lead for lead in trained.company.leads if lead.converted is None]

    assert len(trained.open_leads) == len(open_in_sample)
    assert all(lead.score.model == trained.model.name for lead in trained.open_leads)


def test_scores_are_probabilities_in_the_order_asked_for(trained: TrainedTenant) -> None:
    values = [lead.score.value for lead in trained.open_leads]

    assert values == sorted(values, reverse=True)
    for lead in trained.open_leads:
        assert 0.0 < lead.score.probability < 1.0
        assert lead.score.value == pytest.approx(100 * lead.score.probability, abs=0.5 + 1e-9)


def test_scores_come_close_to_the_truth(trained: TrainedTenant) -> None:
    comparison = compare(
        [lead.score.probability for lead in trained.open_leads],
        [trained.company.true_probabilities[lead.external_id] for lead in trained.open_leads],
    )

    assert comparison.rank_correlation > 0.8
    assert comparison.calibration_error < 0.06


def test_intervals_hold_the_truth_about_nine_times_in_ten(trained: TrainedTenant) -> None:
    decided = sum(lead.converted is not None for lead in trained.company.leads)
    held = []
    for lead in trained.open_leads:
        score = lead.score
        assert score.basis == SCORE_BASIS_MODEL
        assert score.evidence_count == decided
        assert 0.0 <= score.probability_low < score.probability < score.probability_high <= 1.0
        held.append(
            score.probability_low <= trained.company.true_probabilities[lead.external_id] <= score.probability_high
        )

    assert 0.8 < sum(held) / len(held) < 0.98


def test_the_model_tells_how_good_it_is(trained: TrainedTenant) -> None:
    evaluation = trained.model.evaluation
    decided = sum(lead.converted is not None for lead in trained.company.leads)

    assert trained.model.state == MODEL_STATE_CHAMPION
    assert trained.model.version == 1
    assert evaluation.training_count + evaluation.holdout_count == decided
    assert evaluation.holdout_count == pytest.approx(decided / 5, rel=0.02)
    assert 0.7 < evaluation.auc < 0.95
    assert len(evaluation.candidates) == 2
    # The chosen kind comes first; cross-validation over all leads chose it, and not the newest fifth.
    assert evaluation.candidates[0].log_loss == evaluation.log_loss
    assert trained.client.get_model(trained.model.name) == trained.model
    assert [model.name for model in trained.client.list_models()] == [trained.model.name]


def test_attributions_add_up_for_a_thousand_random_leads(trained: TrainedTenant) -> None:
    every_lead = [lead.name for lead in trained.client.list_leads(page_size=1_000)]
    names = random.Random(0).sample(every_lead, 1_000)  # noqa: S311 - which leads is no secret

    results = list(trained.client.batch_score_leads(names))

    assert [result.name for result in results] == names
    for result in results:
        score = result.score
        assert score is not None
        explained = score.base_log_odds + math.fsum(reason.log_odds for reason in score.attributions)
        assert explained == pytest.approx(score.log_odds, abs=1e-5)
        assert 1 / (1 + math.exp(-score.log_odds)) == pytest.approx(score.probability, abs=1e-6)


def test_a_lead_scored_now_has_the_score_that_is_stored(trained: TrainedTenant) -> None:
    for lead in trained.open_leads[::100]:
        score = trained.client.score_lead(lead.name)

        assert score.lead == lead.name
        assert score.probability == pytest.approx(lead.score.probability, abs=1e-5)


def test_the_reasons_name_what_the_lead_answered(trained: TrainedTenant) -> None:
    lead = next(lead for lead in trained.open_leads if "Lead Source" in lead.fields)

    reasons = {reason.feature: reason for reason in trained.client.score_lead(lead.name).attributions}

    assert reasons["Lead Source"].observed == lead.fields["Lead Source"].category
    strengths = [abs(reason.log_odds) for reason in trained.client.score_lead(lead.name).attributions]
    assert strengths == sorted(strengths, reverse=True)


def test_a_lead_that_is_not_stored_can_be_scored(trained: TrainedTenant) -> None:
    promising = {"Lead Source": "Referral", "Job Title": "Head of HR", "Demo Requested": True}
    hopeless = {"Lead Source": "Cold Outreach", "Job Title": "Student", "Demo Requested": False}

    assert (
        trained.client.score_inline_lead(promising).probability
        > 2 * trained.client.score_inline_lead(hopeless).probability
    )


def test_unknown_answers_and_fields_are_scored(trained: TrainedTenant) -> None:
    score = trained.client.score_inline_lead({"Lead Source": "Carrier Pigeon", "Favourite Colour": "green"})

    assert 0.0 < score.probability < 1.0
    assert "Favourite Colour" not in {reason.feature for reason in score.attributions}


def test_a_new_lead_gets_a_score_by_itself(trained: TrainedTenant) -> None:
    lead = Lead(external_id="fresh-1", fields=to_fields({"Lead Source": "Partner", "Company Size": 120}))

    with trained.connect(trained.token) as watcher:
        created = trained.client.create_lead(lead)
        # It has been scored already, or is told of as a change.
        updates = watcher.watch_scores(snapshot=True)
        update = next(update for update in updates if update.score.lead == created.name)

    assert update.previous_probability is None
    assert trained.client.get_lead(created.name).score.probability == pytest.approx(update.score.probability)


def test_without_a_model_a_score_says_how_little_it_knows(tenant: Tenant) -> None:
    lead = tenant.client.create_lead(Lead(external_id="1"))

    first = tenant.client.score_lead(lead.name)
    outcomes = [
        Lead(external_id=f"decided-{number}", status=LEAD_STATUS_CONVERTED if number < 3 else LEAD_STATUS_LOST)
        for number in range(15)
    ]
    assert tenant.client.import_leads(outcomes).created_count == 15
    # The numbers of outcomes are held for a second.
    time.sleep(1.1)
    second = tenant.client.score_inline_lead({})

    assert (first.basis, first.evidence_count, first.model) == (SCORE_BASIS_PRIOR, 0, "")
    assert (second.basis, second.evidence_count) == (SCORE_BASIS_SHRUNKEN, 15)
    assert second.probability == pytest.approx((1 + 3) / (5 + 15))
    assert second.probability_high - second.probability_low < first.probability_high - first.probability_low
    assert not tenant.client.get_lead(lead.name).HasField("score")


def test_a_second_training_gives_the_next_version(tenant: Tenant) -> None:
    leads = [
        Lead(
            external_id=str(number),
            status=LEAD_STATUS_CONVERTED if number % 3 == 0 else LEAD_STATUS_LOST,
            fields=to_fields({"Size": float(number % 7 + 5 * (number % 3 == 0)), "Source": "ab"[number % 2]}),
        )
        for number in range(300)
    ]
    assert tenant.client.import_leads(leads).created_count == 300

    first = tenant.client.train_model().wait(240.0)
    second = tenant.client.train_model(excluded_fields=["Source"]).wait(240.0)

    assert (first.version, second.version) == (1, 2)
    assert {field.field: field.reason for field in second.excluded_fields}.keys() >= {"Source"}
    score = tenant.client.score_inline_lead({"Size": 8.0})
    assert score.model == second.name
