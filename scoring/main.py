"""The scorer: offers ScoringService, ExperimentService, MonitoringService and RuleService.

python -m scoring.main
"""

import contextlib

import grpc.aio
import uvloop
from leadline.v1 import (
    experiment_service_pb2,
    experiment_service_pb2_grpc,
    monitoring_service_pb2,
    monitoring_service_pb2_grpc,
    rule_service_pb2,
    rule_service_pb2_grpc,
    scoring_service_pb2,
    scoring_service_pb2_grpc,
)
from pydantic import Field
from redis.asyncio import Redis
from redis.exceptions import RedisError

from scoring.experiments.run_experiments import RunExperiments
from scoring.registry.life_cycle import ModelLifeCycle
from scoring.registry.model_cache import ModelCache
from scoring.registry.model_files import ModelFiles
from scoring.registry.ports import ModelServer
from scoring.registry.rule_set_cache import RuleSetCache
from scoring.registry.serving import ModelLoader
from scoring.scores.dry_run import DryRunRules
from scoring.scores.keep_rule_sets import KeepRuleSets
from scoring.scores.lead_scorer import LeadScorer
from scoring.scores.ports import Predictor
from scoring.scores.replay import ReplayScore
from scoring.scores.score_leads import ScoreLeads
from scoring.scores.suggest_changes import SuggestChanges
from scoring.services.experiment_service import ExperimentService
from scoring.services.monitoring_service import MonitoringService
from scoring.services.rule_service import RuleService
from scoring.services.score_answers import HeldAnswersInterceptor, ScoreAnswersInterceptor, held_answers
from scoring.services.scoring_service import ScoringService
from scoring.store.experiments import ExperimentChanges, Experiments
from scoring.store.lead_samples import LeadSamples
from scoring.store.leads import Leads
from scoring.store.model_changes import ModelChanges
from scoring.store.models import Models
from scoring.store.monitoring import Monitoring
from scoring.store.operations import Operations
from scoring.store.rule_sets import RuleSets
from scoring.store.score_overrides import ScoreOverrides
from scoring.store.score_snapshot import ScoreSnapshot
from scoring.store.scores import Scores
from scoring.store.shared_answers import SharedAnswers
from scoring.stream.watch_hub import WatchHub
from server.interceptors.admission import AdmissionInterceptor
from server.interceptors.standard import standard_interceptors
from server.interceptors.token_updates import updated_verifier
from server.interceptors.tokens import TokenVerifier
from server.runtime.audit_trail import AuditTrail
from server.runtime.database import Database
from server.runtime.grpc_server import create_server, serve
from server.runtime.logging import configure_logging
from server.runtime.redis import connect_redis
from server.runtime.settings import ProcessSettings
from server.runtime.transport_security import server_credentials
from tfserving.client import PredictionClient
from tfserving.server_control import ModelServerControl

SERVICES = (
    scoring_service_pb2.DESCRIPTOR.services_by_name["ScoringService"],
    experiment_service_pb2.DESCRIPTOR.services_by_name["ExperimentService"],
    rule_service_pb2.DESCRIPTOR.services_by_name["RuleService"],
    monitoring_service_pb2.DESCRIPTOR.services_by_name["MonitoringService"],
)

# Calls that run together share their round trips, so that each costs half of what it does alone: with fewer at once the
# process would answer fewer of them in the same time.
SHARING_CALLS = 16


class ScorerSettings(ProcessSettings):
    """Settings of the scorer."""

    listen_address: str = "127.0.0.1:50052"
    score_cache_seconds: float = Field(
        default=60.0,
        ge=0.0,
        le=3600.0,
        description="How long the answer of ScoreLead may be given again while nothing changes; 0 computes each anew.",
    )


def build_server(
    settings: ProcessSettings,
    database: Database,
    redis: Redis,
    predictor: Predictor,
    model_server: ModelServer,
    *,
    verifier: TokenVerifier | None = None,
    score_answers: ScoreAnswersInterceptor | None = None,
    trail: AuditTrail | None = None,
) -> grpc.aio.Server:
    """Builds the server with its services; the caller gives it an address.

    Args:
        settings: Of the process.
        database: The database in the role of the application.
        redis: Where score changes are told.
        predictor: The model server, as it is asked for predictions.
        model_server: The model server, as it is told what to serve.
        verifier: Verifies tokens; None verifies by the keys in the file alone.
        score_answers: Gives scores again that are still true; None computes each.
        trail: Where audit records go that no transaction carries; None for one that nobody closes.
    """
    verifier = verifier or TokenVerifier(settings.jwks_file, settings.token_issuer, settings.token_audience)
    interceptors = standard_interceptors(
        services=SERVICES,
        verifier=verifier,
        database=database,
        secret=settings.signing_secret.get_secret_value(),
        trail=trail,
        allowed_origins=settings.allowed_origins,
    )
    if score_answers is not None:
        interceptors = [HeldAnswersInterceptor(score_answers.answers, verifier), *interceptors, score_answers]
    admission = AdmissionInterceptor(verifier, database.take_longest_wait, SHARING_CALLS)
    server = create_server([admission, *interceptors])
    admission.watch(server)
    models = Models(database)
    model_cache = ModelCache(models)
    rule_sets = RuleSets(database)
    rule_set_cache = RuleSetCache(rule_sets)
    leads, scorer = Leads(database), LeadScorer(predictor, rule_set_cache)
    loader = ModelLoader(model_server)
    signing_secret = settings.signing_secret.get_secret_value()
    service = ScoringService(
        score_leads=ScoreLeads(leads, model_cache, scorer),
        suggest_changes=SuggestChanges(leads, model_cache, scorer),
        replay_score=ReplayScore(Scores(database), model_cache, rule_set_cache, predictor),
        overrides=ScoreOverrides(database),
        models=models,
        life_cycle=ModelLifeCycle(models, ModelChanges(database), ModelFiles(settings.model_repository), loader),
        operations=Operations(database),
        score_watch=WatchHub(redis, ScoreSnapshot(database)),
        signing_secret=signing_secret,
    )
    scoring_service_pb2_grpc.add_ScoringServiceServicer_to_server(service, server)
    rule_service = RuleService(
        KeepRuleSets(rule_sets, Operations(database)),
        rule_sets,
        DryRunRules(LeadSamples(database, leads), model_cache, models, scorer),
        signing_secret,
    )
    rule_service_pb2_grpc.add_RuleServiceServicer_to_server(rule_service, server)
    experiments = Experiments(database)
    run_experiments = RunExperiments(experiments, ExperimentChanges(database), loader)
    experiment_service_pb2_grpc.add_ExperimentServiceServicer_to_server(
        ExperimentService(run_experiments, experiments, signing_secret), server
    )
    monitoring_service_pb2_grpc.add_MonitoringServiceServicer_to_server(
        MonitoringService(Monitoring(database), signing_secret), server
    )
    return server


async def run(settings: ScorerSettings) -> None:
    """Serves until SIGTERM or SIGINT.

    Args:
        settings: Of the process.
    """
    database = await Database.connect(settings.database_url)
    redis = await connect_redis(settings.redis_url)
    trail = AuditTrail(database)
    async with (
        PredictionClient(settings.model_server_address) as prediction_client,
        updated_verifier(settings, database, redis) as verifier,
        held_answers(
            settings.database_url, SharedAnswers(database, redis), settings.score_cache_seconds
        ) as score_answers,
    ):
        await serve(
            build_server(
                settings,
                database,
                redis,
                prediction_client,
                ModelServerControl(prediction_client, settings.model_repository),
                verifier=verifier,
                score_answers=score_answers,
                trail=trail,
            ),
            listen_address=settings.listen_address,
            service_names=[service.full_name for service in SERVICES],
            is_ready=database.is_reachable,
            reflect=settings.reflection,
            credentials=server_credentials(settings),
            shutdown_delay_seconds=settings.shutdown_delay_seconds,
        )
    await trail.close()
    with contextlib.suppress(ConnectionError, RedisError):
        await redis.aclose()
    await database.close()


def main() -> None:
    """Runs the scorer with settings from the environment."""
    settings = ScorerSettings.load()
    configure_logging(settings.log_level)
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
