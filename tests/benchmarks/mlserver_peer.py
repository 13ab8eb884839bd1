"""The peer MLServer: it is sent encoded numbers and gives probabilities."""

import http.client
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.process import ChildProcess
from deploy.local.readiness import answers_http
from scoring.features.feature_set import Matrix
from tests.benchmarks.scoring_stack import PEERS, peer_python

MODEL = "leads"


@contextmanager
def mlserver(model: Path, folder: Path) -> Iterator[tuple[ChildProcess, int]]:
    """Run MLServer, in one process and with one thread, for the time of the block.

    Args:
        model: The joblib file with the trees.
        folder: Where its files go; it must not exist yet.

    Yields:
        The process, and the loopback port where it listens.
    """
    python = peer_python("mlserver.txt")
    folder.mkdir()
    port = free_port()
    settings = {
        "host": LOOPBACK,
        "http_port": port,
        "grpc_port": free_port(),
        "metrics_port": free_port(),
        "parallel_workers": 0,
    }
    described = {"name": MODEL, "implementation": "mlserver_model.Leads", "parameters": {"uri": str(model)}}
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "model-settings.json").write_text(json.dumps(described), encoding="utf-8")
    process = ChildProcess(
        "MLServer",
        [str(Path(python).with_name("mlserver")), "start", str(folder)],
        log=folder / "mlserver.log",
        is_ready=lambda: answers_http(f"http://{LOOPBACK}:{port}/v2/models/{MODEL}/ready"),
        environment={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(PEERS)},
    )
    process.start()
    try:
        process.wait_until_ready()
        yield process, port
    finally:
        process.stop()


def inference_request(X: Matrix) -> bytes:
    """Give the body of a request of the Open Inference Protocol for rows of features."""
    tensor = {"name": "features", "shape": list(X.shape), "datatype": "FP32", "data": X.ravel().tolist()}
    return json.dumps({"inputs": [tensor]}).encode()


def ask(port: int, bodies: Sequence[bytes]) -> None:
    """Send requests one after the other.

    Raises:
        HTTPException: One is not answered.
    """
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
    for body in bodies:
        connection.request("POST", f"/v2/models/{MODEL}/infer", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise http.client.HTTPException(f"{answer.status} {content!r}")
