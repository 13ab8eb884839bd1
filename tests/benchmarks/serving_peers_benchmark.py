"""Single scoring requests against the usual ways to serve a model: FastAPI, MLServer, MLflow's server and BentoML.

The peers have the same trees, without the share of regression that ours adds, and all are asked directly, without the
edge, one request at a time. The peers are sent what the model takes and give a probability. Ours is sent a lead's name:
it verifies the caller's token, validates, reads the lead of the caller's tenant from PostgreSQL, encodes it, and
answers with the reasons; PostgreSQL and the model server count as ours. `computed` makes each answer anew; `held` gives
those again that are still true, as the scorer does unless it is told otherwise.

The memory is that of the process that answers, after the load. The start is measured from a stopped process to the
first right answer; of ours, the scorer and the model server start together.
"""

import asyncio
import functools
import http.client
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc
import joblib
from leadline.v1.scoring_service_pb2 import ScoreLeadRequest
from leadline.v1.scoring_service_pb2_grpc import ScoringServiceStub

from deploy.local.ports import LOOPBACK
from deploy.local.process import ChildProcess
from tests.benchmarks.measuring import ROUNDS, cpu_seconds, proportional_memory
from tests.benchmarks.report import Report, Target
from tests.benchmarks.scoring_stack import ScoringStack, scoring_stack
from tests.benchmarks.serving_peers import ServingPeer, bentoml, fastapi, mlflow, mlserver_peer

REQUESTS_A_ROUND = 300
LARGEST_DIFFERENCE = 1e-5
MOST_CPU = 1.0
MOST_MEMORY = 1.0
MOST_START = 0.35
START_PATIENCE_SECONDS = 180.0
MIB = 1 << 20

COMPUTED, HELD = "computed", "held"
OUR_PROCESSES = ("scorer", "PostgreSQL", "model server")


@dataclass(frozen=True)
class Door:
    """A server that is asked for leads' probabilities.

    Attributes:
        title: Who answers, in words.
        process_ids: Gives the processes that answer, which may have been started anew.
        ask: Asks for each of the leads by its place, over one connection, so many times in all.
        worker: The process whose memory is told.
    """

    title: str
    process_ids: Callable[[], list[int]]
    ask: Callable[[int], None]
    worker: ChildProcess

    def round(self) -> float:
        """Give the CPU seconds a request of one round."""
        before = cpu_seconds(self.process_ids())
        self.ask(REQUESTS_A_ROUND)
        return (cpu_seconds(self.process_ids()) - before) / REQUESTS_A_ROUND


def _encoded(system: ScoringStack) -> list[list[float]]:
    """Give each lead as the numbers that the model takes."""
    model = joblib.load(system.peer_model)
    codes = model["codes"]
    return [
        [float(codes[name][fields[name]] if name in codes else fields[name]) for name in model["columns"]]
        for fields in system.leads.values()
    ]


def _our_ask(system: ScoringStack) -> Callable[[str], float]:
    channel = grpc.insecure_channel(f"{LOOPBACK}:{system.stack.ports.scorer}")
    stub, metadata = ScoringServiceStub(channel), (("authorization", f"Bearer {system.token}"),)
    return lambda name: stub.ScoreLead(ScoreLeadRequest(name=name), metadata=metadata, timeout=30).probability


def _our_door(system: ScoringStack) -> Door:
    names = list(system.leads)
    stack = system.stack

    def ask(count: int) -> None:
        ask_for = _our_ask(system)
        for name in itertools.islice(itertools.cycle(names), count):
            ask_for(name)

    return Door(
        "Leadline", lambda: [stack.process(name).pid or 0 for name in OUR_PROCESSES], ask, stack.process("scorer")
    )


def _peer_door(system: ScoringStack, peer: ServingPeer, encoded: Sequence[Sequence[float]]) -> Door:
    bodies = [peer.body(*lead) for lead in zip(system.leads.values(), encoded, strict=True)]

    def ask(count: int) -> None:
        ask_for = peer.connect()
        for body in itertools.islice(itertools.cycle(bodies), count):
            ask_for(body)

    return Door(peer.title, lambda: [peer.process.pid or 0], ask, peer.process)


def _check_equal(system: ScoringStack, peers: Sequence[ServingPeer], encoded: Sequence[Sequence[float]]) -> None:
    """Make sure that all peers serve the same model.

    Raises:
        ValueError: One gives another probability.
    """
    for (name, fields), features in list(zip(system.leads.items(), encoded, strict=True))[:20]:
        for peer in peers:
            expected = system.probability_by_peer(features)
            given = peer.connect()(peer.body(fields, features))
            if abs(given - expected) > LARGEST_DIFFERENCE:
                raise ValueError(f"{peer.title} says {given} of {name}, not {expected}")


def _first_answer(processes: Sequence[ChildProcess], ask: Callable[[], float], expected: float) -> float:
    """Stop processes, start them, and give the seconds until the first right answer.

    Raises:
        TimeoutError: There was none in three minutes.
    """
    for process in processes:
        process.stop()
    while _answer(ask) is not None:
        # A server that was started by the process may live a little longer.
        time.sleep(0.02)
    begin = time.perf_counter()
    for process in processes:
        process.start()
    while time.perf_counter() - begin < START_PATIENCE_SECONDS:
        answer = _answer(ask)
        if answer is not None and abs(answer - expected) < LARGEST_DIFFERENCE:
            return time.perf_counter() - begin
        time.sleep(0.02)
    raise TimeoutError(f"{processes[0].name} did not answer after its start")


def _answer(ask: Callable[[], float]) -> float | None:
    """Give the answer, None if there is none."""
    try:
        return ask()
    except (OSError, http.client.HTTPException, grpc.RpcError):
        return None


def _start_seconds(system: ScoringStack, peer: ServingPeer, encoded: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Give how long ours takes to start, and MLflow's server."""
    name, fields = next(iter(system.leads.items()))
    expected = _our_ask(system)(name)
    expected_of_peer = system.probability_by_peer(encoded[0])
    body = peer.body(fields, encoded[0])
    ours = [system.stack.process(process) for process in ("model server", "scorer")]
    # A connection of its own for each try: one that was refused waits ever longer before the next.
    our_seconds = _first_answer(ours, lambda: _our_ask(system)(name), expected)
    return our_seconds, _first_answer([peer.process], lambda: peer.connect()(body), expected_of_peer)


def _measure(system: ScoringStack, folder: Path) -> Report:
    encoded = _encoded(system)
    with ExitStack() as running:
        mlflow_peer = running.enter_context(mlflow(system, folder / "mlflow"))
        peers = [
            fastapi(system),
            running.enter_context(mlserver_peer(system, folder / "mlserver")),
            mlflow_peer,
            running.enter_context(bentoml(system, folder / "bentoml")),
        ]
        _check_equal(system, peers, encoded)
        doors = {peer.title: _peer_door(system, peer, encoded) for peer in peers}
        spent: dict[str, list[float]] = {title: [] for title in (COMPUTED, HELD, *doors)}
        ours = _our_door(system)
        _run_rounds(spent, {COMPUTED: ours, **doors})
        memory = {
            title: proportional_memory([door.worker.pid or 0]) for title, door in {COMPUTED: ours, **doors}.items()
        }
        start, mlflow_start = _start_seconds(system, mlflow_peer, encoded)
        os.environ["LEADLINE_SCORE_CACHE_SECONDS"] = "60"
        scorer = system.stack.process("scorer")
        scorer.stop()
        scorer.start()
        scorer.wait_until_ready()
        _run_rounds(spent, {HELD: ours, **doors})
    return _report(spent, memory, start, mlflow_start)


def _run_rounds(spent: dict[str, list[float]], doors: dict[str, Door]) -> None:
    """Ask all in turn, after one round each that does not count."""
    for door in doors.values():
        door.round()
    for _ in range(ROUNDS):
        for title, door in doors.items():
            spent[title].append(door.round())


async def measure() -> Report:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder:
        async with scoring_stack(Path(folder)) as system:
            return await asyncio.to_thread(functools.partial(_measure, system, Path(folder)))


def _report(spent: dict[str, list[float]], memory: dict[str, int], start: float, mlflow_start: float) -> Report:
    peers = [title for title in spent if title not in {COMPUTED, HELD}]
    best = min(peers, key=lambda title: statistics.median(spent[title]))
    # The peers were asked beside both: first beside the computed answers, then beside the held ones.
    beside = {COMPUTED: spent[best][:ROUNDS], HELD: spent[best][ROUNDS:]}
    ratio = {
        kind: statistics.median(ours / peer for ours, peer in zip(spent[kind], beside[kind], strict=True))
        for kind in (COMPUTED, HELD)
    }
    fastapi_memory = memory[peers[0]]
    figures = {
        "computed_to_best_peer_cpu_ratio": ratio[COMPUTED],
        "held_to_best_peer_cpu_ratio": ratio[HELD],
        "worker_to_fastapi_memory_ratio": memory[COMPUTED] / fastapi_memory,
        "start_to_mlflow_ratio": start / mlflow_start,
        "start_seconds": start,
        "mlflow_start_seconds": mlflow_start,
        **{f"{_snake(title)}_cpu_us": statistics.median(seconds) * 1e6 for title, seconds in spent.items()},
        **{f"{_snake(title)}_memory_mib": size / MIB for title, size in memory.items()},
    }
    return Report(
        name="serving_peers",
        title=f"One lead scored at a time; the best peer is {best}",
        columns=["", "CPU us a request", "memory MiB"],
        rows=[
            [
                title,
                f"{statistics.median(seconds) * 1e6:,.0f}",
                f"{memory[title] / MIB:,.0f}" if title in memory else "",
            ]
            for title, seconds in spent.items()
        ],
        figures=figures,
        targets=[
            Target("computed_to_best_peer_cpu_ratio", "<=", MOST_CPU),
            Target("worker_to_fastapi_memory_ratio", "<=", MOST_MEMORY),
            Target("start_to_mlflow_ratio", "<=", MOST_START),
        ],
    )


def _snake(title: str) -> str:
    return title.split(" ", maxsplit=1)[0].lower()
