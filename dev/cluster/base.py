"""The lowest layer of our images: Debian with Python 3.11, made by mmdebstrap once and kept in the cache.

What a program in a pod has no use for is left out: documentation, translations, the package manager, Perl,
set-uid bits.
"""

import hashlib
import os
import re
import tarfile
import tempfile
from pathlib import Path

from dev.cluster import packages
from dev.cluster.commands import run_telling
from dev.cluster.folders import cache_folder, locked
from dev.cluster.oci import Layer, add_bytes, write_layer

SUITE = "bookworm"
PACKAGES = ("python3-minimal", "python3", "ca-certificates", "tzdata")
USER = 65532

_RECIPE = "3"  # raise it when what is made from the same packages changes
_UNWANTED = re.compile(
    r"\./(dev/.|proc/.|sys/.|run/.|tmp/.|boot|media|mnt|srv|home/."
    r"|usr/share/(doc|man|locale|info|lintian|bash-completion|perl.*|debconf|bug|doc-base)(/|$)"
    r"|usr/share/python3/debpython|usr/lib/python3\.11/(lib2to3|pydoc_data|ensurepip|idlelib|turtledemo)(/|$)"
    r"|var/(cache|log|lib/apt|backups|lib/dpkg/info)/."
    r"|usr/lib/apt|etc/apt|usr/bin/apt|usr/lib/[^/]+/libapt|usr/bin/perl|usr/lib/[^/]+/(perl|libperl)|etc/perl"
    r"|usr/lib/[^/]+/gconv/.|usr/sbin/(?!update-ca)|usr/bin/dpkg)"
)
_ACCOUNT = f"nonroot:x:{USER}:{USER}:nonroot:/nonexistent:/usr/sbin/nologin\n".encode()


def ensure() -> Layer:
    """Give the layer, making it (about a minute) when the cache lacks it."""
    folder = cache_folder() / "images" / "base"
    marker = folder / f"{key()}.digest"
    with locked(folder / "lock", waiting_for="the base of the images is being made"):
        if not marker.exists():
            packages.ensure(packages.IMAGES)
            marker.write_text(_make(folder).digest)
    digest = marker.read_text()
    return Layer(digest, folder / f"{digest.removeprefix('sha256:')}.tar")


def key() -> str:
    """Name what the layer is made from."""
    recipe = repr((_RECIPE, SUITE, PACKAGES, _UNWANTED.pattern, USER))
    return hashlib.sha256(recipe.encode()).hexdigest()[:16]


def _make(folder: Path) -> Layer:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "root.tar"
        mode = "root" if os.geteuid() == 0 else "auto"
        argv = ["nice", "mmdebstrap", "--variant=minbase", f"--mode={mode}", f"--include={','.join(PACKAGES)}"]
        log = folder / "mmdebstrap.log"
        run_telling([*argv, SUITE, str(root)], what="make the base of the images", log=log)
        with tarfile.open(root) as made:
            return write_layer(folder, lambda tar: _copy(made, tar))


def _copy(made: tarfile.TarFile, target: tarfile.TarFile) -> None:
    """Copy what is wanted, and add the account that the programs run as."""
    for entry in made:
        if _UNWANTED.match(entry.name) or not (entry.isfile() or entry.isdir() or entry.issym() or entry.islnk()):
            continue
        entry.name = entry.name.removeprefix("./")
        if not entry.name or entry.name == ".":
            continue
        entry.linkname = entry.linkname.removeprefix("./") if entry.islnk() else entry.linkname
        entry.mode &= 0o1777
        content = made.extractfile(entry) if entry.isfile() else None
        if entry.name == "etc/passwd" and content is not None:
            add_bytes(target, entry.name, content.read() + _ACCOUNT)
        else:
            target.addfile(entry, content)
