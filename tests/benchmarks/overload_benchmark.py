"""One tenant asks for three times what the service can do: how much is answered, and what another tenant notices.

Calls go through the edge, as those of all clients do; the plan of both tenants has no limit that would count. The peak
is what so many callers get who call one call after the other that more of them get no more. Then three times as many
call, and wait as refusals tell them; and then calls come at three times the rate of the peak, whatever becomes of the
earlier ones. All the while a quiet tenant sends 20 calls a second. What both tenants get answered counts together.

All processes of the service run on one half of the machine's cores and those that call on the other, in every part of
the run alike: callers who shared the service's cores would take the more from it the more of them there are, which is
nothing that a service could do anything about. Each of the two tenants calls from a process of its own; the loud one's
gives way to the quiet one's, so that what the quiet one waits for is the service.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local.stack import Stack
from leadline_sdk import Client, Lead, to_fields
from server.runtime.identifiers import new_id
from tests.benchmarks.report import Report, Target

LEADS = 1_000
CALLERS = 24
QUIET_RATE = 20.0
SECONDS = 30.0
# The loud one ends after the quiet one.
MARGIN_SECONDS = 2.0
LOUD_NICENESS = 10


class Load:
    """Sends calls to one address from some of the machine's cores.

    Args:
        address: Of the edge.
        cores: The callers' cores.
    """

    def __init__(self, address: str, cores: set[int]) -> None:
        self._address = address
        self._cores = ",".join(map(str, sorted(cores)))

    async def loud(self, token: str, *, rate: float = 0.0, callers: int = 0) -> Any:
        """Send calls at a rate, or by so many callers."""
        return await self._send(token, rate, callers, SECONDS + MARGIN_SECONDS, LOUD_NICENESS)

    async def quiet(self, token: str) -> Any:
        """Send few calls."""
        return await self._send(token, QUIET_RATE, 0, SECONDS, 0)

    async def _send(self, token: str, rate: float, callers: int, seconds: float, niceness: int) -> Any:
        arguments = [self._address, token, str(rate), str(callers), str(seconds), self._cores, str(niceness)]
        command = [sys.executable, "-m", "tests.benchmarks.calling_process", *arguments]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"the calling process ended with {process.returncode}")
        return json.loads(output.splitlines()[-1])


@contextmanager
def _divided_cores() -> Iterator[set[int]]:
    """Leave half of the cores to this process and those that it starts, and give the other half."""
    cores = sorted(os.sched_getaffinity(0))
    half = max(1, len(cores) // 2)
    os.sched_setaffinity(0, cores[:half])
    try:
        yield set(cores[half:] or cores)
    finally:
        os.sched_setaffinity(0, cores)


def _fill(address: str, token: str) -> None:
    with Client(address, token=token, tls=False) as client:
        client.import_leads(
            Lead(external_id=str(number), email=f"lead-{number}@example.com", fields=to_fields({"Size": number}))
            for number in range(LEADS)
        )


async def measure() -> Report:
    """Run the benchmark."""
    with (
        _divided_cores() as callers_cores,
        tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder,
        Stack(Path(folder), Console(stderr=True).print, usual_ports=False) as stack,
    ):
        load = Load(stack.edge_address, callers_cores)
        loud, quiet = (stack.key.mint(new_id(), plan="enterprise", lifetime=7200.0) for _ in range(2))
        for token in (loud, quiet):
            await asyncio.to_thread(_fill, stack.edge_address, token)
        peak = await load.loud(loud, callers=CALLERS)
        alone = await load.quiet(quiet)
        found = {}
        for name, much in {
            "who wait as told": {"callers": 3 * CALLERS},
            "who never wait": {"rate": 3.0 * peak["answered"]},
        }.items():
            found[name] = await asyncio.gather(load.loud(loud, **much), load.quiet(quiet))
    return _report(peak, alone, found)


def _report(peak: Any, alone: Any, found: dict[str, Any]) -> Report:
    rows = [_row("peak", peak, None), _row("quiet tenant alone", None, alone)]
    figures: dict[str, float] = {"peak_per_second": peak["answered"], "alone_p99_ms": alone["p99_ms"]}
    for name, (loud, quiet) in found.items():
        rows.append(_row(f"three times the peak, of callers {name}", loud, quiet))
        suffix = name.replace(" ", "_")
        figures[f"goodput_of_those_{suffix}"] = (loud["answered"] + quiet["answered"]) / peak["answered"]
        figures[f"quiet_p99_ratio_beside_those_{suffix}"] = quiet["p99_ms"] / alone["p99_ms"]
        figures[f"quiet_refused_or_failed_beside_those_{suffix}"] = quiet["sent"] - quiet["answered"]
    return Report(
        name="overload",
        title=f"ListLeads, 50 a page; the quiet tenant sends {QUIET_RATE:.0f} a second",
        columns=["", "sent/s", "answered/s", "refused/s", "failed", "p50, ms", "quiet tenant's p50, ms", "its p99, ms"],
        rows=rows,
        figures=figures,
        targets=[
            Target(f"{figure}_{suffix}", comparison, bound)
            for suffix in (name.replace(" ", "_") for name in found)
            for figure, comparison, bound in (
                ("goodput_of_those", ">=", 0.9),
                ("quiet_p99_ratio_beside_those", "<=", 1.5),
                ("quiet_refused_or_failed_beside_those", "<=", 0.0),
            )
        ],
    )


def _row(name: str, loud: Any, quiet: Any) -> list[str]:
    row = [name, *([""] * 5 if loud is None else [])]
    if loud is not None:
        row += [f"{loud[column]:.0f}" for column in ("sent", "answered", "refused")]
        row += [str(sum(loud["failed"].values())), f"{loud['p50_ms']:.1f}"]
    return row + (["", ""] if quiet is None else [f"{quiet['p50_ms']:.1f}", f"{quiet['p99_ms']:.1f}"])
