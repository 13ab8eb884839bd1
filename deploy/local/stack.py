"""The whole system on one machine."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from uuid import UUID

from deploy.local.data_folder import DataFolder
from deploy.local.development_certificates import DevelopmentAuthority
from deploy.local.development_token import DevelopmentKey
from deploy.local.first_owner import FirstOwner
from deploy.local.ports import LOOPBACK, StackPorts
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import ChildProcess, ProcessFailed
from deploy.local.processes import (
    REPOSITORY,
    TOKEN_ENDPOINT,
    Program,
    edge_configuration_folder,
    edge_environment,
    programs,
    shared_environment,
)
from deploy.local.supervisor import LONGEST_DELAY_SECONDS, Supervisor
from deploy.local.termination import uninterrupted
from deploy.local.valkey import EmbeddedValkey

TENANT_ID = UUID("01900000-0000-7000-8000-000000000001")
"""The tenant that a stack is started with."""
_TOKEN_DAYS = 30
_STOP_SECONDS = 15.0
"""More than the ten seconds that a process gives its open calls."""


class Stack:
    """PostgreSQL, Valkey, the model server, Leadline's processes and the edge, started and stopped together.

    As a context manager it starts all and waits until each does its work; a process that ends later is started again.
    Leaving it stops all, the edge first and the stores last. It is used from the main thread.

    Args:
        data: The data folder; made if it is missing.
        report: Told in a sentence what happens.
        usual_ports: False to take any free ports.
        durable: False trades safety against power loss for speed: right for tests.
        tls: Whether the edge takes TLS connections, too, by a certificate for this machine that is made for it.
        longest_restart_seconds: After how long, at most, a process that ended is started again.
    """

    def __init__(
        self,
        data: Path,
        report: Callable[[str], None],
        *,
        usual_ports: bool = True,
        durable: bool = True,
        tls: bool = False,
        longest_restart_seconds: float = LONGEST_DELAY_SECONDS,
    ) -> None:
        self.folder = DataFolder(data)
        self._report = report
        self._usual_ports = usual_ports
        self._durable = durable
        self.authority = DevelopmentAuthority(self.folder.path / "keys" / "tls") if tls else None
        """What signs the edge's certificate; None without TLS."""
        self._longest_restart_seconds = longest_restart_seconds
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        """Starts everything.

        Raises:
            DataFolderInUse: Another stack runs on the data folder.
            ProcessFailed: A process did not start; the message has the end of its log.
        """
        with ExitStack() as cleanup:
            cleanup.enter_context(self.folder)
            self._describe()
            cleanup.callback(self._stop)
            self._start()
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops everything."""
        self._cleanup.close()

    @property
    def edge_address(self) -> str:
        """Where clients connect: `host:port`."""
        return f"{LOOPBACK}:{self.ports.edge}"

    @property
    def tls_address(self) -> str | None:
        """Where clients connect with TLS: `host:port`; None without TLS."""
        return None if self.authority is None else f"{LOOPBACK}:{self.ports.edge_tls}"

    @property
    def processes(self) -> list[ChildProcess]:
        """All processes, the stores first and the edge last."""
        return [self.postgres.process, self.valkey.process, *(program.process for program in self.programs)]

    def process(self, name: str) -> ChildProcess:
        """Gives one process.

        Args:
            name: For example `model server`, `scorer`, `PostgreSQL` or `edge`.

        Returns:
            The process.

        Raises:
            KeyError: The stack has none of that name.
        """
        return {process.name: process for process in self.processes}[name]

    def add_tenant(self, tenant_id: UUID, display_name: str, plan: str = "pro") -> None:
        """Makes a tenant if it is not there yet.

        Args:
            tenant_id: Its id.
            display_name: Its name as people know it.
            plan: `free`, `pro` or `enterprise`.
        """
        self.postgres.execute(
            "INSERT INTO tenants (id, display_name, plan) VALUES (:'id', :'display_name', :'plan') "
            "ON CONFLICT (id) DO NOTHING;",
            {"id": str(tenant_id), "display_name": display_name, "plan": plan},
        )

    def migrate(self) -> None:
        """Brings the database's tables up to date.

        Raises:
            ProcessFailed: A revision failed; the message has the end of the log.
        """
        variables = {
            "LEADLINE_OWNER_DATABASE_URL": self.postgres.url("leadline_owner"),
            "LEADLINE_KEY_SERVICE": self.folder.key_service(),
        }
        self._run("migrations", ["server.store.migrations", "upgrade"], variables)

    def render_edge(self) -> None:
        """Writes the edge's configuration.

        Raises:
            ProcessFailed: It can't be rendered; the message has the end of the log.
        """
        output = str(edge_configuration_folder(self.folder))
        certificate = None if self.authority is None else self.authority.issue("edge")
        self._run(
            "edge configuration",
            ["gateway.envoy.render", "--output", output],
            edge_environment(self.folder, self.ports, certificate),
        )

    def _describe(self) -> None:
        """Decides where everything listens and how it is configured."""
        self.ports = StackPorts.choose(usual=self._usual_ports)
        self.key = DevelopmentKey(self.folder.keys)
        self.owner = FirstOwner(self.folder.keys / "owner-password")
        data, logs = self.folder.path, self.folder.logs
        self.postgres = EmbeddedPostgres(
            data / "postgresql", self.ports.postgres, log=logs / "postgresql.log", durable=self._durable
        )
        self.valkey = EmbeddedValkey(data / "valkey", self.ports.valkey, log=logs / "valkey.log")
        environment = shared_environment(self.folder, self.ports, self.postgres, self.valkey.url)
        self.programs: list[Program] = programs(self.folder, self.ports, environment)
        self._supervisor = Supervisor(self.processes, self._report, longest_delay_seconds=self._longest_restart_seconds)

    def _start(self) -> None:
        """Starts each process as soon as what it needs is there, and waits for all."""
        self._report("Starting the stores and the model server")
        self._list_models()
        # The model server takes longest to start, and needs nothing else.
        self.programs[0].process.start()
        self.valkey.prepare()
        self.valkey.process.start()
        self.postgres.start()
        self._report("Bringing the database up to date")
        self.migrate()
        self.add_tenant(TENANT_ID, "Development")
        self.owner.make(self.postgres.url("leadline_app"), TENANT_ID)
        self.render_edge()
        self._report("Starting Leadline's processes and the edge")
        edge = self.process("edge")
        for program in self.programs:
            if program.process is not edge and not program.process.running:
                program.process.start()
        # The edge fetches the public keys when it starts, and takes no request before it has them.
        self.process(TOKEN_ENDPOINT).wait_until_ready()
        edge.start()
        for process in self.processes:
            process.wait_until_ready()
        self._write_profile()
        self._supervisor.start()

    def _list_models(self) -> None:
        """Gives the model server an empty list at the first start; training fills it."""
        file = self.folder.models / "models.config"
        if not file.exists():
            file.write_text("model_config_list {\n}\n", encoding="utf-8")

    def _stop(self) -> None:
        """Stops the edge, then Leadline's processes at once, then the stores."""
        self._report("Stopping")
        own = [program.process for program in self.programs]
        stores = [self.postgres.process, self.valkey.process]
        with uninterrupted():
            self._supervisor.hold()
            for group in ([self.process("edge")], own, stores):
                for process in group:
                    process.request_stop()
                for process in group:
                    process.wait_stopped(_STOP_SECONDS)
            self._supervisor.end()

    def _write_profile(self) -> None:
        """Tells the command line how to reach this stack."""
        token = self.key.mint(TENANT_ID, lifetime=_TOKEN_DAYS * 86_400.0)
        written = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        lines = [
            f"# Written by the embedded stack at {written}; the token is good for {_TOKEN_DAYS} days.",
            "[default]",
            f'address = "{self.edge_address}"',
            f'token = "{token}"',
            "tls = false",
        ]
        self.folder.profile.touch(mode=0o600)
        self.folder.profile.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _run(self, name: str, module: list[str], environment: Mapping[str, str]) -> None:
        """Runs a module of the repository to its end.

        Raises:
            ProcessFailed: It ended with another status than 0.
        """
        log = self.folder.logs / f"{name.replace(' ', '-')}.log"
        with log.open("ab") as output:
            status = subprocess.run(
                [sys.executable, "-m", *module],
                check=False,
                cwd=REPOSITORY,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ).returncode
        if status != 0:
            raise ProcessFailed(name, f"ended with status {status}.", log)
