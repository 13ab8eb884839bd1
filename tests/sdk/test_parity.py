"""What one client has, every other has too: the methods, of whatever service, under the same names."""

import pytest
from leadline.v1.audit_record_pb2 import AuditRecord
from leadline.v1.event_pb2 import Event
from leadline.v1.lead_history_service_pb2 import RecordedEvent
from leadline.v1.notification_pb2 import Notification

import leadline_sdk
from tests.integration.sdk.fake_leadline_service import FakeLeadline, lead_name
from tests.sdk.conftest import Client
from tests.sdk.drivers import DriverError
from tests.sdk.test_flows import BROKEN, UNAVAILABLE

CAPABILITIES = {name for name in dir(leadline_sdk.Client) if not name.startswith("_")}
"""What a client can do, as the Python client names it; its own test pins the names."""

ENGLISH = "A workflow of tomorrow"
RIGHT_TO_LEFT = "עסקה חדשה \u202e\u0645\u0631\u062d\u0628\u0627\u202c 🚀"


def plain(name: str) -> str:
    """Give a name as all languages have it, whatever their case: `listleads`."""
    return name.replace("_", "").lower()


def test_no_method_is_missing(client: Client) -> None:
    found = {plain(name) for name in client("methods")}
    missing = {name for name in CAPABILITIES if plain(name) not in found}
    assert missing == client.lacks


def test_a_list_of_any_service_goes_on_to_its_end(leadline: FakeLeadline, client: Client) -> None:
    leadline.others.history = [RecordedEvent(event=Event(event_id=str(number))) for number in range(5)]
    leadline.fail("ListLeadEvents", UNAVAILABLE)
    assert client("list_lead_events", name=lead_name(0), page_size=2) == ["0", "1", "2", "3", "4"]
    asked = leadline.requests["ListLeadEvents"]
    assert [request.page_token for request in asked] == ["", "", "2", "4"]
    assert {request.parent for request in asked} == {lead_name(0)}


def test_a_mutation_of_any_service_has_one_key_for_all_its_tries(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("CreateWorkflow", UNAVAILABLE)
    client("create_workflow", display_name=ENGLISH)
    first, second = leadline.requests["CreateWorkflow"]
    assert first == second
    assert 1 <= len(first.idempotency_key) <= 128


@pytest.mark.parametrize(
    "text", [ENGLISH, RIGHT_TO_LEFT, "n" * 400, "👩‍👩‍👧‍👦" * 36], ids=["plain", "rtl", "long", "joined"]
)
def test_names_come_back_as_they_were(leadline: FakeLeadline, client: Client, text: str) -> None:
    assert client("create_workflow", display_name=text) == text
    assert leadline.requests["CreateWorkflow"][0].workflow.display_name == text


def test_an_export_gives_all_that_its_stream_carries_and_tells_where_it_broke(
    leadline: FakeLeadline, client: Client
) -> None:
    names = [f"auditRecords/{number}" for number in range(3)]
    leadline.others.audit_records = [AuditRecord(name=name) for name in names]
    assert client("export_audit_records") == names
    leadline.fail("ExportAuditRecords", BROKEN, after=2)
    with pytest.raises(DriverError) as raised:
        client("export_audit_records")
    assert raised.value.kind == "InternalError"


def test_a_watch_of_notifications_goes_on_and_repeats_nothing(leadline: FakeLeadline, client: Client) -> None:
    names = [f"notifications/{number}" for number in (0, 1, 1, 2, 3)]
    leadline.others.notifications = [Notification(name=name) for name in names]
    leadline.fail("WatchNotifications", UNAVAILABLE, after=2)
    leadline.fail("WatchNotifications", UNAVAILABLE)
    updates = client("watch_notifications", count=4)
    assert [update["notification"] for update in updates] == [f"notifications/{number}" for number in range(4)]
    assert [request.resume_token for request in leadline.requests["WatchNotifications"]] == ["", "2", "2"]
    (last,) = client("watch_notifications", count=1, resume_token=updates[-2]["resume_token"])
    assert last == updates[-1]
