"""Assigns the leads that are open when an experiment starts, and has the challenger score its own."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from scoring.experiments.assign_leads import AssignLeads
from scoring.scores.rescoring import Rescoring
from scoring.stream.consumer import StreamEntry

_log = structlog.get_logger(__name__)


class ExperimentStarts:
    """Handles `experiment.started` messages. One that comes again assigns the same leads to the same arms.

    Args:
        assign_leads: Assigns and keeps.
        rescoring: Scores and stores.
    """

    def __init__(self, assign_leads: AssignLeads, rescoring: Rescoring) -> None:
        self._assign_leads = assign_leads
        self._rescoring = rescoring

    async def handle(self, entries: Sequence[StreamEntry]) -> None:
        """Assigns every open lead to the arms of the experiments that the entries name."""
        for entry in entries:
            experiment_id = UUID(entry.payload["experiment_id"])
            made = await self._assign_leads.assign_open_leads(entry.tenant_id, experiment_id, self._rescoring.rescore)
            _log.info("open leads assigned", experiment=str(experiment_id), assignments=made)

    async def give_up(self, entry: StreamEntry) -> bool:
        """Tells that nothing was done: leads are assigned as they change."""
        _log.warning("open leads not assigned", entry_id=entry.entry_id)
        return False
