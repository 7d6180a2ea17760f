"""The image's steps, replayed in an empty folder without an engine: what it copies, runs and sets is enough to serve.

The folder stands for the image's root; `/opt/…`, `/build` and `/var/lib/…` are below it.
`python` is a fresh environment.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy.read import COMPOSE, ROOT, image_environment, last, stages
from tests.running_gateway import free_port

PLACES = re.compile(r"(?<![\w./])/(opt|build|var)(?=/|\b)")
NOT_HERE = ("useradd ", "install -d -o ")
"""What needs root, and is done otherwise here."""
NOBODY = 65534


class Image:
    """A folder in which the steps of the Dockerfile have been done."""

    def __init__(self, root: Path, user: int = NOBODY) -> None:
        self.root = root
        self.user = user if os.getuid() == 0 else os.getuid()
        """Who runs it: nobody special, where it is root who starts it."""
        self.environment = {"PATH": f"{root}/python/bin:/usr/bin:/bin", "HOME": str(root)}
        self._own = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
        if (config := Path.home() / ".config/pip/pip.conf").exists():
            self._own["PIP_CONFIG_FILE"] = str(config)

    def here(self, text: str) -> str:
        """With the image's places below the folder."""
        return PLACES.sub(lambda match: f"{self.root}/{match[1]}", text)

    def build(self) -> None:
        """Every instruction, in order."""
        python = next(filter(None, (shutil.which("python3", path="/usr/bin"), sys.executable)))
        for stage in stages():
            shutil.rmtree(self.root / "python", ignore_errors=True)
            subprocess.run([python, "-m", "venv", self.root / "python"], check=True)
            folder = self.root
            for name, argument in stage:
                if name == "WORKDIR":
                    folder = Path(self.here(argument))
                    folder.mkdir(parents=True, exist_ok=True)
                elif name == "COPY" and not argument.startswith("--from"):
                    *sources, target = argument.split()
                    self._copy(sources, folder / target)
                elif name == "RUN":
                    self._run(argument, folder)

    def _copy(self, sources: list[str], target: Path) -> None:
        for source in sources:
            found = ROOT / source
            if found.is_dir():
                shutil.copytree(found, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(found, target)

    def _run(self, argument: str, folder: Path) -> None:
        steps = [step for step in self.here(argument).split("&&") if not step.strip().startswith(NOT_HERE)]
        environment = {**self._own, **self.environment, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        done = subprocess.run(
            ["sh", "-c", " && ".join(steps)], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{argument}\n{done.stdout}\n{done.stderr}"

    def start(self, *command: str, **settings: str) -> subprocess.Popen[str]:
        """The entry point with this command, as nobody special, in the image's folder and environment."""
        given = {name: self.here(value) for name, value in image_environment().items()}
        path = given.pop("PATH").replace("$PATH", self.environment["PATH"])
        return subprocess.Popen(
            [*json.loads(last("ENTRYPOINT")), *command],
            executable=shutil.which(json.loads(last("ENTRYPOINT"))[0], path=path),
            cwd=self.here(last("WORKDIR")),
            env={"PATH": path, **given, "GATEWAY_DOMAIN": "log.example", **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            user=self.user,
            extra_groups=[] if os.getuid() == 0 else None,
        )


@contextmanager
def empty() -> Iterator[Path]:
    """A folder that everybody can look into."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def ended(process: subprocess.Popen[str], exit_code: int = 0) -> str:
    said, _ = process.communicate(timeout=120)
    assert process.returncode == exit_code, said
    return said


def serves(image: Image) -> None:
    """It makes its database, serves, tells that it is healthy, and stops when it is told to."""
    state = Path(image.here(last("VOLUME")))
    state.mkdir(parents=True, exist_ok=True)
    os.chown(state, image.user, -1)
    ended(image.start(*COMPOSE["services"]["migrate"]["command"]))
    assert {path.name for path in state.iterdir()} >= {"gateway.db", "installation.key"}
    port, health = free_port(), f"127.0.0.1:{free_port()}"
    ports = {"GATEWAY_SMTP__LISTEN": f"127.0.0.1:{port}", "GATEWAY_HEALTH__LISTEN": health}
    healthy = json.loads(last("HEALTHCHECK").partition("CMD ")[2])[1:]
    assert "does the gateway run?" in ended(image.start(*healthy, **ports), 1)
    gateway = image.start(*json.loads(last("CMD")), **ports)
    try:
        _wait(gateway, port)
        ended(image.start(*healthy, **ports))
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            assert client.ehlo()[0] == 250
    finally:
        gateway.terminate()
        said = ended(gateway)
    assert "server.stopped" in said


def _wait(gateway: subprocess.Popen[str], port: int) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            smtplib.SMTP("127.0.0.1", port, timeout=30).quit()
        except OSError:
            assert gateway.poll() is None, gateway.communicate()[0]
            assert time.monotonic() < end
            time.sleep(0.1)
        else:
            return


def test_what_the_image_sets_and_starts_serves_with_the_packages_of_these_tests(tmp_path: Path) -> None:
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt" / "bcc-gateway").symlink_to(sys.prefix)
    serves(Image(tmp_path, user=os.getuid()))  # another user may not see these tests' folders


@pytest.mark.prove
def test_the_steps_of_the_image_lead_to_a_gateway_and_leave_no_tools() -> None:
    with empty() as root:
        began = time.monotonic()
        image = Image(root)
        image.build()
        print(f"the image's steps: {time.monotonic() - began:.0f} s")
        opt = Path(image.here("/opt/bcc-gateway"))
        names = {path.name.partition("-")[0].lower() for path in opt.rglob("*.dist-info")}
        assert "bcc_gateway" in names
        assert not names & {"pip", "setuptools", "wheel", "hatchling", "editables"}
        assert not list((root / "python").rglob("pip-*.dist-info"))
        size = sum(path.lstat().st_size for path in opt.rglob("*")) // 1024**2
        print(f"{size} MB in /opt/bcc-gateway")
        serves(image)
