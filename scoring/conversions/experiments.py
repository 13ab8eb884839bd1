"""Experiments as messages."""

from datetime import UTC, datetime
from uuid import UUID

from leadline.v1 import experiment_pb2

from scoring.conversions.scores import to_timestamp
from scoring.experiments.experiment import Arm, Experiment, ExperimentKind, ExperimentPlan
from scoring.experiments.result import ArmComparison, ArmLeads, ExperimentResult
from scoring.experiments.run_experiments import DEFAULT_MINIMUM_OUTCOME_COUNT
from scoring.statistics.intervals import Estimate
from server.runtime.identifiers import format_name, parse_name


def to_plan(message: experiment_pb2.Experiment) -> ExperimentPlan:
    """Gives what a message asks for."""
    return ExperimentPlan(
        kind=ExperimentKind(message.kind),
        challenger_id=parse_name(message.challenger, "models"),
        challenger_share=message.challenger_share,
        hold_out_share=message.hold_out_share,
        minimum_outcome_count=message.minimum_outcome_count or DEFAULT_MINIMUM_OUTCOME_COUNT,
    )


def to_experiment(experiment: Experiment) -> experiment_pb2.Experiment:
    """Gives an experiment as a message."""
    plan = experiment.plan
    message = experiment_pb2.Experiment(
        name=format_name("experiments", experiment.experiment_id),
        kind=int(plan.kind),  # type: ignore[arg-type]  # numbered alike
        challenger=format_name("models", plan.challenger_id),
        control=format_name("models", experiment.control_id),
        challenger_share=plan.challenger_share,
        hold_out_share=plan.hold_out_share,
        minimum_outcome_count=plan.minimum_outcome_count,
        state=int(experiment.state),  # type: ignore[arg-type]
        conclusion=experiment.conclusion,
        create_time=to_timestamp(experiment.create_time),
    )
    if experiment.end_time is not None:
        message.end_time.CopyFrom(to_timestamp(experiment.end_time))
    return message


def to_result(experiment: Experiment, result: ExperimentResult) -> experiment_pb2.ExperimentResult:
    """Gives what an experiment shows as a message."""
    models = {Arm.CONTROL: experiment.control_id, Arm.CHALLENGER: experiment.plan.challenger_id}
    return experiment_pb2.ExperimentResult(
        experiment=format_name("experiments", experiment.experiment_id),
        arms=[_arm_result(arm, leads, models.get(arm)) for arm, leads in result.arms.items()],
        comparisons=[_comparison(comparison) for comparison in result.comparisons],
        verdict=int(result.verdict),  # type: ignore[arg-type]
        explanation=result.explanation,
        compute_time=to_timestamp(datetime.now(UTC)),
    )


def to_estimate(estimate: Estimate | None) -> experiment_pb2.Estimate | None:
    """Gives a figure with its interval as a message; None stays None, which a message takes for absent."""
    if estimate is None:
        return None
    return experiment_pb2.Estimate(value=estimate.value, low=estimate.low, high=estimate.high)


def _arm_result(arm: Arm, leads: ArmLeads, model_id: UUID | None) -> experiment_pb2.ArmResult:
    placements = leads.placements
    return experiment_pb2.ArmResult(
        arm=int(arm),  # type: ignore[arg-type]
        model=format_name("models", model_id) if model_id is not None else "",
        lead_count=leads.lead_count,
        outcome_count=leads.outcome_count,
        converted_count=leads.converted_count,
        conversion_rate=to_estimate(leads.conversion_rate),
        brier_score=leads.brier_score,
        auc=None if placements is None else placements.auc,
        log_loss=leads.log_loss,
    )


def _comparison(comparison: ArmComparison) -> experiment_pb2.ArmComparison:
    return experiment_pb2.ArmComparison(
        arm=int(comparison.arm),  # type: ignore[arg-type]
        against=int(comparison.against),  # type: ignore[arg-type]
        conversion_rate_difference=to_estimate(comparison.rate_difference),
        lift=to_estimate(comparison.lift),
        brier_score_difference=to_estimate(comparison.brier_difference),
        auc_difference=to_estimate(comparison.auc_difference),
    )
