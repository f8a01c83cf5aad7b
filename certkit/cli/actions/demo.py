"""The demo's story: the real commands and a real listener, in a scratch folder that is gone afterwards."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from certkit import files
from certkit.cli.support import defects
from certkit.cli.support.local_daemon import HOST, HOST_ELSEWHERE, STANDIN, LocalDaemon, listens
from certkit.cli.support.output import say
from certkit.earthly import config, engines
from certkit.errors import CertkitError

PERSON = "alice@acme.example"


def tell(buildkitd: Path | None) -> None:
    """Tell it, with this daemon, the one on PATH, or a stand-in."""
    program = _program(buildkitd)
    daemon = LocalDaemon(program, host=_host(program))
    try:
        with tempfile.TemporaryDirectory(prefix="certkit-demo-") as folder:
            _tell_story(_Scene(Path(folder), daemon, program))
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

    def __init__(self, folder: Path, daemon: LocalDaemon, program: tuple[str, ...]) -> None:
        self.folder = folder
        self.daemon = daemon
        self.program = _describe(program)
        self.is_real = program != STANDIN
        self.laptop = folder / "alice"
        self.laptop.mkdir()
        ours = ("CERTKIT_", "EARTHLY_", "EARTH_", "SUDO_", "XDG_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.environment = kept | {"CERTKIT_HOME": str(folder / "lead"), "HOME": str(self.laptop)}

    def type(self, *arguments: str, code: int = 0, quiet: bool = False) -> None:
        """Show a command line and run it; raise CertkitError if it does not end with this exit code."""
        say("", f"$ {shlex.join(('certkit', *arguments))}{' > /dev/null' if quiet else ''}")
        sys.stdout.flush()
        ended = subprocess.run(  # noqa: S603  our own program
            [sys.executable, "-m", "certkit", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL if quiet else None,
            check=False,
        )
        if ended.returncode != code:
            raise CertkitError(f"the demo expected exit code {code} and got {ended.returncode}", defects.report())
        if code:
            say(f"(exit code {code})")

    def restart(self, home: str = "lead", *, asks: bool = True) -> None:
        """Start the daemon anew with the files of a home; unless it `asks` for certificates, without its `ca.pem`."""
        files = self.folder / home / "daemons" / "build"
        names = ("ca", "cert", "key") if asks else ("cert", "key")
        self.daemon.stop()
        if not asks:  # whoever is on this machine gets in: never at a real daemon, which runs what it is told, as root
            self.daemon.become(STANDIN)
        self.daemon.start(**{name: files / f"{name}.pem" for name in names})


def _tell_story(scene: _Scene) -> None:
    say(f"A team, its shared daemon and a developer, all in {scene.folder}")
    say(f"The daemon is {scene.program}")
    _set_up(scene)
    _enroll(scene)
    say("", "Now three things go wrong. With the first two, Earthly waits 60 seconds and says")
    say('"timeout: buildkitd did not respond"; with the third it builds, and says nothing.', "The probe says:")
    _break(scene)
    say("", "That was all, and the scratch folder is gone. To begin in earnest: certkit init --help")


def _set_up(scene: _Scene) -> None:
    _chapter("1. The lead creates the team: two authorities, and the daemon's certificate")
    scene.type("init", "--team", "acme", "--daemon", scene.daemon.url, "--name", "build")
    _chapter("2. The daemon is started with its three files")
    scene.restart()
    say(f"It listens on {scene.daemon.url}, and lets in only whom the team's client authority vouches for.")


def _enroll(scene: _Scene) -> None:
    _chapter("3. The lead issues Alice a bundle: one file, sealed under a passphrase")
    files.write(scene.folder / "passphrase", b"correct-kettle-violet-anchor-mango-seven\n")
    sealed = ("--passphrase-file", "passphrase")
    say("Without --passphrase-file it makes up a passphrase and shows it once, and enroll asks for it.")
    scene.type("issue", PERSON, "--out", "alice.certkit", *sealed)
    _chapter("4. Alice enrolls her laptop, and the probe shows that all is well")
    _give_address(scene)
    scene.type("enroll", "alice.certkit", "--for", "earthly", *sealed)


def _give_address(scene: _Scene) -> None:
    if engines.find(config.AUTO, scene.environment).program:
        return
    scene.environment["EARTHLY_BUILDKIT_HOST"] = scene.daemon.url
    say("Neither Docker nor Podman works here, so Earthly wants the daemon's address from the environment:", "")
    say(f"$ export EARTHLY_BUILDKIT_HOST={scene.daemon.url}")


def _break(scene: _Scene) -> None:
    _chapter("5. The daemon is down")
    scene.daemon.stop()
    scene.type("probe", code=3)
    _chapter("6. Somebody else answers at its address, with a certificate of the same names")
    scene.type(
        "init", "--team", "acme", "--daemon", scene.daemon.url, "--name", "build", "--home", "mallory", quiet=True
    )
    scene.restart("mallory")
    scene.type("probe", code=3)
    _chapter("7. It is restarted without --tlscacert: builds work, and anybody may run anything there")
    say("(Here a stand-in takes its place, which builds nothing for anybody.)") if scene.is_real else None
    scene.restart(asks=False)
    scene.type("probe", code=3)


def _chapter(title: str) -> None:
    say("", title, "-" * len(title))
