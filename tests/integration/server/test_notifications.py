"""Notifications as their readers see them, and watches that go on where they were."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from leadline.v1 import notification_service_pb2, notification_service_pb2_grpc

from deploy.local.development_token import DevelopmentKey
from server.encryption.tenant_keys import TenantKeys
from server.notifications.notification import NewNotification, NotificationText
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.store.notifications import text_from_bytes
from server.store.workflow_runs import PostgresRunStore
from tests.grpc_errors import error_of
from tests.integration.server.conftest import Bearer
from tests.stored_scores import store_lead


@pytest.fixture
def stub(channel: grpc.aio.Channel) -> Any:
    return notification_service_pb2_grpc.NotificationServiceStub(channel)


async def tell(
    database: Database, keys: TenantKeys, tenant_id: UUID, text: str | NotificationText, *recipients: str
) -> None:
    """Stores a notification as a workflow does."""
    told = NotificationText([text]) if isinstance(text, str) else text
    lead_id = await store_lead(database, tenant_id)
    async with PostgresRunStore(database, keys).run_transaction(tenant_id) as transaction:
        assert transaction is not None
        made = NewNotification(new_id(), recipients, told, "Hot", new_id(), lead_id, datetime.now(UTC))
        await transaction.add_notification(made)
        await transaction.commit()


def bearer_of(development_key: DevelopmentKey, tenant_id: UUID, subject: str) -> Bearer:
    return (("authorization", f"Bearer {development_key.mint(tenant_id, subject)}"),)


async def test_readers_see_what_is_for_them_and_mark_it_for_themselves(
    stub: Any, database: Database, tenant_keys: TenantKeys, tenant_id: UUID, development_key: DevelopmentKey
) -> None:
    ana, ben = (bearer_of(development_key, tenant_id, name) for name in ("ana", "ben"))
    await tell(database, tenant_keys, tenant_id, "to all")
    await tell(database, tenant_keys, tenant_id, "to ana", "ana")

    async def texts(bearer: Bearer, **fields: Any) -> list[str]:
        request = notification_service_pb2.ListNotificationsRequest(**fields)
        return [told.text for told in (await stub.ListNotifications(request, metadata=bearer)).notifications]

    async def unread(bearer: Bearer) -> int:
        request = notification_service_pb2.CountUnreadNotificationsRequest()
        count: int = (await stub.CountUnreadNotifications(request, metadata=bearer)).unread_count
        return count

    assert (await texts(ana), await texts(ben)) == (["to ana", "to all"], ["to all"])
    assert (await unread(ana), await unread(ben)) == (2, 1)
    mark = notification_service_pb2.MarkNotificationsReadRequest(idempotency_key=str(uuid4()))
    assert (await stub.MarkNotificationsRead(mark, metadata=ana)).marked_count == 2
    assert (await unread(ana), await texts(ana, unread_only=True), await unread(ben)) == (0, [], 1)
    page = notification_service_pb2.ListNotificationsRequest(page_size=1)
    first = await stub.ListNotifications(page, metadata=ana)
    page.page_token = first.next_page_token
    assert [told.text for told in (await stub.ListNotifications(page, metadata=ana)).notifications] == ["to all"]


async def test_a_watch_tells_at_once_and_resumes_without_a_gap(
    stub: Any, database: Database, tenant_keys: TenantKeys, tenant_id: UUID, development_key: DevelopmentKey
) -> None:
    ana = bearer_of(development_key, tenant_id, "ana")
    watch = stub.WatchNotifications(notification_service_pb2.WatchNotificationsRequest(), metadata=ana, timeout=20)
    first = await watch.read()
    assert first.WhichOneof("event") == "heartbeat"
    await tell(database, tenant_keys, tenant_id, "one")
    await tell(database, tenant_keys, tenant_id, "not for ana", "ben")
    told = await watch.read()
    assert told.notification.text == "one"
    watch.cancel()
    await tell(database, tenant_keys, tenant_id, "two", "ana")
    request = notification_service_pb2.WatchNotificationsRequest(resume_token=told.resume_token)
    resumed = stub.WatchNotifications(request, metadata=ana, timeout=20)
    events = [await resumed.read(), await resumed.read()]
    resumed.cancel()
    assert [event.notification.text for event in events] == ["", "two"]


async def test_a_forged_token_and_another_reader_s_are_refused(
    stub: Any, tenant_id: UUID, development_key: DevelopmentKey
) -> None:
    ana, ben = (bearer_of(development_key, tenant_id, name) for name in ("ana", "ben"))
    watch = stub.WatchNotifications(notification_service_pb2.WatchNotificationsRequest(), metadata=ana, timeout=20)
    token = (await watch.read()).resume_token
    watch.cancel()
    for text in (token, "forged"):
        request = notification_service_pb2.WatchNotificationsRequest(resume_token=text)
        refused = stub.WatchNotifications(request, metadata=ben, timeout=20)

        async def read_all(call: Any = refused) -> None:
            async for _ in call:
                pass

        assert (await error_of(read_all())).reason == "INVALID_RESUME_TOKEN"


async def test_names_of_leads_are_masked_for_readers_who_may_not_see_them(
    stub: Any, database: Database, tenant_keys: TenantKeys, tenant_id: UUID, development_key: DevelopmentKey
) -> None:
    may_see = bearer_of(development_key, tenant_id, "ana")
    may_not = (("authorization", f"Bearer {development_key.mint(tenant_id, 'ben', ['notifications.read'])}"),)
    watches = [
        stub.WatchNotifications(notification_service_pb2.WatchNotificationsRequest(), metadata=bearer, timeout=20)
        for bearer in (may_see, may_not)
    ]
    for watch in watches:
        await watch.read()
    await tell(database, tenant_keys, tenant_id, NotificationText(["Call ", " now (", ")"], "Ada Byte"))
    shown = ["Call Ada Byte now (Ada Byte)", "Call *** now (***)"]
    assert [(await watch.read()).notification.text for watch in watches] == shown
    for watch in watches:
        watch.cancel()
    request = notification_service_pb2.ListNotificationsRequest()
    listed = [await stub.ListNotifications(request, metadata=bearer) for bearer in (may_see, may_not)]
    assert [answer.notifications[0].text for answer in listed] == shown


async def test_a_text_that_was_kept_before_names_stood_apart_is_masked_as_a_whole() -> None:
    older = text_from_bytes(b"Call Ada Byte")
    assert (older.with_name(older.lead_name), older.with_name("***")) == ("Call Ada Byte", "***")
