"""Runs all benchmarks, or those that are named: `python -m tests.benchmarks [NAME ...]`.

The exit status tells only whether everything could be measured; whether the targets are met stands in each report.
"""

import asyncio
import importlib
import sys

from rich.console import Console

NAMES = (
    "accuracy",
    "score_latency",
    "import",
    "explain",
    "training",
    "bulk",
    "serving_peers",
    "demo",
    "cache",
    "freshness",
    "watchers",
    "ingest",
    "list_at_scale",
    "overload",
    "edge_overhead",
    "server_overhead",
    "sdk_overhead",
    "dashboard",
)


def main(wanted: list[str]) -> int:
    """Run the named benchmarks, or all.

    Returns:
        0 if all could be measured, 2 if a name is unknown.
    """
    console = Console(stderr=False)
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        console.print(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
        return 2
    for name in wanted or NAMES:
        module = importlib.import_module(f"tests.benchmarks.{name}_benchmark")
        asyncio.run(module.measure()).show(console)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
