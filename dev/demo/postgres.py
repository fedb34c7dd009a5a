"""An image of this machine's PostgreSQL (Debian's package), so that the demo's node has one without pulling anything.

The programs and what they load are copied as they are: the lowest layer of our images is the same Debian.
"""

import hashlib
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from dev.cluster import base, containerd, packages
from dev.cluster.commands import run
from dev.cluster.errors import ClusterError
from dev.cluster.folders import cache_folder, locked
from dev.cluster.images import REGISTRY
from dev.cluster.oci import Image, Layer, add_folder, write_archive, write_layer
from dev.cluster.state import Cluster

OLDEST = 15
_PROGRAMS = Path("/usr/lib/postgresql")
_SHARED = Path("/usr/share/postgresql")
_LIBRARIES = "app/postgres/lib"
_LOADED = re.compile(r"=> (/\S+) \(")
_UNWANTED = ("llvmjit*", "bitcode", "pgxs", "*.a")
_WANTED = ("postgres", "initdb", "pg_ctl", "psql")
_RECIPE = "1"  # raise it when what is made of the same package changes


def ensure(cluster: Cluster) -> str:
    """Give the reference of the image; make and import it where it is missing.

    Raises:
        ClusterError: PostgreSQL is not here and cannot be installed.
    """
    version = _version()
    key = hashlib.sha256(f"{_RECIPE} {base.key()} {run(str(_program(version, 'postgres')), '--version')}".encode())
    reference = f"{REGISTRY}/postgres:{key.hexdigest()[:12]}"
    if reference not in containerd.images(cluster):
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch) / "image.tar"
            image = Image(reference, [base.ensure(), _layer(version, key.hexdigest()[:16])], _config(version))
            write_archive(archive, image, without=containerd.blobs(cluster))
            containerd.import_image(cluster, archive)
    return reference


def newest(versions: Iterable[str]) -> str | None:
    """Give the newest major version that will do."""
    numbers = [int(version) for version in versions if version.isdigit()]
    best = max(numbers, default=0)
    return str(best) if best >= OLDEST else None


def _version() -> str:
    found = newest(_versions())
    if found is None:
        packages.ensure({"no PostgreSQL is here": "postgresql"})
        found = newest(_versions())
    if found is None:
        raise ClusterError(f"PostgreSQL {OLDEST} or newer is needed: install Debian's package postgresql")
    return found


def _versions() -> Iterator[str]:
    return (path.parents[1].name for path in _PROGRAMS.glob("*/bin/initdb"))


def _program(version: str, name: str) -> Path:
    return _PROGRAMS / version / "bin" / name


def _config(version: str) -> dict[str, object]:
    return {
        "Env": [f"PATH={_PROGRAMS / version / 'bin'}:/usr/bin:/bin", f"LD_LIBRARY_PATH=/{_LIBRARIES}", "LANG=C.UTF-8"],
        "User": f"{base.USER}:{base.USER}",
        "WorkingDir": "/",
    }


def _layer(version: str, key: str) -> Layer:
    folder = cache_folder() / "images" / "postgres"
    marker = folder / f"{key}.digest"
    with locked(folder / "lock", waiting_for="the image of PostgreSQL is being made"):
        if not marker.exists():
            with tempfile.TemporaryDirectory() as scratch:
                root = Path(scratch)
                _collect(version, root)
                marker.write_text(write_layer(folder, lambda tar: _add(tar, root)).digest)
    digest = marker.read_text()
    return Layer(digest, folder / f"{digest.removeprefix('sha256:')}.tar")


def _add(tar: tarfile.TarFile, root: Path) -> None:
    for part in sorted(root.iterdir()):
        add_folder(tar, part, part.name)


def _collect(version: str, root: Path) -> None:
    """Copy programs, what they read, and the libraries that they and their modules load."""
    ignored = shutil.ignore_patterns(*_UNWANTED)
    programs = root / str(_PROGRAMS / version).lstrip("/")
    (programs / "bin").mkdir(parents=True)
    for name in _WANTED:
        shutil.copy2(_program(version, name), programs / "bin" / name)
    shutil.copytree(_PROGRAMS / version / "lib", programs / "lib", ignore=ignored)
    shutil.copytree(_SHARED / version, root / str(_SHARED / version).lstrip("/"), ignore=ignored)
    libraries = root / _LIBRARIES
    libraries.mkdir(parents=True)
    for library in sorted(_loaded([*(programs / "bin").iterdir(), *(programs / "lib").glob("*.so")])):
        shutil.copy2(library.resolve(), libraries / library.name)


def _loaded(programs: Iterable[Path]) -> set[Path]:
    """The shared libraries that programs load, but for the C library's own: those must be the image's."""
    found = {Path(path) for program in programs for path in _LOADED.findall(run("ldd", str(program)))}
    own = {Path(path).name for path in _LOADED.findall(run("ldd", "/bin/true"))}
    return {
        path
        for path in found
        if path.name not in own and not path.name.startswith(("libm.so", "libdl", "libpthread", "librt"))
    }
