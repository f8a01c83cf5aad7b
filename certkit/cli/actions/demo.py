"""The demo's story: the real commands and a real listener, in a scratch folder that is gone afterwards."""

import contextlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from certkit import files
from certkit.cli.support import defects
from certkit.cli.support.local_daemon import HOST, HOST_ELSEWHERE, STANDIN, LocalDaemon, free_port, listens
from certkit.cli.support.output import say
from certkit.earthly import config, engines
from certkit.errors import CertkitError

PERSON = "alice@acme.example"
_SERVER_HOST = "127.0.0.1"
_CODE = re.compile(r"https://\S+/#[a-z2-7]+")


def tell(buildkitd: Path | None) -> None:
    """Tell it, with this daemon, the one on PATH, or a stand-in."""
    program = _program(buildkitd)
    daemon = LocalDaemon(program, host=_host(program))
    try:
        with tempfile.TemporaryDirectory(prefix="certkit-demo-") as folder, contextlib.ExitStack() as background:
            _tell_story(_Scene(Path(folder), daemon, program, background))
    finally:
        daemon.close()


def _program(buildkitd: Path | None) -> tuple[str, ...]:
    if buildkitd:
        return (str(buildkitd),)
    found = shutil.which("buildkitd")
    can_run = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("runc")
    return (found,) if found and can_run else STANDIN


def _host(program: tuple[str, ...]) -> str:
    """Choose where the daemon listens; a real one never where the network reaches it."""
    has_own = sys.platform == "linux" and (program != STANDIN or listens(HOST))
    return HOST if has_own else HOST_ELSEWHERE


def _describe(program: tuple[str, ...]) -> str:
    if program == STANDIN:
        return "a stand-in, which answers as buildkitd does and builds nothing (a real one: --buildkitd PATH)"
    return program[0]


class _Scene:
    """The scratch folder with the lead's and Alice's things, the daemon, and the commands that are typed there."""

    def __init__(
        self, folder: Path, daemon: LocalDaemon, program: tuple[str, ...], background: contextlib.ExitStack
    ) -> None:
        self.folder = folder
        self.daemon = daemon
        self.program = _describe(program)
        self.laptop = folder / "alice"
        self.laptop.mkdir()
        ours = ("CERTKIT_", "EARTHLY_", "EARTH_", "SUDO_", "XDG_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.environment = kept | {"CERTKIT_HOME": str(folder / "lead"), "HOME": str(self.laptop)}
        self._background = background

    def type(self, *arguments: str, code: int = 0) -> None:
        """Show a command line and run it; raise CertkitError if it does not end with this exit code."""
        _show(arguments)
        _check(self._start(arguments).wait(), code)
        if code:
            say(f"(exit code {code})")

    def read(self, *arguments: str) -> str:
        """Do the same, and return what the command has printed."""
        _show(arguments)
        running = self._start(arguments, stdout=subprocess.PIPE)
        printed = running.communicate()[0]
        say(*printed.splitlines())
        _check(running.returncode, 0)
        return printed

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command that says nothing, beside the story; it is over when that is."""
        started = self._start(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

        def end() -> None:
            started.terminate()
            started.wait()
            if started.stderr:
                started.stderr.close()

        self._background.callback(end)
        return started

    def _start(
        self, arguments: Sequence[str], *, stdout: int | None = None, stderr: int | None = None
    ) -> "subprocess.Popen[str]":
        sys.stdout.flush()
        command, where = [sys.executable, "-m", "certkit", *arguments], self.folder
        return subprocess.Popen(  # noqa: S603  our own program
            command, cwd=where, env=self.environment, stdout=stdout, stderr=stderr, text=True
        )

    def restart(self, home: str = "lead") -> None:
        """Start the daemon anew with the files of a home."""
        files = self.folder / home / "daemons" / "build"
        self.daemon.stop()
        self.daemon.start(**{name: files / f"{name}.pem" for name in ("ca", "cert", "key")})


def _show(arguments: Sequence[str], behind: str = "") -> None:
    say("", f"$ {shlex.join(('certkit', *arguments))}{behind}")


def _check(ended: int, code: int) -> None:
    if ended != code:
        raise CertkitError(f"the demo expected exit code {code} and got {ended}", defects.report())


def _tell_story(scene: _Scene) -> None:
    say(f"A team, its shared daemon and a developer, all in {scene.folder}")
    say(f"The daemon is {scene.program}")
    over_network = all(importlib.util.find_spec(each) for each in ("aiohttp", "structlog"))
    _create_team(scene)
    serving = _Serving(scene) if over_network else None  # it starts while the daemon does
    _start_daemon(scene)
    mallory = scene.begin(*_create(scene), "--home", "mallory")
    if serving:
        _enroll_with_code(scene, serving)
    else:
        _enroll_with_bundle(scene)
    say("", "Now three things go wrong. Each time Earthly waits 60 seconds and says")
    say('"timeout: buildkitd did not respond". The probe says:')
    _break(scene, mallory)
    _revoke(scene, over_network=over_network)
    say("", "That was all, and the scratch folder is gone. To begin in earnest: certkit init --help")


def _create(scene: _Scene) -> tuple[str, ...]:
    return ("init", "--team", "acme", "--daemon", scene.daemon.url, "--name", "build")


def _create_team(scene: _Scene) -> None:
    _chapter("The lead creates the team: two authorities, and the daemon's certificate")
    scene.type(*_create(scene))


def _start_daemon(scene: _Scene) -> None:
    _chapter("The daemon is started with its three files")
    scene.restart()
    say(f"It listens on {scene.daemon.url}, and lets in only whom the team's client authority vouches for.")


class _Serving:
    """The server in the background."""

    def __init__(self, scene: _Scene) -> None:
        port = free_port(_SERVER_HOST)
        self._command = "serve", "--listen", f"{_SERVER_HOST}:{port}", "--url", f"https://{_SERVER_HOST}:{port}"
        self._running = scene.begin(*self._command)

    def show(self) -> None:
        """Show how it was started, and wait until it says that it serves."""
        _show(self._command, " &")
        said = self._running.stderr.readline() if self._running.stderr else ""
        if '"serving"' not in said:
            raise CertkitError(f"the demo's server does not serve: {said.strip()}", defects.report())


def _enroll_with_code(scene: _Scene, serving: _Serving) -> None:
    _chapter("The lead starts the server, and invites Alice: one line, which is good for an hour")
    serving.show()
    code = _CODE.search(scene.read("invite", PERSON))
    _chapter("Alice enrolls her laptop: its key is made there, and the probe shows that all is well")
    _give_address(scene)
    scene.type("enroll", code[0] if code else "", "--for", "earthly", "--no-timer")
    _chapter("The certificate is renewed, with a new key, once the daemon was seen to accept it")
    say("A timer does that when it is time; here it was not set.")
    scene.type("renew")


def _enroll_with_bundle(scene: _Scene) -> None:
    _chapter("The lead issues Alice a bundle: one file, sealed under a passphrase")
    say("(With a server it is one line: pip install 'certkit[server]')")
    files.write(scene.folder / "passphrase", b"correct-kettle-violet-anchor-mango-seven\n")
    sealed = ("--passphrase-file", "passphrase")
    say("Without --passphrase-file it makes up a passphrase and shows it once, and enroll asks for it.")
    scene.type("issue", PERSON, "--out", "alice.certkit", *sealed)
    _chapter("Alice enrolls her laptop, and the probe shows that all is well")
    _give_address(scene)
    scene.type("enroll", "alice.certkit", "--for", "earthly", *sealed)


def _give_address(scene: _Scene) -> None:
    if engines.find(config.AUTO, scene.environment).program:
        return
    scene.environment["EARTHLY_BUILDKIT_HOST"] = scene.daemon.url
    say("Neither Docker nor Podman works here, so Earthly wants the daemon's address from the environment:", "")
    say(f"$ export EARTHLY_BUILDKIT_HOST={scene.daemon.url}")


def _break(scene: _Scene, mallory: "subprocess.Popen[str]") -> None:
    _chapter("The daemon is down")
    scene.daemon.stop()
    scene.type("probe", code=3)
    _chapter("Somebody else answers at its address, with a certificate of the same names")
    _check(mallory.wait(), 0)
    scene.restart("mallory")
    scene.type("probe", code=3)


def _revoke(scene: _Scene, *, over_network: bool) -> None:
    _chapter("Alice leaves. The lead revokes her, and the daemon is restarted with its newest files")
    scene.type("revoke", PERSON, "--reason", "left")
    scene.restart()
    if over_network:
        say("", "The server refuses her at once, and the daemon, too:")
        scene.type("renew", code=1)
    scene.type("probe", code=3)


def _chapter(title: str) -> None:
    say("", title, "-" * len(title))
