"""The worker of the scorer: rescores leads that change or all that are open, trains models and watches them.

python -m scoring.worker
"""

import asyncio
import contextlib
import signal

import structlog
import uvloop
from pydantic import Field
from redis.exceptions import RedisError

from scoring.bulk.open_lead_rescoring import OpenLeadRescorer, OpenLeadRescoring
from scoring.bulk.page_rescoring import PageRescoring
from scoring.cluster import PREDICTION_TIMEOUT_SECONDS, ClusterRescoring, Connections, page_rescoring
from scoring.conversions.errors import to_unscorable_status
from scoring.experiments.assign_leads import AssignLeads
from scoring.monitoring.watch_models import WatchModels
from scoring.registry.life_cycle import ModelLifeCycle
from scoring.registry.model_cache import ModelCache
from scoring.registry.model_files import ModelFiles
from scoring.registry.model_tables import ModelTables
from scoring.registry.publication import ModelPublisher
from scoring.registry.rule_set_cache import RuleSetCache
from scoring.registry.serving import ModelLoader
from scoring.scores.crossings import FindCrossings
from scoring.scores.lead_scorer import LARGEST_BATCH, LeadScorer
from scoring.scores.rescoring import Rescoring
from scoring.scores.table_predictor import TablePredictor
from scoring.store.dead_letters import DeadLetters
from scoring.store.due_leads import DueLeads
from scoring.store.due_tenants import DueTenants
from scoring.store.experiments import Experiments
from scoring.store.leads import Leads
from scoring.store.model_changes import ModelChanges
from scoring.store.models import Models
from scoring.store.monitored_leads import MonitoredLeads
from scoring.store.monitoring import Monitoring
from scoring.store.operations import Operations
from scoring.store.rule_sets import RuleSets
from scoring.store.scores import Scores
from scoring.stream import rescoring_requests, training_requests
from scoring.stream.consumer import ConsumerSettings, StreamConsumer
from scoring.stream.decaying_leads import DecayingLeads
from scoring.stream.experiment_starts import ExperimentStarts
from scoring.stream.lead_changes import LeadChanges
from scoring.stream.monitoring_schedule import MonitoringSchedule
from scoring.stream.operation_rescoring import OperationRescoring
from scoring.stream.rescoring_requests import RescoringRequests
from scoring.stream.training_requests import TrainingRequests
from server.runtime import streams
from server.runtime.database import Database
from server.runtime.logging import configure_logging
from server.runtime.redis import connect_redis
from server.runtime.settings import ProcessSettings
from tfserving.client import PredictionClient
from tfserving.server_control import ModelServerControl

# Of so many tenants changed leads are scored without the model server; it is asked for the others' until tables of one
# have not been used for a while.
TABLES_HELD = 32
TABLES_KEPT_SECONDS = 60.0

_log = structlog.get_logger(__name__)


class WorkerSettings(ProcessSettings):
    """Settings of the worker."""

    tracking_uri: str = Field(
        default="",
        description="Where MLflow writes trainings down: sqlite:///<file> or a server's address; empty for nowhere.",
    )
    ray_address: str = Field(
        default="",
        description="The Ray cluster that rescores all leads of a tenant, as `ray.init` takes it; empty for none.",
    )


async def run(settings: WorkerSettings) -> None:
    """Works until SIGTERM or SIGINT; what is cut off is done by another worker, or at the next start.

    Args:
        settings: How to reach PostgreSQL, Redis, the model server and its repository.
    """
    database = await Database.connect(settings.database_url)
    redis = await connect_redis(settings.redis_url)
    prediction_client = PredictionClient(settings.model_server_address, timeout_seconds=PREDICTION_TIMEOUT_SECONDS)
    models = Models(database)
    leads, model_cache = Leads(database), ModelCache(models)
    files = ModelFiles(settings.model_repository)
    tables = ModelTables(files, TABLES_HELD, kept_seconds=TABLES_KEPT_SECONDS)
    predictor = TablePredictor(tables, prediction_client)
    scorer = LeadScorer(predictor, RuleSetCache(RuleSets(database)))
    assign_leads = AssignLeads(leads, model_cache, scorer, Experiments(database))
    rescoring = Rescoring(leads, model_cache, scorer, Scores(database))
    loader = ModelLoader(ModelServerControl(prediction_client, settings.model_repository))
    publisher = ModelPublisher(files, models, ModelChanges(database), loader)
    operations = Operations(database)
    relay_database = await Database.connect(settings.relay_database_url)
    watch_models = WatchModels(
        MonitoredLeads(database),
        Monitoring(database),
        ModelLifeCycle(models, ModelChanges(database), files, loader),
        operations,
    )
    pages = page_rescoring(database, prediction_client, settings.model_repository)
    operation_rescoring = OperationRescoring(operations, _open_lead_rescorer(settings, pages))
    decaying_leads = DecayingLeads(
        due_leads=DueLeads(redis),
        leads=leads,
        models=model_cache,
        scorer=scorer,
        rescoring=rescoring,
        find_crossings=FindCrossings(predictor),
    )
    lead_changes = LeadChanges(
        rescoring, DeadLetters(database, to_unscorable_status), (assign_leads.assign, decaying_leads.changed)
    )
    consumers = (
        *(
            StreamConsumer(redis, lead_changes, ConsumerSettings(stream, largest_batch=LARGEST_BATCH))
            for stream in streams.LEAD_CHANGES
        ),
        StreamConsumer(
            redis,
            ExperimentStarts(assign_leads, rescoring),
            ConsumerSettings(streams.EXPERIMENT_STARTS, largest_batch=1),
        ),
        StreamConsumer(
            redis,
            TrainingRequests(operations, publisher, operation_rescoring, settings.database_url, settings.tracking_uri),
            ConsumerSettings(training_requests.STREAM, largest_batch=1),
        ),
        StreamConsumer(
            redis,
            RescoringRequests(operations, operation_rescoring),
            ConsumerSettings(rescoring_requests.STREAM, largest_batch=1),
        ),
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as tasks:
        work = [
            *(tasks.create_task(consumer.run()) for consumer in consumers),
            tasks.create_task(decaying_leads.run(ModelFiles(settings.model_repository).tenants)),
        ]
        work.append(tasks.create_task(MonitoringSchedule(DueTenants(relay_database), watch_models).run()))
        _log.info("working")
        # A consumer that fails cancels this wait, and with it the process, which its supervisor starts again.
        await stop.wait()
        for task in work:
            task.cancel()
    await prediction_client.close()
    with contextlib.suppress(ConnectionError, RedisError):
        await redis.aclose()
    await relay_database.close()
    await database.close()
    _log.info("stopped")


def _open_lead_rescorer(settings: WorkerSettings, pages: PageRescoring) -> OpenLeadRescorer:
    """Gives what scores all open leads: this process, or a cluster if there is one."""
    if not settings.ray_address:
        return OpenLeadRescoring(pages)
    connections = Connections(settings.database_url, settings.model_server_address, settings.model_repository)
    return ClusterRescoring(settings.ray_address, pages, connections)


def main() -> None:
    """Runs the worker with settings from the environment."""
    settings = WorkerSettings.load()
    configure_logging(settings.log_level)
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
