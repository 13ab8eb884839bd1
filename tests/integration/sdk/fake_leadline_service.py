"""A small Leadline that keeps all in memory and fails on demand, served over real gRPC."""

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import grpc
from google.longrunning import operations_pb2
from google.protobuf import any_pb2, empty_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from leadline.v1 import (
    authentication_service_pb2_grpc,
    identity_service_pb2_grpc,
    integration_service_pb2_grpc,
    lead_service_pb2_grpc,
    operation_service_pb2_grpc,
    rule_service_pb2_grpc,
    scoring_service_pb2_grpc,
)
from leadline.v1 import (
    integration_service_pb2 as integration,
)
from leadline.v1 import lead_service_pb2 as leads
from leadline.v1 import operation_service_pb2 as operations
from leadline.v1 import scoring_service_pb2 as scoring
from leadline.v1.event_pb2 import Event
from leadline.v1.lead_pb2 import LEAD_STATUS_OPEN, Lead
from leadline.v1.model_pb2 import (
    ALGORITHM_GRADIENT_BOOSTED_TREES,
    EXCLUSION_KIND_LEAKAGE,
    EXCLUSION_KIND_UNINFORMATIVE,
    MODEL_STATE_CHAMPION,
    PLOT_KIND_ROC,
    CandidateEvaluation,
    Evaluation,
    ExcludedField,
    FeatureImportance,
    GradeBand,
    Model,
    Plot,
    PromotionGate,
)
from leadline.v1.operation_pb2 import OperationMetadata
from leadline.v1.score_pb2 import Attribution, AttributionGroup, Grade, Score, ScoreBasis

from tests.integration.sdk.fake_contract_service import FakeOtherServices
from tests.integration.sdk.fake_identity_service import FakeAuthenticationService, FakeIdentityService
from tests.integration.sdk.fake_rule_service import FakeRuleService

MODEL = Model(
    name="models/00000000-0000-7000-8000-0000000000aa",
    version=1,
    state=MODEL_STATE_CHAMPION,
    algorithm=ALGORITHM_GRADIENT_BOOSTED_TREES,
    grade_bands=[
        GradeBand(
            grade="A",
            lowest_probability=0.6,
            conversion_rate=0.7,
            conversion_rate_low=0.521,
            conversion_rate_high=0.833,
            count=30,
        )
    ],
    evaluation=Evaluation(
        training_count=80,
        holdout_count=20,
        holdout_conversion_rate=0.4,
        auc=0.87,
        log_loss=0.42,
        candidates=[CandidateEvaluation(algorithm=ALGORITHM_GRADIENT_BOOSTED_TREES, auc=0.87, log_loss=0.42)],
    ),
    feature_importances=[FeatureImportance(feature="Lead Source", mean_absolute_log_odds=0.5)],
    excluded_fields=[
        ExcludedField(field="Magazine", reason="constant", kind=EXCLUSION_KIND_UNINFORMATIVE),
        ExcludedField(field="Stage", reason="implausibly strong", kind=EXCLUSION_KIND_LEAKAGE),
    ],
    promotion_gate=PromotionGate(passed=True, reason="the first model"),
)
OPERATION = "operations/00000000-0000-7000-8000-0000000000bb"


def lead_name(number: int) -> str:
    """Give the name of the lead that was created as this one, from 0."""
    return f"leads/00000000-0000-7000-8000-{number:012d}"


def status(code: grpc.StatusCode, message: str, reason: str = "", *details: Any, **metadata: str) -> status_pb2.Status:
    """Give a status as Leadline gives it."""
    packed = []
    for detail in (
        *([error_details_pb2.ErrorInfo(reason=reason, domain="leadline.dev", metadata=metadata)] if reason else []),
        *details,
    ):
        box = any_pb2.Any()
        box.Pack(detail)
        packed.append(box)
    return status_pb2.Status(code=code.value[0], message=message, details=packed)


def violation(field: str, description: str) -> error_details_pb2.BadRequest:
    """Give a detail that names a field which breaks a rule."""
    return error_details_pb2.BadRequest(
        field_violations=[error_details_pb2.BadRequest.FieldViolation(field=field, description=description)]
    )


TOKEN_EXPIRED = status(grpc.StatusCode.UNAUTHENTICATED, "its time is over", "TOKEN_EXPIRED")
RESUME_TOKEN_EXPIRED = status(grpc.StatusCode.OUT_OF_RANGE, "not kept any more", "RESUME_TOKEN_EXPIRED")


@dataclass(frozen=True, slots=True)
class Fault:
    """How a call fails.

    Attributes:
        status: what it ends with; None for a call that is never answered.
        after: messages of a stream that are handled before; for CreateLead, 1 to store the lead and lose the answer.
        pushback_milliseconds: what the server asks gRPC to wait before it retries, less than 0 not to retry;
            None to ask for nothing.
    """

    status: status_pb2.Status | None
    after: int = 0
    pushback_milliseconds: int | None = None


def _token(metadata: Mapping[str, object]) -> str:
    return str(metadata.get("authorization", "")).removeprefix("Bearer ")


class FakeLeadline(
    lead_service_pb2_grpc.LeadServiceServicer,
    scoring_service_pb2_grpc.ScoringServiceServicer,
    integration_service_pb2_grpc.IntegrationServiceServicer,
    operation_service_pb2_grpc.OperationServiceServicer,
):
    """All services, with what they hold open to the tests.

    Args:
        port: where to listen on the loopback; 0 for any port that is free.

    Attributes:
        address: where it listens.
        requests: the requests of each rpc, in order of arrival.
        metadata: the metadata of each rpc's latest call.
        seconds_left: how long each rpc's latest call may take, as its caller said; None if it did not say.
        faults: the faults of each rpc's next calls.
        expired_tokens: the bearer tokens whose time is over.
        leads: the stored leads.
        pages: what ListLeads gives, page by page, in place of the stored leads; None to give these.
        rules: the rule service.
        others: what a lead did, the audit log, notifications and workflows.
        authentication: what lets people and programs in; other services take any token.
        changes: what a watch tells; the resume token is how many were told.
        first_kept_change: the changes before are not kept any more.
        steps: how often an operation is asked for until it is done.
    """

    def __init__(self, port: int = 0) -> None:
        self.address = ""
        self._port = port
        self.requests: defaultdict[str, list[Any]] = defaultdict(list)
        self.metadata: dict[str, dict[str, Any]] = {}
        self.seconds_left: dict[str, float | None] = {}
        self.faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.expired_tokens: set[str] = set()
        self.leads: list[Lead] = []
        self.pages: list[list[Lead]] | None = None
        self.events: list[str] = []
        self.changes: list[scoring.ScoreChange] = []
        self.first_kept_change = 0
        self.rules = FakeRuleService()
        self.others = FakeOtherServices(self._enter, self._fail)  # type: ignore[abstract]
        self.authentication = FakeAuthenticationService()  # type: ignore[abstract]
        self.steps = 3
        self.operation_error: status_pb2.Status | None = None
        self.operation_result: Message = MODEL
        self._created: dict[str, Lead] = {}
        self._imported: dict[tuple[str, int], leads.ImportLeadsResponse] = {}
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> Self:
        """Start to serve."""
        self._thread.start()
        self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> None:
        server = grpc.aio.server()
        lead_service_pb2_grpc.add_LeadServiceServicer_to_server(self, server)
        scoring_service_pb2_grpc.add_ScoringServiceServicer_to_server(self, server)
        integration_service_pb2_grpc.add_IntegrationServiceServicer_to_server(self, server)
        operation_service_pb2_grpc.add_OperationServiceServicer_to_server(self, server)
        rule_service_pb2_grpc.add_RuleServiceServicer_to_server(self.rules, server)
        authentication_service_pb2_grpc.add_AuthenticationServiceServicer_to_server(self.authentication, server)
        self.others.add_to(server)
        identity = FakeIdentityService(self.authentication)  # type: ignore[abstract]
        identity_service_pb2_grpc.add_IdentityServiceServicer_to_server(identity, server)
        self.address = f"127.0.0.1:{server.add_insecure_port(f'127.0.0.1:{self._port}')}"
        await server.start()
        self._started.set()
        await self._stop.wait()
        await server.stop(None)

    def fail(self, rpc: str, failure: status_pb2.Status, **settings: Any) -> None:
        """Let the rpc's next call that has no fault yet fail."""
        self.faults[rpc].append(Fault(failure, **settings))

    def hang(self, rpc: str) -> None:
        """Let the rpc's next call that has no fault yet wait for an answer in vain."""
        self.faults[rpc].append(Fault(None))

    async def _enter(self, rpc: str, request: Any, context: Any) -> Fault | None:
        """Keep account of a call; end it if its fault comes before the first message."""
        self.requests[rpc].append(request)
        self.metadata[rpc] = dict(context.invocation_metadata())
        self.seconds_left[rpc] = context.time_remaining()
        if _token(self.metadata[rpc]) in self.expired_tokens:
            await self._fail(Fault(TOKEN_EXPIRED), context)
        fault = self.faults[rpc].popleft() if self.faults[rpc] else None
        if fault is not None and not fault.after:
            await self._fail(fault, context)
        return fault

    async def _fail(self, fault: Fault, context: Any) -> None:
        if fault.status is None:
            await self._stop.wait()
            return
        if fault.status == TOKEN_EXPIRED:
            self.expired_tokens.add(_token(dict(context.invocation_metadata())))
        answer = rpc_status.to_status(fault.status)
        metadata = tuple(answer.trailing_metadata)
        if fault.pushback_milliseconds is not None:
            metadata += (("grpc-retry-pushback-ms", str(fault.pushback_milliseconds)),)
        await context.abort(answer.code, answer.details, metadata)

    # Leads

    def _store(self, lead: Lead) -> Lead:
        stored = Lead()
        stored.CopyFrom(lead)
        stored.name = lead_name(len(self.leads))
        stored.status = stored.status or LEAD_STATUS_OPEN
        self.leads.append(stored)
        return stored

    async def CreateLead(self, request: leads.CreateLeadRequest, context: Any) -> Lead:
        fault = await self._enter("CreateLead", request, context)
        if request.idempotency_key not in self._created:
            self._created[request.idempotency_key] = self._store(request.lead)
        if fault is not None:
            await self._fail(fault, context)
        return self._created[request.idempotency_key]

    async def BatchCreateLeads(self, request: Any, context: Any) -> leads.BatchCreateLeadsResponse:
        await self._enter("BatchCreateLeads", request, context)
        return leads.BatchCreateLeadsResponse(leads=[self._store(lead) for lead in request.leads])

    async def GetLead(self, request: leads.GetLeadRequest, context: Any) -> Lead:
        await self._enter("GetLead", request, context)
        for lead in self.leads:
            if lead.name == request.name:
                return lead
        missing = status(grpc.StatusCode.NOT_FOUND, "no such lead", "LEAD_NOT_FOUND", name=request.name)
        await context.abort_with_status(rpc_status.to_status(missing))
        raise AssertionError

    async def UpdateLead(self, request: leads.UpdateLeadRequest, context: Any) -> Lead:
        await self._enter("UpdateLead", request, context)
        return request.lead

    async def DeleteLead(self, request: leads.DeleteLeadRequest, context: Any) -> empty_pb2.Empty:
        await self._enter("DeleteLead", request, context)
        self.leads = [lead for lead in self.leads if lead.name != request.name]
        return empty_pb2.Empty()

    async def ListLeads(self, request: leads.ListLeadsRequest, context: Any) -> leads.ListLeadsResponse:
        snapshot = leads.ListLeadsRequest()
        snapshot.CopyFrom(request)
        await self._enter("ListLeads", snapshot, context)
        if self.pages is not None:
            place = int(request.page_token or 0)
            token = str(place + 1) if place + 1 < len(self.pages) else ""
            return leads.ListLeadsResponse(leads=self.pages[place], next_page_token=token)
        found = self.leads
        if request.filter.startswith("external_id = "):
            wanted = request.filter.removeprefix("external_id = ").strip('"')
            found = [lead for lead in found if lead.external_id == wanted]
        elif request.filter == "status = OPEN":
            found = [lead for lead in found if lead.status == LEAD_STATUS_OPEN]
        start, size = int(request.page_token or 0), request.page_size or 50
        more = start + size < len(found)
        return leads.ListLeadsResponse(
            leads=found[start : start + size], next_page_token=str(start + size) if more else ""
        )

    async def ImportLeads(
        self, messages: AsyncIterator[leads.ImportLeadsRequest], context: Any
    ) -> leads.ImportLeadsResponse:
        received: list[leads.ImportLeadsRequest] = []
        fault = await self._enter("ImportLeads", received, context)
        response = leads.ImportLeadsResponse()
        async for message in messages:
            received.append(message)
            key = (message.idempotency_key, message.sequence_number)
            if key not in self._imported:
                self._imported[key] = self._import(message)
            stored = self._imported[key]
            response.created_count += stored.created_count
            response.duplicate_count += stored.duplicate_count
            response.refused_count += stored.refused_count
            response.refused_rows.extend(stored.refused_rows)
            if fault is not None and len(received) == fault.after:
                await self._fail(fault, context)
        return response

    def _import(self, message: leads.ImportLeadsRequest) -> leads.ImportLeadsResponse:
        answer = leads.ImportLeadsResponse()
        known = {lead.external_id for lead in self.leads if lead.external_id}
        for row in message.rows:
            if row.lead.email and "@" not in row.lead.email:
                answer.refused_count += 1
                refused = answer.refused_rows.add(line_number=row.line_number)
                refused.status.CopyFrom(
                    status(
                        grpc.StatusCode.INVALID_ARGUMENT,
                        "a field breaks a rule",
                        "INVALID_REQUEST",
                        violation("lead.email", "must be an e-mail address"),
                    )
                )
            elif row.lead.external_id in known:
                answer.duplicate_count += 1
            else:
                answer.created_count += 1
                self._store(row.lead)
                known.update(filter(None, [row.lead.external_id]))
        return answer

    # Events

    def _take(self, event: Event) -> tuple[integration.EventOutcome.ValueType, status_pb2.Status | None]:
        if event.event_id in self.events:
            return integration.EVENT_OUTCOME_DUPLICATE, None
        if event.lead_external_id == "nobody":
            missing = status(grpc.StatusCode.NOT_FOUND, "no such lead", "LEAD_NOT_FOUND", name="nobody")
            return integration.EVENT_OUTCOME_REFUSED, missing
        self.events.append(event.event_id)
        return integration.EVENT_OUTCOME_RECORDED, None

    async def RecordEvents(self, request: Any, context: Any) -> integration.RecordEventsResponse:
        await self._enter("RecordEvents", request, context)
        response = integration.RecordEventsResponse()
        for index, event in enumerate(request.events):
            outcome, refusal = self._take(event)
            response.recorded_count += outcome == integration.EVENT_OUTCOME_RECORDED
            response.duplicate_count += outcome == integration.EVENT_OUTCOME_DUPLICATE
            if refusal is not None:
                response.refused_events.add(event_id=event.event_id, index=index, status=refusal)
        return response

    async def StreamEvents(self, messages: Any, context: Any) -> integration.StreamEventsResponse:
        received = [message async for message in messages]
        await self._enter("StreamEvents", received, context)
        return integration.StreamEventsResponse(recorded_count=sum(len(message.events) for message in received))

    async def PublishEvents(self, messages: Any, context: Any) -> AsyncIterator[integration.PublishEventsResponse]:
        received: list[integration.PublishEventsRequest] = []
        fault = await self._enter("PublishEvents", received, context)
        async for message in messages:
            received.append(message)
            response = integration.PublishEventsResponse(sequence_number=message.sequence_number)
            for event in message.events:
                outcome, refusal = self._take(event)
                response.acknowledgements.add(event_id=event.event_id, outcome=outcome, status=refusal)
            if fault is not None and len(received) == fault.after:
                await self._fail(fault, context)
            yield response

    # Scores

    async def ScoreLead(self, request: scoring.ScoreLeadRequest, context: Any) -> Score:
        await self._enter("ScoreLead", request, context)
        return self._score(request.name, explained=not request.omit_attributions)

    async def ScoreInlineLead(self, request: scoring.ScoreInlineLeadRequest, context: Any) -> Score:
        await self._enter("ScoreInlineLead", request, context)
        return self._score("", explained=not request.omit_attributions)

    def _score(self, name: str, *, explained: bool) -> Score:
        score = Score(
            lead=name,
            probability=0.731,
            log_odds=1.0,
            base_log_odds=-0.5,
            value=73,
            model=MODEL.name,
            grade=Grade.GRADE_B,
            basis=ScoreBasis.SCORE_BASIS_MODEL,
            evidence_count=5254,
            probability_low=0.641,
            probability_high=0.808,
        )
        if explained:
            score.attributions.extend(
                [
                    Attribution(
                        feature="Lead Source",
                        observed="Google",
                        log_odds=2.0,
                        group=AttributionGroup.ATTRIBUTION_GROUP_FIT,
                        reason="Lead Source is Google: 40 % convert, 38 % overall",
                        conversion_rate=0.4,
                    ),
                    Attribution(
                        feature="events.page_view.count",
                        observed="0",
                        log_odds=-0.5,
                        group=AttributionGroup.ATTRIBUTION_GROUP_ENGAGEMENT,
                        reason="Never viewed a page",
                    ),
                ]
            )
        return score

    async def BatchScoreLeads(self, request: Any, context: Any) -> scoring.BatchScoreLeadsResponse:
        await self._enter("BatchScoreLeads", request, context)
        known = {lead.name for lead in self.leads}
        response = scoring.BatchScoreLeadsResponse()
        for name in request.names:
            if name in known:
                response.results.add(score=self._score(name, explained=not request.omit_attributions))
            else:
                missing = status(grpc.StatusCode.NOT_FOUND, "no such lead", "LEAD_NOT_FOUND", name=name)
                response.results.add(status=missing)
        return response

    async def WatchScores(
        self, request: scoring.WatchScoresRequest, context: Any
    ) -> AsyncIterator[scoring.WatchScoresResponse]:
        fault = await self._enter("WatchScores", request, context)
        start = int(request.resume_token or 0)
        is_expired = bool(request.resume_token) and start < self.first_kept_change
        if is_expired and not request.snapshot:
            await self._fail(Fault(RESUME_TOKEN_EXPIRED), context)
        start = max(start, self.first_kept_change)
        if request.snapshot and (is_expired or not request.resume_token):
            for lead in self.leads:
                yield scoring.WatchScoresResponse(snapshot_score=self._score(lead.name, explained=False))
            end = scoring.SnapshotEnd(score_count=len(self.leads))
            yield scoring.WatchScoresResponse(resume_token=str(start), snapshot_end=end)
        yield scoring.WatchScoresResponse(resume_token=str(start), heartbeat=scoring.Heartbeat())
        for told, change in enumerate(self.changes[start:], start=1):
            yield scoring.WatchScoresResponse(resume_token=str(start + told), score_change=change)
            if fault is not None and told == fault.after:
                await self._fail(fault, context)
        if fault is not None:
            yield scoring.WatchScoresResponse(resume_token="", status=fault.status)

    # Models and operations

    async def TrainModel(self, request: scoring.TrainModelRequest, context: Any) -> operations_pb2.Operation:
        await self._enter("TrainModel", request, context)
        return self._operation()

    async def RescoreLeads(self, request: scoring.RescoreLeadsRequest, context: Any) -> operations_pb2.Operation:
        await self._enter("RescoreLeads", request, context)
        self.operation_result = scoring.RescoreLeadsResponse(scored_count=len(self.leads))
        return self._operation()

    async def SuggestChanges(
        self, request: scoring.SuggestChangesRequest, context: Any
    ) -> scoring.SuggestChangesResponse:
        await self._enter("SuggestChanges", request, context)
        change = scoring.FieldChange(field="events.page_view.count", observed="2", proposed="4")
        score = self._score(request.name, explained=False)
        score.grade = Grade.GRADE_A
        return scoring.SuggestChangesResponse(
            current=self._score(request.name, explained=True),
            suggestions=[scoring.Suggestion(changes=[change], score=score)],
        )

    async def OverrideScore(self, request: scoring.OverrideScoreRequest, context: Any) -> Score:
        await self._enter("OverrideScore", request, context)
        score = self._score(request.name, explained=True)
        score.override.value = score.value = request.value
        return score

    async def ClearScoreOverride(self, request: scoring.ClearScoreOverrideRequest, context: Any) -> Score:
        await self._enter("ClearScoreOverride", request, context)
        return self._score(request.name, explained=True)

    async def ReplayScore(self, request: scoring.ReplayScoreRequest, context: Any) -> scoring.ReplayScoreResponse:
        await self._enter("ReplayScore", request, context)
        score = self._score(self.leads[0].name, explained=False)
        score.name = request.name
        return scoring.ReplayScoreResponse(stored=score, replayed=score, identical=True)

    def _operation(self) -> operations_pb2.Operation:
        asked = len(self.requests["WaitOperation"])
        metadata = OperationMetadata(
            method="TrainModel", stage=f"step {asked}", progress_percent=min(100, 100 * asked // self.steps)
        )
        operation = operations_pb2.Operation(name=OPERATION, done=asked >= self.steps)
        operation.metadata.Pack(metadata)
        if operation.done and self.operation_error is not None:
            operation.error.CopyFrom(self.operation_error)
        elif operation.done:
            operation.response.Pack(self.operation_result)
        return operation

    async def GetOperation(self, request: operations.GetOperationRequest, context: Any) -> operations_pb2.Operation:
        await self._enter("GetOperation", request, context)
        return self._operation()

    async def ListOperations(self, request: Any, context: Any) -> operations.ListOperationsResponse:
        await self._enter("ListOperations", request, context)
        return operations.ListOperationsResponse(operations=[self._operation()])

    async def WaitOperation(self, request: operations.WaitOperationRequest, context: Any) -> operations_pb2.Operation:
        await self._enter("WaitOperation", request, context)
        return self._operation()

    async def CancelOperation(self, request: Any, context: Any) -> operations_pb2.Operation:
        await self._enter("CancelOperation", request, context)
        self.operation_error = status(grpc.StatusCode.ABORTED, "cancelled", "OPERATION_CANCELLED")
        return self._operation()

    async def GetModel(self, request: scoring.GetModelRequest, context: Any) -> Model:
        await self._enter("GetModel", request, context)
        return MODEL

    async def GetModelPlots(self, request: scoring.GetModelPlotsRequest, context: Any) -> scoring.ModelPlots:
        await self._enter("GetModelPlots", request, context)
        return scoring.ModelPlots(plots=[Plot(kind=PLOT_KIND_ROC, png=b"picture")])

    async def PromoteModel(self, request: scoring.PromoteModelRequest, context: Any) -> Model:
        await self._enter("PromoteModel", request, context)
        return MODEL

    async def RollBackModel(self, request: scoring.RollBackModelRequest, context: Any) -> Model:
        await self._enter("RollBackModel", request, context)
        return MODEL

    async def DeleteModel(self, request: scoring.DeleteModelRequest, context: Any) -> empty_pb2.Empty:
        await self._enter("DeleteModel", request, context)
        return empty_pb2.Empty()

    async def ListModels(self, request: scoring.ListModelsRequest, context: Any) -> scoring.ListModelsResponse:
        await self._enter("ListModels", request, context)
        return scoring.ListModelsResponse(models=[MODEL])
