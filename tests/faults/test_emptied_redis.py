"""Redis is emptied after a change was handed over to it: the lead is scored all the same, and watchers are told."""

import pytest
from redis import Redis

from deploy.local.stack import Stack
from leadline_sdk import Client, Lead, LeadlineError
from server.runtime.streams import LEAD_CHANGES
from tests.faults.live_load import COLD, HOT
from tests.waiting import wait_for

RECOVERY_SECONDS = 120.0


def expired(client: Client, lead: str, token: str) -> bool:
    """Tells whether a watch of a lead is refused to go on from a place."""
    try:
        next(client.watch_scores([lead], resume_token=token, most_failures=0))
    except LeadlineError as error:
        return error.reason == "RESUME_TOKEN_EXPIRED"
    return False


@pytest.mark.stack
def test_what_an_emptied_redis_had_is_made_good(stack: Stack, token: str, open_leads: list[Lead]) -> None:
    lead, worker = open_leads[len(open_leads) // 4], stack.process("scoring worker")
    with Client(stack.edge_address, token=token, tls=False) as client, Redis.from_url(stack.valkey.url) as redis:
        watch = client.watch_scores([lead.name], snapshot=True)
        next(watch)
        client.update_lead(Lead(name=lead.name, fields={**lead.fields, **COLD}), ["fields"])
        cold = next(watch)
        worker.stop()
        client.update_lead(Lead(name=lead.name, fields={**lead.fields, **HOT}), ["fields"])
        wait_for(lambda: any(redis.xlen(stream) for stream in LEAD_CHANGES))
        redis.flushall()
        worker.start()

        wait_for(
            lambda: client.get_lead(lead.name).score.probability > cold.score.probability, seconds=RECOVERY_SECONDS
        )
        fresh = client.score_lead(lead.name).probability
        assert client.get_lead(lead.name).score.probability == pytest.approx(fresh, abs=1e-3)
        assert expired(client, lead.name, cold.resume_token)
