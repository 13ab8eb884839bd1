# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence

import grpc
from leadline.v1.event_pb2 import Event
from leadline.v1.integration_service_pb2_grpc import IntegrationServiceStub
from leadline.v1.lead_pb2 import Lead
from leadline.v1.lead_service_pb2 import (
    DUPLICATE_POLICY_SKIP,
    DuplicatePolicy,
    GetLeadRequest,
    ImportLeadsResponse,
    ListLeadsRequest,
)
from leadline.v1.lead_service_pb2_grpc import LeadServiceStub
from leadline.v1.model_pb2 import Model, Plot
from leadline.v1.score_pb2 import Score
from leadline.v1.scoring_service_pb2 import (
    GetModelPlotsRequest,
    GetModelRequest,
    ListModelsRequest,
    ReplayScoreRequest,
    ReplayScoreResponse,
    RescoreLeadsResponse,
    ScoreLeadRequest,
    SuggestChangesRequest,
    SuggestChangesResponse,
)
from leadline.v1.scoring_service_pb2_grpc import ScoringServiceStub

from leadline_sdk import requests
from leadline_sdk.account_calls import AsyncAccountCalls
from leadline_sdk.async_rule_calls import AsyncRuleCalls
from leadline_sdk.async_workflow_calls import AsyncWorkflowCalls
from leadline_sdk.audit_calls import AsyncAuditCalls
from leadline_sdk.batches import new_idempotency_key
from leadline_sdk.channel import IMPORT_METHOD, Connection, Metadata, TokenSource
from leadline_sdk.credential_calls import AsyncCredentialCalls
from leadline_sdk.crm_queue_calls import AsyncCrmQueueCalls
from leadline_sdk.dead_letter_calls import AsyncDeadLetterCalls
from leadline_sdk.encryption_key_calls import AsyncEncryptionKeyCalls
from leadline_sdk.errors import LeadlineError, error_from_call
from leadline_sdk.experiment_calls import AsyncExperimentCalls
from leadline_sdk.identity_calls import AsyncIdentityCalls
from leadline_sdk.importing import (
    MOST_FAILURES,
    STREAM_TIMEOUT,
    ImportableRow,
    ImportProgress,
    ImportResult,
    import_streams,
)
from leadline_sdk.lead_history_calls import AsyncLeadHistoryCalls
from leadline_sdk.monitoring_calls import AsyncMonitoringCalls
from leadline_sdk.notification_calls import AsyncNotificationCalls
from leadline_sdk.operations import AsyncOperation
from leadline_sdk.organization_calls import AsyncOrganizationCalls
from leadline_sdk.publish_calls import AsyncPublishCalls
from leadline_sdk.recording import RecordEventsResult, record_events_requests
from leadline_sdk.resuming import Resumption, hesitation_after
from leadline_sdk.scoring import ScoredLead, batch_score_requests, scored_leads
from leadline_sdk.tracking_calls import AsyncTrackingCalls
from leadline_sdk.watching import ScoreUpdate, ScoreWatch


class AsyncClient(
    AsyncPublishCalls,
    AsyncLeadHistoryCalls,
    AsyncRuleCalls,
    AsyncExperimentCalls,
    AsyncMonitoringCalls,
    AsyncWorkflowCalls,
    AsyncNotificationCalls,
    AsyncCrmQueueCalls,
    AsyncDeadLetterCalls,
    AsyncAuditCalls,
    AsyncIdentityCalls,
    AsyncAccountCalls,
    AsyncOrganizationCalls,
    AsyncCredentialCalls,
    AsyncTrackingCalls,
    AsyncEncryptionKeyCalls,
):
    """A connection to Leadline for asyncio: the methods of `Client`, to be awaited or gone through with `async for`.

    Use it as an asynchronous context manager, in one event loop. It takes what `Client` takes and raises what that
    raises. The token source is asked on the event loop, so it must not block.
    """

    def __init__(
        self,
        address: str,
        *,
        token: TokenSource = "",
        api_key: str = "",
        tls: bool = True,
        root_certificates: bytes | None = None,
        timeout: float = 10.0,
        user_agent: str = "",
        interceptors: Sequence[grpc.aio.ClientInterceptor] = (),
    ) -> None:
        super().__init__(Connection(address, token, tls, root_certificates, timeout, user_agent, api_key, interceptors))
        self._leads = LeadServiceStub(self._channel)
        self._scoring = ScoringServiceStub(self._channel)
        self._integration = IntegrationServiceStub(self._channel)
        self._import: grpc.aio.StreamUnaryMultiCallable[bytes, ImportLeadsResponse] = self._channel.stream_unary(
            IMPORT_METHOD,
            request_serializer=None,  # batches are bytes already
            response_deserializer=ImportLeadsResponse.FromString,
        )

    async def create_lead(
        self, lead: Lead, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Lead:
        """Create a lead; see `Client.create_lead`."""
        return await self._call(self._leads.CreateLead, requests.create_lead(lead, idempotency_key), timeout)

    async def batch_create_leads(
        self, leads: Collection[Lead], *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> list[Lead]:
        """Create up to 1,000 leads, all or none; see `Client.batch_create_leads`."""
        request = requests.batch_create_leads(leads, idempotency_key)
        response = await self._call(self._leads.BatchCreateLeads, request, timeout)
        return list(response.leads)

    async def get_lead(self, name: str, *, timeout: float | None = None) -> Lead:
        """Give a lead with its latest stored score; see `Client.get_lead`."""
        return await self._call(self._leads.GetLead, GetLeadRequest(name=name), timeout)

    async def list_leads(
        self,
        *,
        filter: str = "",  # noqa: A002 -- the contract's name
        order_by: str = "",
        page_size: int = 0,
        timeout: float | None = None,
    ) -> AsyncIterator[Lead]:
        """Go through leads; see `Client.list_leads`."""
        request = ListLeadsRequest(filter=filter, order_by=order_by, page_size=page_size)
        async for page in self._pages(self._leads.ListLeads, request, timeout):
            for lead in page.leads:
                yield lead

    async def update_lead(
        self,
        lead: Lead,
        update_mask: Collection[str] | None = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Lead:
        """Change a lead; see `Client.update_lead`."""
        return await self._call(
            self._leads.UpdateLead, requests.update_lead(lead, update_mask, idempotency_key), timeout
        )

    async def delete_lead(
        self, name: str, *, etag: str = "", idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a lead with its events and scores; see `Client.delete_lead`."""
        await self._call(self._leads.DeleteLead, requests.delete_lead(name, etag, idempotency_key), timeout)

    async def import_leads(
        self,
        rows: Iterable[ImportableRow],
        *,
        duplicate_policy: DuplicatePolicy.ValueType = DUPLICATE_POLICY_SKIP,
        idempotency_key: str | None = None,
        progress: ImportProgress | None = None,
        timeout: float = STREAM_TIMEOUT,
    ) -> ImportResult:
        """Import any number of leads; rows are drawn on the event loop; see `Client.import_leads`."""
        result = ImportResult(idempotency_key or new_idempotency_key())
        for stream in import_streams(rows, result.idempotency_key, duplicate_policy):
            result.add(await self._send_import(stream, timeout))
            if progress is not None:
                progress(result)
        return result

    async def _send_import(self, stream: list[bytes], timeout: float) -> ImportLeadsResponse:
        resumption = Resumption(MOST_FAILURES)
        hesitation = 0.0

        async def batches() -> AsyncIterator[bytes]:
            await asyncio.sleep(hesitation)
            for batch in stream:
                yield batch

        while True:
            metadata: Metadata = ()
            try:
                metadata = await self._metadata()
                return await self._import(batches(), timeout=timeout, metadata=metadata)
            except (grpc.aio.AioRpcError, LeadlineError) as failure:
                error = error_from_call(failure)
            hesitation = hesitation_after(error)
            await asyncio.sleep(resumption.wait_after(error, renewable=self._is_renewable(error, metadata)))

    async def record_events(
        self, events: Iterable[Event], *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> RecordEventsResult:
        """Record what leads did; see `Client.record_events`."""
        result = RecordEventsResult(idempotency_key or new_idempotency_key())
        for request in record_events_requests(events, result.idempotency_key):
            result.add(await self._call(self._integration.RecordEvents, request, timeout))
        return result

    async def score_lead(self, name: str, *, omit_attributions: bool = False, timeout: float | None = None) -> Score:
        """Score a stored lead as it now is, and say why; see `Client.score_lead`."""
        request = ScoreLeadRequest(name=name, omit_attributions=omit_attributions)
        return await self._call(self._scoring.ScoreLead, request, timeout)

    async def score_inline_lead(
        self, lead: Lead | Mapping[str, object], *, omit_attributions: bool = False, timeout: float | None = None
    ) -> Score:
        """Score a lead that is not stored; see `Client.score_inline_lead`."""
        request = requests.score_inline_lead(lead, omit_attributions=omit_attributions)
        return await self._call(self._scoring.ScoreInlineLead, request, timeout)

    async def batch_score_leads(
        self, names: Iterable[str], *, omit_attributions: bool = False, timeout: float | None = None
    ) -> AsyncIterator[ScoredLead]:
        """Score any number of stored leads; see `Client.batch_score_leads`."""
        for request in batch_score_requests(names, omit_attributions=omit_attributions):
            response = await self._call(self._scoring.BatchScoreLeads, request, timeout)
            for scored in scored_leads(request.names, response):
                yield scored

    async def suggest_changes(
        self, name: str, actionable_fields: Collection[str] = (), *, timeout: float | None = None
    ) -> SuggestChangesResponse:
        """Give the smallest changes that would raise a stored lead's score; see `Client.suggest_changes`."""
        request = SuggestChangesRequest(name=name, actionable_fields=actionable_fields)
        return await self._call(self._scoring.SuggestChanges, request, timeout)

    async def watch_scores(
        self,
        names: Collection[str] = (),
        *,
        filter: str = "",  # noqa: A002 - the name in the contract
        snapshot: bool = False,
        resume_token: str = "",
        most_failures: int = 10,
    ) -> AsyncIterator[ScoreUpdate]:
        """Hear of each new score as it is stored, without an end; see `Client.watch_scores`."""
        watch = ScoreWatch(names, resume_token, most_failures, filter, snapshot=snapshot)
        async for update in self._watch(self._scoring.WatchScores, watch):
            yield update

    async def train_model(
        self,
        *,
        excluded_fields: Collection[str] = (),
        kept_fields: Collection[str] = (),
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> AsyncOperation[Model]:
        """Start the training of a model, and give a handle to wait with; see `Client.train_model`."""
        request = requests.train_model(excluded_fields, kept_fields, idempotency_key)
        return self._handle(await self._call(self._scoring.TrainModel, request, timeout))

    async def rescore_leads(
        self, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> AsyncOperation[RescoreLeadsResponse]:
        """Start to score every open lead anew, and give a handle to wait with; see `Client.rescore_leads`."""
        request = requests.rescore_leads(idempotency_key)
        return self._handle(await self._call(self._scoring.RescoreLeads, request, timeout))

    async def override_score(
        self, name: str, value: int, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Score:
        """Set a lead's score by hand; see `Client.override_score`."""
        request = requests.override_score(name, value, idempotency_key)
        return await self._call(self._scoring.OverrideScore, request, timeout)

    async def clear_score_override(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Score:
        """Leave a lead's score to be computed again; see `Client.clear_score_override`."""
        request = requests.clear_score_override(name, idempotency_key)
        return await self._call(self._scoring.ClearScoreOverride, request, timeout)

    async def replay_score(self, name: str, *, timeout: float | None = None) -> ReplayScoreResponse:
        """Compute a stored score once more; see `Client.replay_score`."""
        return await self._call(self._scoring.ReplayScore, ReplayScoreRequest(name=name), timeout)

    async def get_model(self, name: str, *, timeout: float | None = None) -> Model:
        """Give a model with its evaluation; see `Client.get_model`."""
        return await self._call(self._scoring.GetModel, GetModelRequest(name=name), timeout)

    async def list_models(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncIterator[Model]:
        """Go through the models, the newest first; see `Client.list_models`."""
        async for page in self._pages(self._scoring.ListModels, ListModelsRequest(page_size=page_size), timeout):
            for model in page.models:
                yield model

    async def get_model_plots(self, name: str, *, timeout: float | None = None) -> list[Plot]:
        """Give the pictures of a model's evaluation; see `Client.get_model_plots`."""
        response = await self._call(self._scoring.GetModelPlots, GetModelPlotsRequest(name=name), timeout)
        return list(response.plots)

    async def promote_model(
        self,
        name: str,
        *,
        override_gate: bool = False,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Model:
        """Make a model champion; see `Client.promote_model`."""
        request = requests.promote_model(name, idempotency_key, override_gate=override_gate)
        return await self._call(self._scoring.PromoteModel, request, timeout)

    async def roll_back_model(
        self, name: str = "", *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Model:
        """Make an earlier champion champion again; see `Client.roll_back_model`."""
        return await self._call(self._scoring.RollBackModel, requests.roll_back_model(name, idempotency_key), timeout)

    async def delete_model(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a model with its files; see `Client.delete_model`."""
        await self._call(self._scoring.DeleteModel, requests.delete_model(name, idempotency_key), timeout)
