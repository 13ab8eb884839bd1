"""One tenant asks for three times what the server can do: how much is answered, and what another tenant notices.

The server is called directly: limits of the edge, which would keep such a tenant from it, count for nothing here. The
peak is what so many callers get who call one call after the other that more of them get no more. Then three times as
many call, and wait as refusals tell them; and then calls come at three times the rate of the peak, whatever becomes of
the earlier ones. All the while a quiet tenant sends 20 calls a second. Each of the two tenants calls from a process of
its own.
"""

import asyncio
import json
import sys
import tempfile
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
SECONDS = 20.0
# The loud one begins before and ends after the quiet one.
MARGIN_SECONDS = 4.0


async def _send(address: str, token: str, *, rate: float = 0.0, callers: int = 0, seconds: float = SECONDS) -> Any:
    arguments = [address, token, str(rate), str(callers), str(seconds)]
    command = [sys.executable, "-m", "tests.benchmarks.calling_process", *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"the calling process ended with {process.returncode}")
    return json.loads(output.splitlines()[-1])


def _fill(address: str, token: str) -> None:
    with Client(address, token=token, tls=False) as client:
        client.import_leads(
            Lead(external_id=str(number), email=f"lead-{number}@example.com", fields=to_fields({"Size": number}))
            for number in range(LEADS)
        )


async def measure() -> Report:
    """Run the benchmark."""
    with (
        tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder,
        Stack(Path(folder), Console(stderr=True).print, usual_ports=False) as stack,
    ):
        address = f"127.0.0.1:{stack.ports.server}"
        loud, quiet = (stack.key.mint(new_id(), lifetime=7200.0) for _ in range(2))
        for token in (loud, quiet):
            await asyncio.to_thread(_fill, address, token)
        peak = await _send(address, loud, callers=CALLERS)
        alone = await _send(address, quiet, rate=QUIET_RATE)
        found = {}
        for name, load in {
            "who wait as told": {"callers": 3 * CALLERS},
            "who never wait": {"rate": 3.0 * peak["answered"]},
        }.items():
            found[name] = await asyncio.gather(
                _send(address, loud, seconds=SECONDS + MARGIN_SECONDS, **load),
                _send(address, quiet, rate=QUIET_RATE),
            )
    rows = [["peak", f"{peak['answered']:.0f}", "", ""], ["quiet tenant alone", "", "", f"{alone['p99_ms']:.1f}"]]
    figures: dict[str, float] = {"peak_per_second": peak["answered"], "alone_p99_ms": alone["p99_ms"]}
    for name, (loud_found, quiet_found) in found.items():
        answered, refused, p99 = loud_found["answered"], loud_found["refused"], quiet_found["p99_ms"]
        rows.append([f"three times the peak, of callers {name}", f"{answered:.0f}", f"{refused:.0f}", f"{p99:.1f}"])
        suffix = name.replace(" ", "_")
        figures[f"goodput_of_those_{suffix}"] = answered / peak["answered"]
        figures[f"quiet_p99_ratio_beside_those_{suffix}"] = p99 / alone["p99_ms"]
    return Report(
        name="overload",
        title=f"ListLeads, 50 a page; the quiet tenant sends {QUIET_RATE:.0f} a second",
        columns=["", "answered/s", "refused/s", "quiet tenant's p99, ms"],
        rows=rows,
        figures=figures,
        targets=[
            Target("goodput_of_those_who_wait_as_told", ">=", 0.9),
            Target("quiet_p99_ratio_beside_those_who_wait_as_told", "<=", 1.5),
            Target("goodput_of_those_who_never_wait", ">=", 0.9),
            Target("quiet_p99_ratio_beside_those_who_never_wait", "<=", 1.5),
        ],
    )
