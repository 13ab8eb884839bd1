"""The process that trains one model, so that TensorFlow's memory goes away with it.

Started as `python -m scoring.trainer`. The job comes as a line on standard input and reports leave as
lines on standard output. When standard input ends, because the worker cancels or has died, the training stops.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from scoring.features.lead_record import LeadRecord
from scoring.store.leads import Leads
from scoring.stream.training_job import TrainingJob, TrainingReport
from scoring.training.train import TrainedModel, train
from server.interceptors.operation_ends import to_error_json
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable, LeadlineError, OperationCancelled
from server.runtime.logging import configure_logging

if TYPE_CHECKING:
    from scoring.registry.candidate import Candidate

# Of the training's progress, the part for the training itself; the rest is for the export.
TRAINED_PERCENT = 90

# Enough to tell how often their fields are filled.
MOST_OPEN_LEADS = 2_000

# Scoring goes first on a busy machine.
NICENESS = 5


async def read_records(job: TrainingJob) -> tuple[list[LeadRecord], list[LeadRecord]]:
    """Reads leads.

    Returns:
        The leads to learn from, and the oldest open ones, which have had the most time to be filled in.

    Raises:
        DependencyUnavailable: PostgreSQL can't be reached.
    """
    database = await Database.connect(job.database_url)
    try:
        leads = Leads(database)
        decided = [record async for record in leads.with_outcome(job.tenant_id)]
        oldest_open = await leads.open_leads(job.tenant_id, UUID(int=0), MOST_OPEN_LEADS)
        return decided, [lead.record for lead in oldest_open]
    finally:
        await database.close()


def train_and_export(
    job: TrainingJob, report: Callable[[TrainingReport], None], should_cancel: Callable[[], bool]
) -> TrainingReport:
    """Trains and writes the SavedModel.

    Args:
        job: What to train.
        report: Told where the training stands.
        should_cancel: Asked now and then whether to stop.

    Returns:
        The last report: what was found, or why there is nothing.
    """
    try:
        report(TrainingReport("reading leads"))
        records, open_leads = asyncio.run(read_records(job))
        trained = train(
            [*records, *open_leads],
            excluded_fields=job.excluded_fields,
            kept_fields=job.kept_fields,
            progress=lambda stage, percent: report(TrainingReport(stage, percent * TRAINED_PERCENT // 100)),
            should_cancel=should_cancel,
        )
        candidate = _candidate(job, trained, records, report, should_cancel)
    except DependencyUnavailable as error:
        return TrainingReport(unavailable=error.dependency)
    except LeadlineError as error:
        return TrainingReport(error=to_error_json(error))
    return TrainingReport(description=describe(trained, candidate), progress_percent=100)


def _candidate(
    job: TrainingJob,
    trained: TrainedModel,
    records: Sequence[LeadRecord],
    report: Callable[[TrainingReport], None],
    should_cancel: Callable[[], bool],
) -> "Candidate":
    # TensorFlow takes seconds to import; a training that fails before does without.
    from scoring.registry.candidate import CandidateOrder, make_candidate  # noqa: PLC0415

    def begin(stage: str) -> None:
        if should_cancel():
            raise OperationCancelled
        report(TrainingReport(stage, TRAINED_PERCENT))

    order = CandidateOrder(job.tenant_id, job.folder, job.rivals, job.tracking_uri, job.excluded_fields)
    candidate = make_candidate(trained, records, order, begin)
    begin("trained")
    return candidate


def describe(trained: TrainedModel, candidate: "Candidate") -> dict[str, object]:
    """Gives what a training found with the names of `ModelDescription`."""
    return {
        "algorithm": int(trained.algorithm),
        "feature_set": trained.feature_set.to_json(),
        "evaluation": trained.evaluation.to_json(),
        "feature_importances": [asdict(importance) for importance in trained.feature_importances],
        "excluded_fields": [asdict(excluded) for excluded in trained.excluded_fields],
        "grade_bands": [asdict(band) for band in trained.grade_bands],
        "conversion_tables": trained.conversion.to_json(),
        "score_intervals": trained.intervals.to_json(),
        "distributions": trained.distributions.to_json(),
        "promotion_gate": asdict(candidate.verdict),
        "tracking_run": candidate.tracking_run,
    }


def main() -> None:
    """Does the job on standard input."""
    # Libraries that print must not garble the reports.
    reports = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.nice(NICENESS)
    configure_logging("warning")
    job = TrainingJob.from_line(sys.stdin.buffer.readline())
    cancelled = threading.Event()
    threading.Thread(target=_await_end, args=(sys.stdin.fileno(), cancelled), daemon=True).start()

    def report(message: TrainingReport) -> None:
        reports.write(message.to_line())
        reports.flush()

    try:
        report(train_and_export(job, report, cancelled.is_set))
    except BrokenPipeError:
        structlog.get_logger(__name__).warning("the worker has gone; the training is given up")
        sys.exit(1)


def _await_end(descriptor: int, ended: threading.Event) -> None:
    # Not through sys.stdin, whose lock the interpreter would need for its own end.
    while os.read(descriptor, 1):
        pass
    ended.set()


if __name__ == "__main__":
    main()
