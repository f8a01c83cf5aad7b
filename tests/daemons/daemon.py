"""A real BuildKit daemon of one of the three flavours, run as its operator would."""

from collections.abc import Callable
from pathlib import Path

from certkit.cli.support.local_daemon import LocalDaemon
from tests.daemons.build import programs
from tests.daemons.loopback import HOST
from tests.daemons.ports import free_port

__all__ = ["HOST", "Daemon", "Start", "free_port"]


class Daemon(LocalDaemon):
    """A running `buildkitd`: TLS if it has `cert` and `key`, mutual TLS if it has `ca` too."""

    def __init__(
        self,
        flavour: str,
        *,
        ca: Path | None = None,
        cert: Path | None = None,
        key: Path | None = None,
        host: str = HOST,
        port: int | None = None,
        extra: tuple[str, ...] = (),
    ) -> None:
        self.flavour = flavour
        self.programs = programs(flavour)
        super().__init__((str(self.programs.buildkitd),), host=host, port=port or free_port(host), extra=extra)
        self._files = {"ca": ca, "cert": cert, "key": key}
        self.restart()

    def restart(self, *, ca: Path | None = None, cert: Path | None = None, key: Path | None = None) -> None:
        """Start it anew at the same address with these files: the way, the only one, to make it read new ones.

        Without any file it keeps its own.
        """
        self.stop()
        if ca or cert or key:
            self._files = {"ca": ca, "cert": cert, "key": key}
        self.start(**self._files)


Start = Callable[..., Daemon]
"""The fixture `daemon_factory`: takes what Daemon takes."""
