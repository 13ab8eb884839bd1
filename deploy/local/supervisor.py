"""Starts again what crashed."""

import threading
import time
from collections.abc import Callable, Sequence

from deploy.local.process import ChildProcess

_CHECK_SECONDS = 0.2
_FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
_STABLE_SECONDS = 60.0


class Supervisor:
    """Watches child processes from a thread of its own, and starts each again that ends without being asked to.

    It waits half a second before the first restart and twice as long before each further one, up to a longest delay, so
    that a process which can't run does not eat the machine. A minute without a crash and it begins anew.

    Args:
        processes: The processes to watch.
        report: Told in a sentence of each crash.
        longest_delay_seconds: The longest delay, at least half a second.
    """

    def __init__(
        self,
        processes: Sequence[ChildProcess],
        report: Callable[[str], None],
        *,
        longest_delay_seconds: float = LONGEST_DELAY_SECONDS,
    ) -> None:
        self._processes = processes
        self._report = report
        self._longest_delay = longest_delay_seconds
        self._ending = threading.Event()
        self._holding = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._delays = dict.fromkeys((process.name for process in processes), _FIRST_DELAY_SECONDS)
        self._restart_times: dict[str, float] = {}
        self._start_times: dict[str, float] = {}

    def start(self) -> None:
        """Begins to watch."""
        self._thread.start()

    def hold(self) -> None:
        """Starts nothing any more from here on. The processes may then be stopped."""
        with self._lock:
            self._holding = True

    def end(self) -> None:
        """Ends watching. The processes are stopped before: the ones it started again are tied to its thread."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._ending.wait(_CHECK_SECONDS):
            with self._lock:
                for process in self._processes:
                    if process.wanted and not process.running and not self._holding:
                        self._revive(process)

    def _revive(self, process: ChildProcess) -> None:
        """Plans the restart of a process that crashed, or does it if its time has come."""
        now = time.monotonic()
        name = process.name
        if name not in self._restart_times:
            if now - self._start_times.get(name, now) > _STABLE_SECONDS:
                self._delays[name] = _FIRST_DELAY_SECONDS
            self._restart_times[name] = now + self._delays[name]
            self._report(
                f"{name} ended with status {process.exit_status}; starting it again in {self._delays[name]:g} s. "
                f"Its log: {process.log}"
            )
            self._delays[name] = min(2 * self._delays[name], self._longest_delay)
        elif now >= self._restart_times[name]:
            del self._restart_times[name]
            self._start_times[name] = now
            process.start()
