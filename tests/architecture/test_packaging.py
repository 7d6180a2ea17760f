"""What is installed: locked packages, a wheel with everything that runs and nothing else, an image that fits both."""

import re
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.deploy.read import stages

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "storage", "config")
LOCKS = ("build.lock", "requirements.lock", "requirements-dev.lock")


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_each_package_by_hash_and_names_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"https?:|git\+|file:|@ |--(extra-)?index-url|--find-links", text)
    entries = [entry for entry in re.split(r"\n(?=\S)", text.strip()) if not entry.startswith("#")]
    assert entries
    for entry in entries:
        assert re.fullmatch(r"[a-z0-9._-]+==\S+( ; [^\\]+)?( \\\s+--hash=sha256:[0-9a-f]{64})+\s*", entry), entry[:80]


def test_the_image_can_drop_its_build_tools_again() -> None:
    tools, needed = (set(re.findall(r"(?m)^[^\s=]+", (ROOT / lock).read_text())) for lock in LOCKS[:2])
    assert tools & needed == set()


def instructions() -> list[tuple[str, str]]:
    return [instruction for stage in stages() for instruction in stage]


def copied() -> list[str]:
    copies = [argument.split() for name, argument in instructions() if name == "COPY" and "--from" not in argument]
    return [source for copy in copies for source in copy[:-1]]


def test_what_the_image_copies_exists_and_is_let_through() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(PACKAGES) < set(copied())
    for source in copied():
        assert (ROOT / source).exists(), source
    assert let_through == set(copied())


def test_the_image_installs_from_the_locks_as_make_does() -> None:
    runs = [argument for name, argument in instructions() if name == "RUN"]
    options = [option for run in runs for option in re.findall(r"pip --python \S+ install (.+?)(?: &&|$)", run)]
    assert options == [
        "--require-hashes -r build.lock",
        "--require-hashes --no-build-isolation -r requirements.lock",
        "--no-deps --no-build-isolation .",
    ]
    make = (
        (ROOT / "Makefile").read_text().replace("--quiet --disable-pip-version-check ", "").replace("--editable ", "")
    )
    assert [option for option in options if f"pip install {option}\n" not in make] == []


def test_the_image_runs_the_python_that_the_locks_are_for() -> None:
    bases = {argument.split()[0] for name, argument in instructions() if name == "FROM"}
    assert bases == {"python:3.11-slim"}
    assert "--python-version 3.11 " in (ROOT / "Makefile").read_text()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of the files in the wheel, built from this tree without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_the_wheel_holds_every_module_and_data_file(wheel: list[str]) -> None:
    files = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".py", ".sql", ".toml"}
    }
    assert {"config/gateway.example.toml", "gateway/operator_log.py"} < files
    assert files - set(wheel) == set()


def test_the_wheel_holds_nothing_else(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not fnmatch(top, "bcc_gateway-*.dist-info")} == set(PACKAGES)
    assert not [name for name in wheel if re.search(r"(^|/)(tests|fixtures|__pycache__)/|\.(eml|key|db)$", name)]
