"""The embedded stack's commands: `python -m deploy.local up`, `dev` and `demo`. The Makefile calls them."""

import os
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.local.data_folder import DEFAULT, DataFolderInUse
from deploy.local.demo.run import Demo, DemoFailed
from deploy.local.demo.steps import Steps
from deploy.local.first_owner import EMAIL
from deploy.local.memory import PeakMemory
from deploy.local.process import ProcessFailed
from deploy.local.processes import DASHBOARD
from deploy.local.reload import reload_on_change
from deploy.local.stack import Stack
from deploy.local.termination import interrupted_by_termination
from leadline_sdk import LeadlineError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console()

_INTERRUPTED = 130

DataOption = Annotated[Path, typer.Option(envvar="LEADLINE_DATA", help="The data folder.")]
TlsOption = Annotated[
    bool, typer.Option(envvar="LEADLINE_TLS", help="Take TLS connections, too, by a certificate made for this machine.")
]


@app.command()
def up(data: DataOption = DEFAULT, *, tls: TlsOption = False) -> None:
    """Runs the whole system until Ctrl-C, on loopback, in a data folder of its own."""
    _run(data, reload=False, tls=tls)


@app.command()
def dev(data: DataOption = DEFAULT, *, tls: TlsOption = False) -> None:
    """Like up, and starts anew each process whose source changes."""
    _run(data, reload=True, tls=tls)


@app.command()
def demo(
    *,
    file: Annotated[
        Path | None,
        typer.Option(help="A CSV file of your own leads instead of the sample.", exists=True, dir_okay=False),
    ] = None,
    target: Annotated[str | None, typer.Option(help="The file's column that tells whether a lead converted.")] = None,
    keep: Annotated[bool, typer.Option(help="Leave the stack running when the demo is over.")] = False,
    options: Annotated[list[str] | None, typer.Argument(help="After --: more options of `leadline import`.")] = None,
) -> None:
    """Shows the main job on sample data, or on a file, with a stack of its own that leaves nothing behind."""
    if (file is None) != (target is None):
        raise typer.BadParameter("a file and its target column belong together: DATA=FILE.csv TARGET=COLUMN")
    with tempfile.TemporaryDirectory(prefix="leadline-demo-") as folder:
        _run_demo(Path(folder), file, target, options or [], keep=keep)


def _run_demo(folder: Path, file: Path | None, target: str | None, options: list[str], *, keep: bool) -> None:
    """Runs the demo on a stack in this folder.

    Raises:
        typer.Exit: Something failed (status 1), or it was interrupted (status 130).
    """
    steps = Steps(console)
    try:
        with interrupted_by_termination(), PeakMemory() as memory, ExitStack() as running:
            with steps.step("Start everything") as step:
                stack = running.enter_context(Stack(folder, _report))
                step.result = f"{len(stack.processes)} processes are ready"
            with Demo(stack, console, steps) as show:
                if file is None or target is None:
                    show.run_on_sample()
                else:
                    show.run_on_file(file, target, options)
            console.print(steps.summary(memory.peak))
            if keep:
                console.print(addresses(stack))
                console.print("Everything keeps running. Stop it with [bold]Ctrl-C[/].")
                signal.pause()
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(0 if keep else _INTERRUPTED) from interrupt
    except (ProcessFailed, DemoFailed, LeadlineError) as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error


def _run(data: Path, *, reload: bool, tls: bool) -> None:
    """Runs the stack until it is interrupted.

    Raises:
        typer.Exit: It could not be started (status 1).
    """
    try:
        with interrupted_by_termination(), Stack(data, _report, tls=tls) as stack:
            console.print(addresses(stack))
            console.print("Everything is ready. Stop it with [bold]Ctrl-C[/].")
            if reload:
                reload_on_change(stack, _report)
            else:
                signal.pause()
    except KeyboardInterrupt:
        console.print(f"Stopped. The data stays in {data}.")
    except (DataFolderInUse, ProcessFailed) as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error


def addresses(stack: Stack) -> Table:
    """Gives where everything can be reached, to be shown.

    Args:
        stack: The running stack.

    Returns:
        A table of names and addresses.
    """
    table = Table(title="Leadline", title_style="bold", show_header=False)
    dashboard = (
        f"http://{stack.edge_address}/app/" if (DASHBOARD / "index.html").exists() else "build it: make dashboard"
    )
    secure = {}
    if stack.authority is not None:
        secure = {
            "with TLS": f"https://{stack.tls_address}",
            "trust for TLS": _shown(stack.authority.certificate_file),
        }
    for name, address in {
        **secure,
        "dashboard": dashboard,
        "gRPC, gRPC-web": stack.edge_address,
        "REST": f"http://{stack.edge_address}/v1/leads",
        "WebSocket": f"ws://{stack.edge_address}/ws",
        "command line": f"export LEADLINE_PROFILE_FILE={_shown(stack.folder.profile)}",
        "log in as": f"{EMAIL}, password {stack.owner.password()}",
        "e-mail that would be sent": _shown(stack.folder.mailbox),
        "edge's admin page": f"http://127.0.0.1:{stack.ports.edge_admin}",
        "PostgreSQL": stack.postgres.url("leadline_owner"),
        "Valkey": stack.valkey.url,
        "logs": _shown(stack.folder.logs),
    }.items():
        table.add_row(name, address)
    return table


def _shown(path: Path) -> str:
    """Gives a path as short as it can be written here."""
    working = Path.cwd()
    return os.path.relpath(path) if path.is_relative_to(working) else str(path)


def _report(message: str) -> None:
    """Shows what happens."""
    console.print(message, style="dim", markup=False, highlight=False)


if __name__ == "__main__":
    app()
