"""Clients that have an API key in place of a token, and the calls of log-in."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.rpc.status_pb2 import Status
from leadline.v1.scoring_service_pb2 import ScoreChange

from leadline_sdk import (
    ApiKeyRefused,
    AsyncClient,
    Client,
    ImportRow,
    Lead,
    Permission,
    Score,
    ScoreUpdate,
    Unauthenticated,
)
from tests.integration.sdk.fake_identity_service import CODE, EMAIL, FIRST_KEY, PASSWORD
from tests.integration.sdk.fake_leadline_service import FakeLeadline, lead_name, status

EXPIRED = status(grpc.StatusCode.UNAUTHENTICATED, "its time is over", "TOKEN_EXPIRED")
INVALID = status(grpc.StatusCode.UNAUTHENTICATED, "not known", "TOKEN_INVALID")


def with_key(leadline: FakeLeadline, api_key: str = FIRST_KEY) -> Client:
    """Give a client with a key."""
    return Client(leadline.address, api_key=api_key, tls=False, timeout=5)


def sent(leadline: FakeLeadline, rpc: str) -> str:
    """Give the token that the latest call of an rpc carried."""
    return str(leadline.metadata[rpc]["authorization"])


def test_a_key_is_exchanged_once_and_sent_with_no_other_call(leadline: FakeLeadline) -> None:
    with with_key(leadline) as client:
        for _ in range(3):
            client.score_lead(lead_name(0))
    assert len(leadline.authentication.exchange_metadata) == 1
    assert "authorization" not in leadline.authentication.exchange_metadata[0]
    assert sent(leadline, "ScoreLead") == "Bearer access-1"
    assert FIRST_KEY not in str(leadline.metadata) + str(leadline.requests)


def test_threads_share_one_exchange(leadline: FakeLeadline) -> None:
    with with_key(leadline) as client, ThreadPoolExecutor(8) as threads:
        values = [score.value for score in threads.map(client.score_lead, [lead_name(0)] * 16)]
    assert values == [73] * 16
    assert len(leadline.authentication.exchange_metadata) == 1


def test_a_token_is_renewed_before_it_ends(leadline: FakeLeadline) -> None:
    leadline.authentication.lifetime = timedelta(seconds=20)
    with with_key(leadline) as client:
        client.score_lead(lead_name(0))
        leadline.authentication.lifetime = timedelta(minutes=10)
        client.score_lead(lead_name(0))
        client.score_lead(lead_name(0))
    assert sent(leadline, "ScoreLead") == "Bearer access-2"


@pytest.mark.parametrize("refusal", [EXPIRED, INVALID])
def test_a_refused_token_is_renewed_once(leadline: FakeLeadline, refusal: Status) -> None:
    with with_key(leadline) as client:
        leadline.fail("CreateLead", refusal)
        assert client.create_lead(Lead(external_id="a")).name == lead_name(0)
        first, second = leadline.requests["CreateLead"]
        assert first.idempotency_key == second.idempotency_key
        assert sent(leadline, "CreateLead") == "Bearer access-2"
        leadline.fail("ScoreLead", refusal)
        leadline.fail("ScoreLead", refusal)
        with pytest.raises(Unauthenticated):
            client.score_lead(lead_name(0))


def test_a_token_that_was_given_is_not_renewed(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("ScoreLead", EXPIRED)
    with pytest.raises(Unauthenticated, match="TOKEN_EXPIRED"):
        client.score_lead(lead_name(0))
    assert len(leadline.requests["ScoreLead"]) == 1


def test_a_refused_key_is_told_as_such(leadline: FakeLeadline) -> None:
    with with_key(leadline, "leadline_key_unknown") as client, pytest.raises(ApiKeyRefused) as refused:
        client.score_lead(lead_name(0))
    assert refused.value.reason == "API_KEY_REFUSED"
    assert isinstance(refused.value, Unauthenticated)
    assert leadline.requests["ScoreLead"] == []


def test_an_exchange_is_repeated_while_leadline_restarts(leadline: FakeLeadline) -> None:
    leadline.authentication.failures = 2
    with with_key(leadline) as client:
        assert client.score_lead(lead_name(0)).value == 73


def test_streams_go_on_with_a_new_token(leadline: FakeLeadline) -> None:
    leadline.changes = [ScoreChange(score=Score(lead=lead_name(number))) for number in range(3)]
    leadline.fail("WatchScores", EXPIRED, after=1)
    leadline.fail("ImportLeads", EXPIRED, after=1)
    with with_key(leadline) as client:
        updates = itertools.islice(client.watch_scores(), 3)
        assert [update.score.lead for update in updates] == [lead_name(0), lead_name(1), lead_name(2)]
        assert sent(leadline, "WatchScores") == "Bearer access-2"
        rows = [ImportRow(line_number=1, lead=Lead(external_id="a"))]
        assert client.import_leads(rows).created_count == 1
        assert sent(leadline, "ImportLeads") == "Bearer access-3"


async def test_tasks_share_one_exchange_and_one_renewal(leadline: FakeLeadline) -> None:
    async with AsyncClient(leadline.address, api_key=FIRST_KEY, tls=False, timeout=5) as client:
        await asyncio.gather(*(client.score_lead(lead_name(0)) for _ in range(8)))
        assert len(leadline.authentication.exchange_metadata) == 1
        leadline.expired_tokens = {"access-1"}
        scores = await asyncio.gather(*(client.score_lead(lead_name(0)) for _ in range(8)))
        assert [score.value for score in scores] == [73] * 8
        assert len(leadline.authentication.exchange_metadata) == 2
        leadline.changes = [ScoreChange(score=Score(lead=lead_name(number))) for number in range(2)]
        leadline.fail("WatchScores", EXPIRED, after=1)
        leads = [update.score.lead async for update in _first(client, 2)]
        assert leads == [lead_name(0), lead_name(1)]
    async with AsyncClient(leadline.address, api_key="unknown", tls=False, timeout=5) as client:
        with pytest.raises(ApiKeyRefused):
            await client.score_lead(lead_name(0))


async def _first(client: AsyncClient, count: int) -> AsyncIterator[ScoreUpdate]:
    seen = 0
    async for update in client.watch_scores():
        yield update
        seen += 1
        if seen == count:
            return


def test_a_token_and_a_key_together_are_refused() -> None:
    with pytest.raises(ValueError, match="not both"):
        Client("localhost:1", token="t", api_key="k")  # noqa: S106 - of the test


def test_a_user_logs_in_refreshes_and_logs_out(leadline: FakeLeadline) -> None:
    with Client(leadline.address, tls=False, timeout=5) as client:
        with pytest.raises(Unauthenticated, match="CREDENTIALS_REFUSED"):
            client.log_in(EMAIL, "wrong")
        tokens = client.log_in(EMAIL, PASSWORD).tokens
        assert tokens.user.email == EMAIL
        renewed = client.refresh_token(tokens.refresh_token)
        assert renewed.access_token != tokens.access_token
        with pytest.raises(Unauthenticated, match="REFRESH_TOKEN_REUSED"):
            client.refresh_token(tokens.refresh_token)
    with Client(leadline.address, token=renewed.access_token, tls=False, timeout=5) as client:
        client.log_out()
    assert leadline.authentication.logged_out[0]["authorization"] == f"Bearer {renewed.access_token}"


async def test_a_second_factor_is_shown(leadline: FakeLeadline) -> None:
    leadline.authentication.second_factor = True
    async with AsyncClient(leadline.address, tls=False, timeout=5) as client:
        challenge = (await client.log_in(EMAIL, PASSWORD)).second_factor_required.challenge
        with pytest.raises(Unauthenticated, match="SECOND_FACTOR_REFUSED"):
            await client.verify_second_factor(challenge, "000000")
        tokens = await client.verify_second_factor(challenge, CODE)
        assert (await client.refresh_token(tokens.refresh_token)).user.email == EMAIL
        await client.log_out()


def test_api_keys_are_made_listed_and_revoked(leadline: FakeLeadline, client: Client) -> None:
    end = datetime(2030, 1, 2, tzinfo=UTC)
    made = client.create_api_key("Reader", [Permission.PERMISSION_LEADS_READ], expire_time=end)
    assert made.expire_time.ToDatetime(UTC) == end
    with with_key(leadline, made.secret) as program:
        assert program.score_lead(lead_name(0)).value == 73
    (listed,) = client.list_api_keys()
    assert (listed.name, listed.display_name, listed.secret) == (made.name, "Reader", "")
    assert client.revoke_api_key(made.name).state != listed.state
    assert [user.email for user in client.list_users()] == [EMAIL]


async def test_api_keys_are_made_listed_and_revoked_asynchronously(
    leadline: FakeLeadline, async_client: AsyncClient
) -> None:
    made = await async_client.create_api_key("Reader", [Permission.PERMISSION_LEADS_READ])
    assert not made.HasField("expire_time")
    listed = [api_key async for api_key in async_client.list_api_keys()]
    assert [api_key.name for api_key in listed] == [made.name]
    assert (await async_client.revoke_api_key(made.name)).state != listed[0].state
    assert [user.email async for user in async_client.list_users()] == [EMAIL]
    assert made.secret in leadline.authentication.keys
