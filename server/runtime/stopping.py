"""That this process is about to stop, so that what could go on for ever ends by itself."""

from server.runtime.errors import DependencyUnavailable


class Stopping:
    """Whether the process was told to stop."""

    def __init__(self) -> None:
        self._has_begun = False

    def begin(self) -> None:
        """Notes that the process was told to stop."""
        self._has_begun = True

    def check(self) -> None:
        """Asks whether something without an end may go on.

        Raises:
            DependencyUnavailable: The process stops; another one can go on with it.
        """
        if self._has_begun:
            raise DependencyUnavailable("backend")


STOPPING = Stopping()
"""Of this process."""
