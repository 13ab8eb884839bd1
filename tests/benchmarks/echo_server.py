"""A bare grpc.aio server: the least that an answer can cost. Not a test: the benchmarks of score cache and SDK run it.

python -m tests.benchmarks.echo_server ADDRESS FILE, where FILE holds the bytes of its one answer.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import grpc.aio
import uvloop
from leadline.v1 import score_pb2, scoring_service_pb2

SERVICE = "leadline.benchmark.Echo"
SCORING_SERVICE = "leadline.v1.ScoringService"


async def run(address: str, answer: score_pb2.Score) -> None:
    """Answers each request with the same message until the process is ended.

    Args:
        address: host:port.
        answer: The message.
    """

    async def behavior(_request: scoring_service_pb2.ScoreLeadRequest, _context: Any) -> score_pb2.Score:
        return answer

    handler = grpc.unary_unary_rpc_method_handler(
        behavior,
        request_deserializer=scoring_service_pb2.ScoreLeadRequest.FromString,
        response_serializer=score_pb2.Score.SerializeToString,
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(SERVICE, {"Echo": handler}),
            grpc.method_handlers_generic_handler(SCORING_SERVICE, {"ScoreLead": handler}),
        )
    )
    server.add_insecure_port(address)
    await server.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], score_pb2.Score.FromString(Path(sys.argv[2]).read_bytes())))
