"""A name that changes its mind (DNS rebinding) leads to no other address than the one that was checked."""

import ipaddress
from collections.abc import Sequence

from server.webhooks.addresses import Address, TargetRules
from server.webhooks.sender import Resolver, WebhookSender


class ChangingResolver(Resolver):
    """Gives one answer after another."""

    def __init__(self, *answers: Sequence[str]) -> None:
        super().__init__()
        self.answers = [list(map(ipaddress.ip_address, answer)) for answer in answers]
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        del host, port
        self.asked += 1
        return self.answers.pop(0)


async def test_one_private_address_among_public_ones_refuses_all() -> None:
    resolver = ChangingResolver(["93.184.215.14", "169.254.169.254"])
    async with WebhookSender(TargetRules(), resolver) as sender:
        answer = await sender.send("https://rebinding.example/", {}, "{}")
    assert answer.status_code == 0
    assert "not public" in answer.failure


async def test_a_name_is_asked_once_for_an_attempt() -> None:
    resolver = ChangingResolver(["127.0.0.1"], ["127.0.0.1"])
    async with WebhookSender(TargetRules(allow_loopback=True), resolver, answer_seconds=2) as sender:
        answer = await sender.send("http://rebinding.example:9/", {}, "{}")
    assert (resolver.asked, answer.status_code) == (1, 0)
