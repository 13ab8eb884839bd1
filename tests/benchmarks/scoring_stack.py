"""The embedded stack with a trained model, and beside it the same trees behind FastAPI and the same edge.

Leadline's model is two ensembles of trees and a share of regression. The peers get both ensembles and the calibration,
and leave out the regression.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import joblib
import numpy as np
import yaml
from leadline.v1.lead_pb2 import LEAD_STATUS_CONVERTED, LEAD_STATUS_LOST, LEAD_STATUS_OPEN, Lead
from rich.console import Console

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.process import ChildProcess
from deploy.local.processes import edge_configuration_folder
from deploy.local.readiness import answers_http
from deploy.local.stack import TENANT_ID, Stack
from leadline_sdk import Client
from scoring.features.feature import FeatureKind
from scoring.models.blended_trees import BlendedTrees
from scoring.store.leads import Leads
from scoring.training.fit import FittedModel
from scoring.training.train import learn
from server.runtime.database import Database
from tests.benchmarks.peers.blended_trees import BlendedTrees as BlendedTreesOfPeers
from tests.benchmarks.simulated_leads import fields_and_log_odds

PEERS = Path(__file__).parent / "peers"
PEER_PREFIX = "/peer/"
DECIDED_LEADS = 6_000
OPEN_LEADS = 500

_PEER_ROUTE = {
    "match": {"prefix": PEER_PREFIX},
    "route": {"cluster": "peer"},
    "typed_per_filter_config": {
        "envoy.filters.http.grpc_json_transcoder": {
            "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
            "disabled": True,
        }
    },
}


class StackWithPeer(Stack):
    """The embedded stack whose edge has one more route: to a peer.

    Args:
        data: As in Stack.
        peer_port: The loopback port where the peer listens.
    """

    def __init__(self, data: Path, peer_port: int) -> None:
        super().__init__(data, Console(stderr=True).print, usual_ports=False)
        self._peer_port = peer_port

    def render_edge(self) -> None:
        """Write the edge's configuration and add the peer's cluster and route."""
        super().render_edge()
        file = edge_configuration_folder(self.folder) / "envoy.yaml"
        configuration = yaml.safe_load(file.read_text(encoding="utf-8"))
        resources = configuration["static_resources"]
        address = {"socket_address": {"address": LOOPBACK, "port_value": self._peer_port}}
        endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
        resources["clusters"].append(
            {"name": "peer", "load_assignment": {"cluster_name": "peer", "endpoints": endpoints}}
        )
        for listener in resources["listeners"]:
            for chain in listener["filter_chains"]:
                connection_manager = chain["filters"][0]["typed_config"]
                for host in connection_manager["route_config"]["virtual_hosts"]:
                    host["routes"].insert(0, _PEER_ROUTE)
        file.write_text(yaml.safe_dump(configuration, sort_keys=False), encoding="utf-8")


@dataclass(frozen=True)
class ScoringStack:
    """What the scoring benchmark works with.

    Attributes:
        stack: The running stack, with a trained model.
        peer: The peer's process.
        peer_port: The loopback port where it listens itself.
        peer_model: The joblib file that it has loaded.
        token: A bearer token for both.
        leads: The open leads, by resource name, each with its fields as the peer takes them.
    """

    stack: Stack
    peer: ChildProcess
    peer_port: int
    peer_model: Path
    token: str
    leads: dict[str, dict[str, float | str]]

    def probability_by_peer(self, features: Sequence[float]) -> float:
        """Give what the peers' trees say of an encoded lead."""
        trees = BlendedTreesOfPeers(joblib.load(self.peer_model))
        return float(trees.probabilities(np.array([features], np.float32))[0])


def _sample() -> list[tuple[Lead, dict[str, float | str]]]:
    random = np.random.default_rng(7)
    sample = []
    for number in range(DECIDED_LEADS + OPEN_LEADS):
        fields, log_odds = fields_and_log_odds(random)
        lead = Lead(external_id=str(number), status=LEAD_STATUS_OPEN)
        if number < DECIDED_LEADS:
            converted = random.random() < 1 / (1 + np.exp(-log_odds))
            lead.status = LEAD_STATUS_CONVERTED if converted else LEAD_STATUS_LOST
        lead.received_time.FromDatetime(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=number))
        for name, value in fields.items():
            if isinstance(value, str):
                lead.fields[name].category = value
            else:
                lead.fields[name].number = value
        sample.append((lead, fields))
    return sample


def _write_peer_model(model: FittedModel, path: Path) -> None:
    """Give the peers the trees that Leadline serves, with the codes of the categories and the calibration.

    Raises:
        TypeError: if the trained model is no tree ensemble.
    """
    if not isinstance(model.classifier, BlendedTrees):
        message = "the benchmark's leads are made so that trees win, yet they did not"
        raise TypeError(message)
    features = model.rows.derivation.feature_set.features
    codes = {
        feature.source: {answer: float(code) for code, answer in enumerate(feature.vocabulary)}
        for feature in features
        if feature.kind is FeatureKind.CATEGORY
    }
    joblib.dump(
        {
            "boosters": [model.classifier.by_sets.booster, model.classifier.by_rates.booster],
            "share": model.classifier.share_of_each_ensemble,
            "rates": dict(model.classifier.by_rates.rates.tables),
            "columns": [feature.source for feature in features],
            "codes": codes,
            "slope": model.calibration.slope,
            "intercept": model.calibration.intercept,
        },
        path,
    )


def peer_python(lock_file: str = "requirements.txt") -> str:
    """Install the packages of peers into an environment of their own, once, and give its Python.

    Args:
        lock_file: Which packages: a file of `peers`.
    """
    name = ".venv-peers" if lock_file == "requirements.txt" else f".venv-peers-{Path(lock_file).stem}"
    environment = Path(__file__).parents[2] / name
    lock = str(PEERS / lock_file)
    marker = environment / "installed"
    if not marker.exists() or marker.stat().st_mtime < Path(lock).stat().st_mtime:
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, environment], check=True)
        install = ["pip", "install", "--quiet", "--no-deps", "--require-hashes", "--requirement", lock]
        subprocess.run([uv, *install, "--python", environment], check=True)
        marker.touch()
    return str(environment / "bin" / "python")


async def _train(stack: Stack, token: str) -> tuple[FittedModel, dict[str, dict[str, float | str]]]:
    """Train in the stack, and once more here on the same leads, which gives the same model."""
    sample = _sample()
    with Client(stack.edge_address, token=token, tls=False) as client:
        client.import_leads([lead for lead, _ in sample])
        client.train_model().wait(timeout=300)
        names = {lead.external_id: lead.name for lead in client.list_leads(filter="status = OPEN")}
    database = await Database.connect(stack.postgres.url("leadline_app"))
    records = [record async for record in Leads(database).with_outcome(TENANT_ID)]
    await database.close()
    model, _ = learn(records)
    return model, {names[lead.external_id]: fields for lead, fields in sample if lead.external_id in names}


@asynccontextmanager
async def scoring_stack(folder: Path) -> AsyncIterator[ScoringStack]:
    """Run the stack with a trained model, and the peer with the same trees.

    Args:
        folder: An empty folder for the data of both.
    """
    python = await asyncio.to_thread(peer_python)
    port = free_port()
    # The peer computes each answer, so the scorer does too.
    os.environ["LEADLINE_SCORE_CACHE_SECONDS"] = "0"
    with StackWithPeer(folder / "stack", port) as stack:
        token = stack.key.mint(TENANT_ID, lifetime=7200.0)
        model, leads = await _train(stack, token)
        _write_peer_model(model, folder / "peer.joblib")
        peer = ChildProcess(
            "peer",
            [python, "-m", "uvicorn", "fastapi_lightgbm:app", "--app-dir", str(PEERS),
             "--host", LOOPBACK, "--port", str(port), "--no-access-log"],
            log=folder / "peer.log",
            is_ready=lambda: answers_http(f"http://{LOOPBACK}:{port}/openapi.json"),
            environment={**os.environ, "OMP_NUM_THREADS": "1", "PEER_MODEL": str(folder / "peer.joblib")},
        )  # fmt: skip
        peer.start()
        try:
            peer.wait_until_ready()
            yield ScoringStack(stack, peer, port, folder / "peer.joblib", token, leads)
        finally:
            peer.stop()
