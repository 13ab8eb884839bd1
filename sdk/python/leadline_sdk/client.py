"""The synchronous client."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from leadline.v1.lead_pb2 import Lead
from leadline.v1.model_pb2 import Model
from leadline.v1.score_pb2 import Score
from leadline.v1.scoring_service_pb2 import (
    ReplayScoreRequest,
    ReplayScoreResponse,
    RescoreLeadsResponse,
    ScoreLeadRequest,
    SuggestChangesRequest,
    SuggestChangesResponse,
)

from leadline_sdk import requests
from leadline_sdk.account_calls import AccountCalls
from leadline_sdk.audit_calls import AuditCalls
from leadline_sdk.channel import ClientInterceptor, Connection, TokenSource
from leadline_sdk.credential_calls import CredentialCalls
from leadline_sdk.crm_queue_calls import CrmQueueCalls
from leadline_sdk.dead_letter_calls import DeadLetterCalls
from leadline_sdk.encryption_key_calls import EncryptionKeyCalls
from leadline_sdk.experiment_calls import ExperimentCalls
from leadline_sdk.identity_calls import IdentityCalls
from leadline_sdk.lead_calls import LeadCalls
from leadline_sdk.lead_history_calls import LeadHistoryCalls
from leadline_sdk.model_calls import ModelCalls
from leadline_sdk.monitoring_calls import MonitoringCalls
from leadline_sdk.notification_calls import NotificationCalls
from leadline_sdk.operations import Operation
from leadline_sdk.organization_calls import OrganizationCalls
from leadline_sdk.publish_calls import PublishCalls
from leadline_sdk.rule_calls import RuleCalls
from leadline_sdk.scoring import ScoredLead, batch_score_requests, scored_leads
from leadline_sdk.tracking_calls import TrackingCalls
from leadline_sdk.watching import ScoreUpdate, ScoreWatch
from leadline_sdk.workflow_calls import WorkflowCalls


class Client(
    LeadCalls,
    PublishCalls,
    LeadHistoryCalls,
    ModelCalls,
    ExperimentCalls,
    MonitoringCalls,
    RuleCalls,
    WorkflowCalls,
    NotificationCalls,
    CrmQueueCalls,
    DeadLetterCalls,
    AuditCalls,
    IdentityCalls,
    AccountCalls,
    OrganizationCalls,
    CredentialCalls,
    TrackingCalls,
    EncryptionKeyCalls,
):
    """A connection to Leadline for ordinary code. It may be used by several threads; use it as a context manager.

    Every call has a deadline, its retries included. Calls without side effects and mutations (each carries an
    idempotency key, minted once a call) are repeated where Leadline can't be reached for a moment. Every method raises
    `LeadlineError` or one of its subclasses; `leadline_sdk.errors` tells which.

    Every call takes a `timeout` in seconds, and every mutation an `idempotency_key`: give one of your own to be able to
    repeat the call safely even after your process died.

    Args:
        address: `host:port` of Leadline.
        token: the bearer token, or a function that gives the one to use now.
        api_key: an API key in place of a token. It is exchanged for an access token before the first call, and again
            before that ends; no other call carries it. With neither, only `log_in` and what follows it work.
        tls: False for plain text, for example to a Leadline on this machine.
        root_certificates: PEM of the authorities to trust; None for the usual ones.
        timeout: seconds that a call may take which names no other.
        user_agent: name and version of your program, for example `acme-crm/2.1`.
        interceptors: interceptors of gRPC that see each call, for traces, metrics and logs.

    Raises:
        ValueError: both a token and an API key are given.
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
        interceptors: Sequence[ClientInterceptor] = (),
    ) -> None:
        super().__init__(Connection(address, token, tls, root_certificates, timeout, user_agent, api_key, interceptors))

    def score_lead(self, name: str, *, omit_attributions: bool = False, timeout: float | None = None) -> Score:
        """Score a stored lead as it now is, and say why. Nothing is stored.

        Args:
            name: `leads/{lead}`.
            omit_attributions: True for the score alone.
            timeout: see the class.

        Until there is a model, the score rests on the tenant's outcomes alone; `basis` tells.

        Raises:
            NotFound: there is no such lead.
        """
        request = ScoreLeadRequest(name=name, omit_attributions=omit_attributions)
        return self._call(self._scoring.ScoreLead, request, timeout)

    def score_inline_lead(
        self, lead: Lead | Mapping[str, object], *, omit_attributions: bool = False, timeout: float | None = None
    ) -> Score:
        """Score a lead that is not stored.

        Args:
            lead: a `Lead`, or its custom fields as Python values: `{"Lead Source": "Google", "TotalVisits": 4}`.
            omit_attributions: True for the score alone.
            timeout: see the class.

        Raises:
            ValueError: a value can't be held by a field.
            TypeError: a value's type has no counterpart among the kinds of fields.
        """
        request = requests.score_inline_lead(lead, omit_attributions=omit_attributions)
        return self._call(self._scoring.ScoreInlineLead, request, timeout)

    def batch_score_leads(
        self, names: Iterable[str], *, omit_attributions: bool = False, timeout: float | None = None
    ) -> Iterator[ScoredLead]:
        """Score any number of stored leads and give the results one by one, in the order of the names.

        A lead that can't be scored has an error in its result; it stops nothing.
        """
        for request in batch_score_requests(names, omit_attributions=omit_attributions):
            yield from scored_leads(request.names, self._call(self._scoring.BatchScoreLeads, request, timeout))

    def suggest_changes(
        self, name: str, actionable_fields: Collection[str] = (), *, timeout: float | None = None
    ) -> SuggestChangesResponse:
        """Give the smallest changes that would raise a stored lead to the next grade, or by 10 points at the top.

        Each is verified by scoring the lead with these changes. Nothing is stored.

        Args:
            name: `leads/{lead}`.
            actionable_fields: the only fields that can be changed: custom fields, or `events.<type>.count` for events
                that could happen. Empty for events, and answers that are missing.
            timeout: see the class.

        Returns:
            The score as it is, and at most 5 suggestions, the smallest first; none if no change does.

        Raises:
            NotFound: there is no such lead.
            FailedPrecondition: there is no model yet.
        """
        request = SuggestChangesRequest(name=name, actionable_fields=actionable_fields)
        return self._call(self._scoring.SuggestChanges, request, timeout)

    def watch_scores(
        self,
        names: Collection[str] = (),
        *,
        filter: str = "",  # noqa: A002 - the name in the contract
        snapshot: bool = False,
        resume_token: str = "",
        most_failures: int = 10,
    ) -> Iterator[ScoreUpdate]:
        """Hear of each new score as it is stored, without an end; break out of the loop to stop.

        Goes on by itself where a connection is lost, without a gap and without a repetition.

        Args:
            names: only these leads, up to 1,000; empty for all.
            filter: only scores that pass it or did before, such as `grade = A AND owner = "kim" AND score >= 70`.
            snapshot: True to get the stored scores first, as they are, and where the resume token has expired.
            resume_token: of the last update that you handled, to go on after it; empty to start from now.
            most_failures: streams that may fail in a row before the error is raised.

        Raises:
            InvalidRequest: the resume token is not one of this tenant and these names, or the filter can't be read.
            LeadlineError: with the reason RESUME_TOKEN_EXPIRED, what comes after the token is not kept any more.
        """
        watch = ScoreWatch(names, resume_token, most_failures, filter, snapshot=snapshot)
        return self._watch(self._scoring.WatchScores, watch)

    def train_model(
        self,
        *,
        excluded_fields: Collection[str] = (),
        kept_fields: Collection[str] = (),
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Operation[Model]:
        """Start the training of a model on the leads that have an outcome, and give a handle to wait with.

        Args:
            excluded_fields: custom fields that the model must not use.
            kept_fields: custom fields that it may use though they look as if they were filled in after the outcome;
                without that, such fields are left out, and `Model.excluded_fields` says why.
            idempotency_key: see the class.
            timeout: see the class; it is not the training's.
        """
        request = requests.train_model(excluded_fields, kept_fields, idempotency_key)
        return self._handle(self._call(self._scoring.TrainModel, request, timeout))

    def rescore_leads(
        self, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Operation[RescoreLeadsResponse]:
        """Start to score every open lead anew, and give a handle to wait with.

        Leadline keeps the scores of open leads fresh by itself; this is for whoever wants to have them all as of now.

        Args:
            idempotency_key: see the class.
            timeout: see the class; it is not the rescoring's.

        Raises:
            FailedPrecondition: there is no model yet.
        """
        return self._handle(self._call(self._scoring.RescoreLeads, requests.rescore_leads(idempotency_key), timeout))

    def override_score(
        self, name: str, value: int, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Score:
        """Set a lead's score by hand: it stands, whatever is computed, until `clear_score_override`.

        Args:
            name: the lead's resource name, `leads/{lead}`.
            value: the score, 0 to 100.
            idempotency_key: see the class.
            timeout: see the class.

        Returns:
            The score as it is now, with its reasons; `model_value` is what the model would say.

        Raises:
            NotFound: there is no such lead.
            InvalidRequest: the value is outside its range.
        """
        return self._call(self._scoring.OverrideScore, requests.override_score(name, value, idempotency_key), timeout)

    def clear_score_override(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Score:
        """Leave a lead's score to be computed again; no effect if nobody has set it.

        Args:
            name: the lead's resource name, `leads/{lead}`.
            idempotency_key: see the class.
            timeout: see the class.

        Returns:
            The score as it is now, with its reasons.

        Raises:
            NotFound: there is no such lead.
        """
        request = requests.clear_score_override(name, idempotency_key)
        return self._call(self._scoring.ClearScoreOverride, request, timeout)

    def replay_score(self, name: str, *, timeout: float | None = None) -> ReplayScoreResponse:
        """Compute a stored score once more, from the model and the feature vector that were kept with it.

        Args:
            name: the score's resource name, `scores/{score}`: the `name` of a lead's score or of one that was watched.
            timeout: see the class.

        Returns:
            The score as it was stored, as it comes now, and whether both have the same log-odds, bit for bit.

        Raises:
            NotFound: there is no such score, or its model is not served any more.
        """
        return self._call(self._scoring.ReplayScore, ReplayScoreRequest(name=name), timeout)
