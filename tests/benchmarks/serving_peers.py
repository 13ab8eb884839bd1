"""The usual ways to serve a model over HTTP, each with the same trees, in one process and with one thread."""

import http.client
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.process import ChildProcess
from deploy.local.readiness import answers_http
from tests.benchmarks.mlserver_peer import inference_request, mlserver
from tests.benchmarks.scoring_stack import PEERS, ScoringStack, peer_python

START_SECONDS = 180.0


@dataclass(frozen=True)
class ServingPeer:
    """A server of models that runs.

    Attributes:
        title: What it is, in words.
        process: Its process.
        port: The loopback port where it listens.
        path: Where a lead is to be posted.
        body: Gives a lead as the body of a request: its fields by name, and its encoded features.
        probability: Reads the probability out of an answer.
    """

    title: str
    process: ChildProcess
    port: int
    path: str
    body: Callable[[dict[str, float | str], Sequence[float]], bytes]
    probability: Callable[[object], float]

    def connect(self) -> Callable[[bytes], float]:
        """Give what asks for a probability over a connection that stays open."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=60)

        def ask(body: bytes) -> float:
            connection.request("POST", self.path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != http.client.OK:
                raise http.client.HTTPException(f"{self.title}: {answer.status} {content!r}")
            return self.probability(json.loads(content))

        return ask


def fastapi(system: ScoringStack) -> ServingPeer:
    """Give FastAPI + joblib + LightGBM with the least work: no data frame, no reasons, an asynchronous handler."""
    return ServingPeer(
        "FastAPI + joblib + LightGBM",
        system.peer,
        system.peer_port,
        "/peer/predict-lean",
        lambda fields, _: json.dumps({"fields": fields}).encode(),
        float,  # type: ignore[arg-type]  # a number is all that is answered
    )


@contextmanager
def mlserver_peer(system: ScoringStack, folder: Path) -> Iterator[ServingPeer]:
    """Run MLServer."""
    with mlserver(system.peer_model, folder) as (process, port):
        yield ServingPeer(
            "MLServer",
            process,
            port,
            "/v2/models/leads/infer",
            lambda _, features: inference_request(np.array([features], np.float32)),
            lambda answer: answer["outputs"][0]["data"][0],  # type: ignore[index]
        )


@contextmanager
def mlflow(system: ScoringStack, folder: Path) -> Iterator[ServingPeer]:
    """Run `mlflow models serve`."""
    python = peer_python("mlflow.txt")
    subprocess.run([python, PEERS / "mlflow_model.py", system.peer_model, folder], check=True, capture_output=True)
    port = free_port()
    command: list[str | Path] = [
        Path(python).with_name("mlflow"), "models", "serve", "--model-uri", folder, "--env-manager", "local",
        "--host", LOOPBACK, "--port", str(port), "--workers", "1",
    ]  # fmt: skip
    # It starts its server by the names of programs.
    path = f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"
    with _running(
        "MLflow", command, folder.with_suffix(".log"), f"http://{LOOPBACK}:{port}/ping", {"PATH": path}
    ) as process:
        yield ServingPeer(
            "MLflow models serve",
            process,
            port,
            "/invocations",
            lambda _, features: json.dumps({"inputs": [list(features)]}).encode(),
            lambda answer: answer["predictions"][0],  # type: ignore[index]
        )


@contextmanager
def bentoml(system: ScoringStack, folder: Path) -> Iterator[ServingPeer]:
    """Run `bentoml serve`."""
    python = peer_python("bentoml.txt")
    port = free_port()
    command: list[str | Path] = [
        Path(python).with_name("bentoml"), "serve", "bentoml_service:Leads", "--working-dir", PEERS,
        "--host", LOOPBACK, "--port", str(port),
    ]  # fmt: skip
    variables = {
        "PEER_MODEL": str(system.peer_model),
        "BENTOML_HOME": str(folder),
        "BENTOML_DO_NOT_TRACK": "true",
        "PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}",
    }
    with _running(
        "BentoML", command, folder.with_suffix(".log"), f"http://{LOOPBACK}:{port}/readyz", variables
    ) as process:
        yield ServingPeer(
            "BentoML",
            process,
            port,
            "/predict",
            lambda _, features: json.dumps({"features": [list(features)]}).encode(),
            lambda answer: answer[0],  # type: ignore[index]
        )


@contextmanager
def _running(
    name: str, command: Sequence[str | Path], log: Path, ready_address: str, variables: dict[str, str]
) -> Iterator[ChildProcess]:
    process = ChildProcess(
        name,
        command,
        log=log,
        is_ready=lambda: answers_http(ready_address),
        environment={**os.environ, "OMP_NUM_THREADS": "1", **variables},
        start_seconds=START_SECONDS,
    )
    process.start()
    try:
        process.wait_until_ready()
        yield process
    finally:
        process.stop()
