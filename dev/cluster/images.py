"""The images of our own programs: one layer of Debian, one of pinned dependencies, one of our code.

The lower two come from the cache as long as their recipe and ``uv.lock`` say the same, so a change of code
costs a tar of some hundred files. A reference ends with a digest of everything inside; equal content is never
built or imported twice.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dev.cluster import base, containerd
from dev.cluster.commands import run, run_telling
from dev.cluster.errors import BuildFailed, ClusterError
from dev.cluster.folders import REPOSITORY, cache_folder, locked, say
from dev.cluster.oci import Image, Layer, add_folder, write_archive, write_layer
from dev.cluster.state import Cluster
from dev.cluster.supervisor import running

REGISTRY = "switchboard.local"

_RECIPE = "2"  # raise it when what is made from the same sources changes
_DEPENDENCIES, _CODE = "app/lib", "app/code"


@dataclass(frozen=True)
class OwnProgram:
    """A program of ours that runs in a pod.

    Attributes:
        image: the image's name.
        package: the workspace package that is installed.
        module: what ``python3 -m`` runs.
        extras: the package's extras that are installed too.
    """

    image: str
    package: str
    module: str
    extras: tuple[str, ...] = ()


OWN_PROGRAMS = (
    OwnProgram("switchboard-operator", "switchboard-operator", "switchboard_operator"),
    OwnProgram("switchboard-runtime", "switchboard-runtime", "switchboard_runtime", ("llm", "otel", "postgres")),
    OwnProgram("twilio-emulator", "twilio-emulator", "twilio_emulator"),
)


def ensure(cluster: Cluster | None) -> dict[str, str]:
    """Build the images that are not there and import them; give each image's reference by its name.

    Args:
        cluster: the running cluster to import into; without one the images are only named.
    """
    held = containerd.images(cluster) if cluster else set()
    references = {}
    for snapshot in _snapshots():
        references[snapshot.program.image] = snapshot.reference
        if cluster and snapshot.reference not in held:
            _import(cluster, snapshot)
    return references


def export(folder: Path) -> dict[str, str]:
    """Write each image as an archive that docker, podman, kind and k3s load; give each reference by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    references = {}
    for snapshot in _snapshots():
        references[snapshot.program.image] = snapshot.reference
        write_archive(folder / f"{snapshot.program.image}.tar", _image(snapshot))
    return references


def running_cluster(cluster: Cluster) -> Cluster | None:
    """Give the cluster if its container runtime runs."""
    return cluster if running(cluster, "containerd") is not None else None


@dataclass(frozen=True)
class _Snapshot:
    """A program's code as it was at one moment, so that an edit meanwhile cannot part name and content."""

    program: OwnProgram
    folder: Path
    reference: str


def _snapshots() -> Iterator[_Snapshot]:
    with locked(cache_folder() / "images" / "lock", waiting_for="images are being built"):
        for program in OWN_PROGRAMS:
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch) / "code"
                for package in _code_folders(program):
                    ignored = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(package, folder / package.name, ignore=ignored)
                yield _Snapshot(program, folder, _reference(program, folder))


def _import(cluster: Cluster, snapshot: _Snapshot) -> None:
    image = _image(snapshot)
    archive = snapshot.folder.with_name("image.tar")
    write_archive(archive, image, without=containerd.blobs(cluster))
    containerd.import_image(cluster, archive)
    say(f"image {image.reference}: imported")


def _image(snapshot: _Snapshot) -> Image:
    program = snapshot.program
    config = {
        "Entrypoint": ["python3", "-m", program.module],
        "Env": [
            "PATH=/usr/local/bin:/usr/bin:/bin",
            f"PYTHONPATH=/{_CODE}:/{_DEPENDENCIES}",
            "PYTHONDONTWRITEBYTECODE=1",
            "PYTHONUNBUFFERED=1",
            "LANG=C.UTF-8",
        ],
        "User": f"{base.USER}:{base.USER}",
        "WorkingDir": "/app",
    }
    layers = [base.ensure(), _dependencies(program), _code(snapshot.folder)]
    return Image(snapshot.reference, layers, config)


def _reference(program: OwnProgram, folder: Path) -> str:
    digest = hashlib.sha256(f"{_RECIPE} {base.key()} {_requirements(program)}".encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)}\0".encode())
            digest.update(path.read_bytes())
    return f"{REGISTRY}/{program.image}:{digest.hexdigest()[:12]}"


def _dependencies(program: OwnProgram) -> Layer:
    """Install what the lock pins for the program, or give the layer that was made of the same before."""
    requirements = _requirements(program)
    folder = cache_folder() / "images" / "dependencies"
    key = hashlib.sha256(f"{_RECIPE} {base.key()} {requirements}".encode()).hexdigest()[:16]
    marker = folder / f"{key}.digest"
    if not marker.exists():
        with tempfile.TemporaryDirectory() as scratch:
            target = Path(scratch) / "lib"
            _install(program, requirements, target)
            layer = write_layer(folder, lambda tar: add_folder(tar, target, _DEPENDENCIES))
        marker.write_text(layer.digest)
    digest = marker.read_text()
    return Layer(digest, folder / f"{digest.removeprefix('sha256:')}.tar")


def _install(program: OwnProgram, requirements: str, target: Path) -> None:
    listing = target.with_name("requirements.txt")
    listing.write_text(requirements)
    argv = [_uv(), "pip", "install", "--target", str(target), "--python", sys.executable, "--no-deps"]
    pinned = ["--require-hashes", "--only-binary", ":all:", "--link-mode", "copy", "--requirement", str(listing)]
    log = cache_folder() / "images" / "dependencies.log"
    run_telling(["nice", *argv, *pinned], what=f"install the dependencies of {program.image}", log=log)
    shutil.rmtree(target / "bin", ignore_errors=True)
    _compile(target, f"/{_DEPENDENCIES}")


def _code(folder: Path) -> Layer:
    _compile(folder, f"/{_CODE}")
    return write_layer(folder.parent, lambda tar: add_folder(tar, folder, _CODE))


def _compile(folder: Path, inside: str) -> None:
    """Compile to bytecode that is taken without looking at times, since a layer has none."""
    argv = [sys.executable, "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash"]
    told = subprocess.run(
        [*argv, "-s", str(folder), "-p", inside, str(folder)], capture_output=True, text=True, check=False
    )
    if told.returncode != 0 and inside == f"/{_CODE}":  # some dependencies carry templates that are no Python
        raise BuildFailed(f"code that does not compile: {told.stdout.strip()[:500]}")


def _code_folders(program: OwnProgram) -> list[Path]:
    """Give the folders of the program's own Python packages, those of workspace members it depends on too."""
    members = [line.removeprefix("-e ") for line in _exported(program) if line.startswith(("-e ", "./"))]
    folders = []
    for member in members:
        settings = tomllib.loads((REPOSITORY / member / "pyproject.toml").read_text())
        wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
        folders += [REPOSITORY / member / package for package in wheel]
    if not folders:
        raise BuildFailed(f"{program.package}: uv.lock knows no such workspace package")
    return folders


def _requirements(program: OwnProgram) -> str:
    return "\n".join(line for line in _exported(program) if not line.startswith(("-e ", "./", "#", "    #")))


def _exported(program: OwnProgram) -> Sequence[str]:
    return _export(program.package, program.extras)


@cache
def _export(package: str, extras: tuple[str, ...]) -> Sequence[str]:
    argv = (_uv(), "export", "--project", str(REPOSITORY), "--quiet", "--frozen", "--no-dev", "--package", package)
    return run(*argv, *(f"--extra={extra}" for extra in extras)).splitlines()


def _uv() -> str:
    """Give the uv that runs us (it says so in ``UV``), or the one on PATH."""
    found = os.environ.get("UV") or shutil.which("uv")
    if found is None:
        raise ClusterError("uv is not installed: it reads uv.lock; install uv and put it on PATH")
    return found
