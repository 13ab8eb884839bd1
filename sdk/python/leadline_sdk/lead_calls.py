"""The calls about leads and their events, of the synchronous client."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator

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

from leadline_sdk import requests
from leadline_sdk.batches import new_idempotency_key
from leadline_sdk.calling import Caller
from leadline_sdk.channel import IMPORT_METHOD, Connection, Metadata
from leadline_sdk.errors import LeadlineError, error_from_call
from leadline_sdk.importing import (
    MOST_FAILURES,
    STREAM_TIMEOUT,
    ImportableRow,
    ImportProgress,
    ImportResult,
    import_streams,
)
from leadline_sdk.recording import RecordEventsResult, record_events_requests
from leadline_sdk.resuming import Resumption


class LeadCalls(Caller):
    """What `Client` does with leads and events; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._leads = LeadServiceStub(self._channel)
        self._integration = IntegrationServiceStub(self._channel)
        self._import: grpc.StreamUnaryMultiCallable[bytes, ImportLeadsResponse] = self._channel.stream_unary(
            IMPORT_METHOD,
            request_serializer=None,  # batches are bytes already
            response_deserializer=ImportLeadsResponse.FromString,
        )

    def create_lead(self, lead: Lead, *, idempotency_key: str | None = None, timeout: float | None = None) -> Lead:
        """Create a lead and give it as it is stored, with its name.

        Args:
            lead: the lead; its `name`, `score`, `create_time`, `update_time` and `etag` are ignored.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            InvalidRequest: a field breaks a rule.
            AlreadyExists: another lead has this `external_id`.
        """
        return self._call(self._leads.CreateLead, requests.create_lead(lead, idempotency_key), timeout)

    def batch_create_leads(
        self, leads: Collection[Lead], *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> list[Lead]:
        """Create up to 1,000 leads, all or none, and give them in the same order.

        Raises:
            InvalidRequest: a field of one of them breaks a rule, or they are too many.
            AlreadyExists: another lead has one's `external_id`.
        """
        request = requests.batch_create_leads(leads, idempotency_key)
        return list(self._call(self._leads.BatchCreateLeads, request, timeout).leads)

    def get_lead(self, name: str, *, timeout: float | None = None) -> Lead:
        """Give a lead with its latest stored score (without attributions).

        Raises:
            NotFound: there is no such lead.
        """
        return self._call(self._leads.GetLead, GetLeadRequest(name=name), timeout)

    def list_leads(
        self,
        *,
        filter: str = "",  # noqa: A002 -- the contract's name
        order_by: str = "",
        page_size: int = 0,
        timeout: float | None = None,
    ) -> Iterator[Lead]:
        """Go through leads; the next page is fetched when it is needed.

        Args:
            filter: conditions such as `status = OPEN AND score >= 70`; empty for all leads.
            order_by: `score desc`, `create_time desc` or `create_time`; empty for the newest first.
            page_size: leads fetched at a time, up to 1,000; 0 for the service's choice.
            timeout: see the class; it is each page's.

        Raises:
            InvalidRequest: the filter or the order can't be read; `metadata["position"]` says where.
        """
        request = ListLeadsRequest(filter=filter, order_by=order_by, page_size=page_size)
        for page in self._pages(self._leads.ListLeads, request, timeout):
            yield from page.leads

    def update_lead(
        self,
        lead: Lead,
        update_mask: Collection[str] | None = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Lead:
        """Change a lead and give it as it then is.

        Args:
            lead: the lead with its name and the new values. With an `etag`, it is changed only if it still has it.
            update_mask: the fields to change, such as `["status", 'fields["Total Visits"]']`; one that `lead` lacks
                is emptied. None changes every field that is set and merges custom fields.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            NotFound: there is no such lead.
            Conflict: somebody changed it since.
            InvalidRequest: a field breaks a rule, or the mask names one that can't be changed.
        """
        return self._call(self._leads.UpdateLead, requests.update_lead(lead, update_mask, idempotency_key), timeout)

    def delete_lead(
        self, name: str, *, etag: str = "", idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a lead with its events and scores; with an etag, only if it still has it.

        Raises:
            NotFound: there is no such lead.
            Conflict: somebody changed it since.
        """
        self._call(self._leads.DeleteLead, requests.delete_lead(name, etag, idempotency_key), timeout)

    def import_leads(
        self,
        rows: Iterable[ImportableRow],
        *,
        duplicate_policy: DuplicatePolicy.ValueType = DUPLICATE_POLICY_SKIP,
        idempotency_key: str | None = None,
        progress: ImportProgress | None = None,
        timeout: float = STREAM_TIMEOUT,
    ) -> ImportResult:
        """Import any number of leads, in constant memory. A bad row is refused with the reason, the others are kept.

        What a lost connection cut off is sent again; nothing is stored twice.

        Args:
            rows: the leads, from a list, a generator or anything else that can be gone through once.
            duplicate_policy: what to do with a row whose `external_id` is stored already.
            idempotency_key: give one of your own to repeat this import safely after your process died: with the same
                rows in the same order, what is stored already is not stored again.
            progress: called each time that some more rows are stored.
            timeout: seconds that 10,000 rows may take.

        Raises:
            LeadlineError: the import could not go on; what was stored stays, and a repetition under the same key
                does the rest.
        """
        result = ImportResult(idempotency_key or new_idempotency_key())
        for stream in import_streams(rows, result.idempotency_key, duplicate_policy):
            result.add(self._send_import(stream, timeout))
            if progress is not None:
                progress(result)
        return result

    def _send_import(self, stream: list[bytes], timeout: float) -> ImportLeadsResponse:
        resumption = Resumption(MOST_FAILURES)
        while True:
            metadata: Metadata = ()
            try:
                metadata = self._metadata()
                return self._import(iter(stream), timeout=timeout, metadata=metadata)
            except (grpc.RpcError, LeadlineError) as failure:
                error = error_from_call(failure)
            time.sleep(resumption.wait_after(error, renewable=self._is_renewable(error, metadata)))

    def record_events(
        self, events: Iterable[Event], *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> RecordEventsResult:
        """Record what leads did: any number of events, in requests of up to 1,000.

        A bad event is refused with the reason, the others are kept; one whose `event_id` is recorded already is
        skipped.

        Args:
            events: the events.
            idempotency_key: see the class.
            timeout: see the class; it is each request's.
        """
        result = RecordEventsResult(idempotency_key or new_idempotency_key())
        for request in record_events_requests(events, result.idempotency_key):
            result.add(self._call(self._integration.RecordEvents, request, timeout))
        return result
