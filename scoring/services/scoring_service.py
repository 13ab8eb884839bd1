"""The scoring service: converts, calls, converts."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

import grpc.aio
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from leadline.v1 import model_pb2, score_pb2, scoring_service_pb2, scoring_service_pb2_grpc

from scoring.conversions.leads import to_record
from scoring.conversions.models import to_model, to_plots
from scoring.conversions.operations import to_operation
from scoring.conversions.scores import to_kept_score, to_score, to_stored_score, to_timestamp
from scoring.conversions.suggestions import to_suggestions
from scoring.registry.life_cycle import ModelLifeCycle
from scoring.scores.replay import ReplayScore
from scoring.scores.score import ScoreOverride
from scoring.scores.score_filter import parse_score_filter
from scoring.scores.score_leads import PATIENCE_SECONDS, ScoreLeads
from scoring.scores.suggest_changes import SuggestChanges
from scoring.scores.watching import ScoreWatch, WatchEvent
from scoring.services.ports import ModelReader, OperationRequests, ScoreOverrides
from scoring.services.watch_tokens import WatchTokens
from server.interceptors.errors import status_of
from server.runtime.errors import InvalidPageToken, LeadNotFound
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal
from server.runtime.signed_tokens import TokenSigner

DEFAULT_PAGE_SIZE = 50
# What is left of the caller's time for the answer that a dependency is unavailable.
PATIENCE_SHARE = 0.8
# A batch's work grows with its leads; the caller's deadline alone bounds it, or this if there is none.
BATCH_PATIENCE_SECONDS = 60.0

_MODELS_QUERY = "models"

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class ScoringService(scoring_service_pb2_grpc.ScoringServiceServicer):
    """Scores leads, tells of models and new scores, and takes orders for trainings.

    Args:
        score_leads: Scores leads for callers who wait.
        suggest_changes: Tells what would raise a lead's score.
        replay_score: Computes stored scores once more.
        overrides: What people set in place of scores.
        models: Where models are read.
        life_cycle: Changes what models are used for.
        operations: Where long-running operations are asked for.
        score_watch: Tells of new scores.
        signing_secret: Signs page and resume tokens.
    """

    def __init__(
        self,
        *,
        score_leads: ScoreLeads,
        suggest_changes: SuggestChanges,
        replay_score: ReplayScore,
        overrides: ScoreOverrides,
        models: ModelReader,
        life_cycle: ModelLifeCycle,
        operations: OperationRequests,
        score_watch: ScoreWatch,
        signing_secret: str,
    ) -> None:
        self._score_leads = score_leads
        self._suggest_changes = suggest_changes
        self._replay_score = replay_score
        self._overrides = overrides
        self._models = models
        self._life_cycle = life_cycle
        self._operations = operations
        self._score_watch = score_watch
        self._page_signer = TokenSigner(signing_secret, "models.page")
        self._resume_signer = TokenSigner(signing_secret, "scores.resume")

    async def ScoreLead(  # noqa: N802
        self, request: scoring_service_pb2.ScoreLeadRequest, context: Context
    ) -> score_pb2.Score:
        """Scores a stored lead."""
        score = await self._score_leads.stored(
            current_principal().tenant_id,
            parse_name(request.name, "leads"),
            explained=not request.omit_attributions,
            patience_seconds=_patience(context, PATIENCE_SECONDS),
        )
        return to_score(score)

    async def ScoreInlineLead(  # noqa: N802
        self, request: scoring_service_pb2.ScoreInlineLeadRequest, context: Context
    ) -> score_pb2.Score:
        """Scores a lead that is not stored."""
        score = await self._score_leads.inline(
            current_principal().tenant_id,
            to_record(request.lead, datetime.now(UTC)),
            explained=not request.omit_attributions,
            patience_seconds=_patience(context, PATIENCE_SECONDS),
        )
        return to_score(score)

    async def BatchScoreLeads(  # noqa: N802
        self, request: scoring_service_pb2.BatchScoreLeadsRequest, context: Context
    ) -> scoring_service_pb2.BatchScoreLeadsResponse:
        """Scores several stored leads."""
        scores = await self._score_leads.batch(
            current_principal().tenant_id,
            [parse_name(name, "leads") for name in request.names],
            explained=not request.omit_attributions,
            patience_seconds=_patience(context, BATCH_PATIENCE_SECONDS),
        )
        return scoring_service_pb2.BatchScoreLeadsResponse(
            results=[
                scoring_service_pb2.BatchScoreResult(status=status_of(LeadNotFound(name)))
                if score is None
                else scoring_service_pb2.BatchScoreResult(score=to_score(score))
                for name, score in zip(request.names, scores, strict=True)
            ]
        )

    async def SuggestChanges(  # noqa: N802
        self, request: scoring_service_pb2.SuggestChangesRequest, context: Context
    ) -> scoring_service_pb2.SuggestChangesResponse:
        """Tells what would raise a stored lead's score."""
        return to_suggestions(
            await self._suggest_changes(
                current_principal().tenant_id,
                parse_name(request.name, "leads"),
                frozenset(request.actionable_fields),
                _patience(context, PATIENCE_SECONDS),
            )
        )

    async def OverrideScore(  # noqa: N802
        self, request: scoring_service_pb2.OverrideScoreRequest, context: Context
    ) -> score_pb2.Score:
        """Sets a lead's score by hand."""
        principal, lead_id = current_principal(), parse_name(request.name, "leads")
        override = await self._overrides.set(principal.tenant_id, lead_id, request.value, principal.subject)
        return await self._score_with(lead_id, override, context)

    async def ClearScoreOverride(  # noqa: N802
        self, request: scoring_service_pb2.ClearScoreOverrideRequest, context: Context
    ) -> score_pb2.Score:
        """Leaves a lead's score to be computed again."""
        lead_id = parse_name(request.name, "leads")
        await self._overrides.clear(current_principal().tenant_id, lead_id)
        return await self._score_with(lead_id, None, context)

    async def _score_with(self, lead_id: UUID, override: ScoreOverride | None, context: Context) -> score_pb2.Score:
        """Scores a lead with an override that is not committed yet."""
        return to_score(
            await self._score_leads.stored(
                current_principal().tenant_id,
                lead_id,
                explained=True,
                patience_seconds=_patience(context, PATIENCE_SECONDS),
                override=override,
            )
        )

    async def ReplayScore(  # noqa: N802
        self, request: scoring_service_pb2.ReplayScoreRequest, context: Context
    ) -> scoring_service_pb2.ReplayScoreResponse:
        """Computes a stored score once more."""
        del context
        replay = await self._replay_score(current_principal().tenant_id, parse_name(request.name, "scores"))
        return scoring_service_pb2.ReplayScoreResponse(
            stored=to_kept_score(replay.stored, replay.model),
            replayed=to_kept_score(replay.replayed, replay.model),
            identical=replay.identical,
        )

    async def TrainModel(  # noqa: N802
        self, request: scoring_service_pb2.TrainModelRequest, context: Context
    ) -> operations_pb2.Operation:
        """Starts the training of a model."""
        del context
        return to_operation(
            await self._operations.request_training(
                current_principal().tenant_id, request.excluded_fields, request.kept_fields
            )
        )

    async def RescoreLeads(  # noqa: N802
        self, request: scoring_service_pb2.RescoreLeadsRequest, context: Context
    ) -> operations_pb2.Operation:
        """Starts to score every open lead anew."""
        del request, context
        return to_operation(await self._operations.request_rescoring(current_principal().tenant_id))

    async def GetModel(  # noqa: N802
        self, request: scoring_service_pb2.GetModelRequest, context: Context
    ) -> model_pb2.Model:
        """Gives one model."""
        del context
        return to_model(await self._models.get(current_principal().tenant_id, parse_name(request.name, "models")))

    async def ListModels(  # noqa: N802
        self, request: scoring_service_pb2.ListModelsRequest, context: Context
    ) -> scoring_service_pb2.ListModelsResponse:
        """Lists models, the newest first."""
        del context
        tenant_id = current_principal().tenant_id
        page_size = request.page_size or DEFAULT_PAGE_SIZE
        below_version = self._page_position(request.page_token, tenant_id)
        models = await self._models.newest(tenant_id, page_size + 1, below_version)
        response = scoring_service_pb2.ListModelsResponse(models=[to_model(model) for model in models[:page_size]])
        if len(models) > page_size:
            response.next_page_token = self._page_signer.sign(tenant_id, _MODELS_QUERY, models[page_size - 1].version)
        return response

    async def GetModelPlots(  # noqa: N802
        self, request: scoring_service_pb2.GetModelPlotsRequest, context: Context
    ) -> scoring_service_pb2.ModelPlots:
        """Gives the pictures of a model's evaluation."""
        del context
        plots = await self._life_cycle.plots(current_principal().tenant_id, parse_name(request.name, "models"))
        return to_plots(plots)

    async def PromoteModel(  # noqa: N802
        self, request: scoring_service_pb2.PromoteModelRequest, context: Context
    ) -> model_pb2.Model:
        """Makes a model champion."""
        del context
        return to_model(
            await self._life_cycle.promote(
                current_principal().tenant_id,
                parse_name(request.name, "models"),
                override_gate=request.override_gate,
            )
        )

    async def RollBackModel(  # noqa: N802
        self, request: scoring_service_pb2.RollBackModelRequest, context: Context
    ) -> model_pb2.Model:
        """Makes an earlier champion champion again."""
        del context
        model_id = parse_name(request.model, "models") if request.model else None
        return to_model(await self._life_cycle.roll_back(current_principal().tenant_id, model_id))

    async def DeleteModel(  # noqa: N802
        self, request: scoring_service_pb2.DeleteModelRequest, context: Context
    ) -> empty_pb2.Empty:
        """Deletes a model with its files."""
        del context
        await self._life_cycle.delete(current_principal().tenant_id, parse_name(request.name, "models"))
        return empty_pb2.Empty()

    async def WatchScores(  # noqa: N802
        self, request: scoring_service_pb2.WatchScoresRequest, context: Context
    ) -> AsyncIterator[scoring_service_pb2.WatchScoresResponse]:
        """Tells of each new score."""
        del context
        tenant_id = current_principal().tenant_id
        lead_ids = frozenset(str(parse_name(name, "leads")) for name in request.names) or None
        tokens = WatchTokens(self._resume_signer, tenant_id, lead_ids, request.filter)
        try:
            watch = self._score_watch.watch(
                tenant_id,
                lead_ids,
                tokens.position(request.resume_token),
                parse_score_filter(request.filter),
                snapshot=request.snapshot,
            )
            # The watch ends with the rpc, and not when its remains are collected some day.
            async with aclosing(watch) as events:
                async for event in events:
                    yield _watch_response(event, tokens)
        except Exception as error:
            # Over HTTP/1.1 a status after the first message is invisible, so it also comes as a message.
            yield scoring_service_pb2.WatchScoresResponse(status=status_of(error))
            raise

    def _page_position(self, page_token: str, tenant_id: UUID) -> int | None:
        if not page_token:
            return None
        try:
            version: int = self._page_signer.read(page_token, tenant_id, _MODELS_QUERY)
        except ValueError as error:
            raise InvalidPageToken from error
        return version


def _patience(context: Context, longest: float) -> float:
    """How long the call may wait for others, in seconds: so that the caller hears of it before it gives up."""
    remaining: float | None = context.time_remaining()
    return longest if remaining is None else min(longest, remaining * PATIENCE_SHARE)


def _watch_response(event: WatchEvent, tokens: WatchTokens) -> scoring_service_pb2.WatchScoresResponse:
    response = scoring_service_pb2.WatchScoresResponse(resume_token=tokens.token(event.position))
    if event.earliest is not None:
        response.earliest_token = tokens.token(event.earliest)
    if event.stored is not None:
        response.snapshot_score.CopyFrom(to_stored_score(event.stored))
        return response
    if event.snapshot_count is not None:
        response.snapshot_end.score_count = event.snapshot_count
        return response
    if event.change is None:
        response.heartbeat.server_time.CopyFrom(to_timestamp(datetime.now(UTC)))
        return response
    response.score_change.score.CopyFrom(to_stored_score(event.change))
    previous_probability = event.change["previous_probability"]
    if previous_probability is not None:
        response.score_change.previous_probability = previous_probability
    return response
