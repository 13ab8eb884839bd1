"""The dashboard in Chromium: what a page loads, how it scrolls, how soon a change is seen, how long a build takes."""

import asyncio
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from deploy.local.processes import DASHBOARD, REPOSITORY
from tests.benchmarks.live_load import EVENT_TYPE
from tests.benchmarks.report import Report, Target
from tests.benchmarks.trained_stack import trained_stack

OPEN_LEADS = 10_000
CHANGE_SECONDS = int(os.environ.get("LEADLINE_DASHBOARD_SECONDS", "60"))
"""For how long 500 changes a second come in; 600 is what the dashboard is meant to stand."""
MOST_JAVASCRIPT_KIB = 350.0
CLEAN_SOURCES = ("clients/dashboard", "sdk/typescript")
BUILT = ("node_modules", "out", ".next", "dist", "build", "*.tsbuildinfo")
# It is made for a desktop, and fits a phone: there Lighthouse stands for a slow one with a slow connection.
PRESETS = {"desktop": ("--preset=desktop",), "mobile": ()}
LIGHTHOUSE = Path(__file__).parent / "lighthouse"
LIGHTHOUSE_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update"
)


class ProgramFailed(RuntimeError):
    """A program that the benchmark runs ended with an error."""


async def _run(*command: str, folder: Path, environment: dict[str, str] | None = None) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=os.environ | (environment or {}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise ProgramFailed(f"{command[0]} failed: {errors.decode()[-2_000:]}")
    return output.decode()


async def _clean_build_seconds() -> float:
    """Build the dashboard from a copy of its sources alone, packages included."""
    with tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder:
        for source in CLEAN_SOURCES:
            await asyncio.to_thread(
                shutil.copytree, REPOSITORY / source, Path(folder, source), ignore=shutil.ignore_patterns(*BUILT)
            )
        begun = time.perf_counter()
        await _run("./build.sh", folder=Path(folder, "clients/dashboard"))
        return time.perf_counter() - begun


async def _lighthouse(address: str) -> dict[str, dict[str, float]]:
    """Give the scores of the log-in page, 0 to 100, by preset and category; it is measured as Envoy serves it."""
    await _run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", folder=LIGHTHOUSE)
    found = {}
    for preset, flags in PRESETS.items():
        report = await _run(
            "node_modules/.bin/lighthouse",
            f"http://{address}/app/log-in/",
            "--quiet",
            *flags,
            "--output=json",
            "--only-categories=performance,accessibility",
            f"--chrome-flags={LIGHTHOUSE_FLAGS}",
            folder=LIGHTHOUSE,
            environment={"CHROME_PATH": _chromium()},
        )
        categories: dict[str, Any] = json.loads(report)["categories"]
        found[preset] = {name: category["score"] * 100 for name, category in categories.items()}
    return found


def _chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if found is None:
        raise ProgramFailed("no browser: install Chromium, or name one in CHROMIUM")
    return found


async def measure() -> Report:
    """Run the benchmark.

    Raises:
        ProgramFailed: there is no browser, or a program failed.
    """
    chromium = _chromium()
    build_seconds = await _clean_build_seconds()
    await _run("./build.sh", folder=DASHBOARD.parent)
    with tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder:
        async with trained_stack(Path(folder, "stack"), OPEN_LEADS) as system:
            token = Path(folder, "token")
            await asyncio.to_thread(token.write_text, system.token, encoding="utf-8")
            scores = await _lighthouse(system.stack.edge_address)
            output = await _run(
                "node",
                "tests/figures.mjs",
                system.stack.edge_address,
                str(token),
                EVENT_TYPE,
                str(CHANGE_SECONDS),
                folder=DASHBOARD.parent,
                environment={"CHROMIUM": chromium},
            )
    return _report(json.loads(output), scores, build_seconds)


def _report(found: dict[str, Any], scores: dict[str, dict[str, float]], build_seconds: float) -> Report:
    sizes = {page: size / 1024 for page, size in found["javascript"].items()}
    scroll, seen, flood = found["scroll"], found["seen"], found["flood"]
    rows = [
        *((f"/app/{page}: JavaScript, gzipped", f"{size:,.0f} KiB") for page, size in sorted(sizes.items())),
        *(
            (f"Lighthouse, log-in page, {preset}: {category}", f"{score:.0f}")
            for preset, categories in scores.items()
            for category, score in categories.items()
        ),
        (f"{found['rows']:,} leads scrolled: frames a second", f"{scroll['fps']:.0f}"),
        ("the same: between frames, p95", f"{scroll['gapP95']:.1f} ms"),
        ("the same: frames that come late", f"{scroll['late']:.1%}"),
        ("the same: the page's thread is busy, a frame", f"{scroll['busy']:.1f} ms"),
        ("from an event sent until its score change is seen, p50", f"{seen['p50']:.0f} ms"),
        (f"the same, p95 of {seen['count']}", f"{seen['p95']:.0f} ms"),
        (
            f"{flood['changes']:.0f} changes a second for {CHANGE_SECONDS} s: between frames, p95",
            f"{flood['gapP95']:.1f} ms",
        ),
        ("the same: frames that come late", f"{flood['late']:.1%}"),
        ("the same: the page's thread is busy", f"{flood['busyShare']:.0%}"),
        ("the same: memory after, against before", f"{flood['growth']:.2f}"),
        ("npm ci and build from sources alone", f"{build_seconds:.0f} s"),
    ]
    figures = {
        "javascript_kib": max(sizes.values()),
        **{f"{name}_{preset}": score for preset, categories in scores.items() for name, score in categories.items()},
        "scroll_fps": scroll["fps"],
        "scroll_late_share": scroll["late"],
        "seen_p95_ms": seen["p95"],
        "flood_gap_p95_ms": flood["gapP95"],
        "flood_late_share": flood["late"],
        "flood_memory_growth": flood["growth"],
        "build_seconds": build_seconds,
    }
    targets = [
        Target("javascript_kib", "<=", MOST_JAVASCRIPT_KIB),
        *(Target(f"{name}_{preset}", ">=", 95.0) for preset in PRESETS for name in ("performance", "accessibility")),
        Target("scroll_fps", ">=", 59.0),
        Target("seen_p95_ms", "<=", 200.0),
        Target("flood_memory_growth", "<=", 1.2),
        Target("build_seconds", "<=", 180.0),
    ]
    return Report("dashboard", "The dashboard in Chromium", ("what", "figure"), rows, figures, targets)
