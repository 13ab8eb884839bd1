"""Headers that HTTP allows and gRPC doesn't: none of them makes a good request fail."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.attack.edge_target import LEAD, EdgeTarget, attacked_edge
from tests.attack.raw_http import answers_to

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAMES = [*(f"x{sign}a" for sign in "!#$%&'*+^`|~"), "+", "~"]
MEANT_FOR_GRPC = [
    "grpc-accept-encoding: nothing-known",
    "grpc-timeout: soon",
    "grpc-timeout: 99999999999999999999S",
    "grpc-status: 7",
    "grpc-message: %%%",
    "grpc-previous-rpc-attempts: many",
    "grpc-trace-bin: +",
    "grpc-tags-bin: ++",
    "x-anything-bin: +++ +",
    "te: gzip",
    "traceparent: nonsense",
    "baggage: =,;=",
    "user-agent: \xe4\xf6",
    "x-a: \xff\xfe",
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def target(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EdgeTarget]:
    async with attacked_edge(tmp_path_factory.mktemp("edge")) as running:
        yield running


async def test_headers_of_any_name_and_value_leave_a_rest_request_good(target: EdgeTarget) -> None:
    lines = [*(f"{name}: anything" for name in NAMES), *MEANT_FOR_GRPC]
    answers = await asyncio.gather(
        *(
            answers_to(target.edge.address, target.request(LEAD, more=f"{line}\r\nconnection: close\r\n"))
            for line in lines
        )
    )
    found = {line: [(one.status, one.rpc) for one in given] for line, given in zip(lines, answers, strict=True)}
    assert {line: given for line, given in found.items() if given != [(200, "LeadService/GetLead")]} == {}
