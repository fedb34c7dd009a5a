"""The Debian packages that a node needs beside the programs built here.

Missing ones are installed by apt, with progress. Where there is no apt, one line names what to install.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from dev.cluster.commands import run_telling
from dev.cluster.errors import ClusterError
from dev.cluster.folders import cache_folder

NODE = {
    "containerd": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "ip": "iproute2",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "busybox": "busybox-static",
    "mount": "mount",
}
"""What a node runs, each with the package that it comes from."""

IMAGES = {"mmdebstrap": "mmdebstrap", "busybox": "busybox-static"}
"""What making images needs."""

CNI_PACKAGE = "containernetworking-plugins"

_CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
_CNI_PLUGINS = ("bridge", "host-local", "loopback", "portmap")


def ensure(programs: dict[str, str], *, cni: bool = False) -> None:
    """Install what is missing.

    Raises:
        ClusterError: packages are missing and apt is not there, or it failed.
    """
    missing = set(_missing(programs))
    if cni and find_cni() is None:
        missing.add(CNI_PACKAGE)
    if not missing:
        return
    names = sorted(missing)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise ClusterError(f"missing on this machine: {' '.join(names)}; install them (as root, by apt-get)")
    _install(names)


def cni_folder() -> Path:
    """Give the folder of the CNI plugins.

    Raises:
        ClusterError: there is none.
    """
    found = find_cni()
    if found is None:
        raise ClusterError(f"no CNI plugins: install {CNI_PACKAGE}")
    return found


def find_cni() -> Path | None:
    """Give the folder that holds all the CNI plugins a node needs, if there is one."""
    for folder in _CNI_FOLDERS:
        if all((folder / plugin).exists() for plugin in _CNI_PLUGINS):
            return folder
    return None


def _missing(programs: dict[str, str]) -> Iterable[str]:
    return (package for program, package in programs.items() if shutil.which(program) is None)


def _install(names: list[str]) -> None:
    log = cache_folder() / "apt.log"
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *names]
    try:
        run_telling(install, what=f"install {' '.join(names)}", log=log, env=quiet)
    except ClusterError:
        run_telling(["apt-get", "update"], what="refresh the list of packages", log=log, env=quiet)
        run_telling(install, what=f"install {' '.join(names)}", log=log, env=quiet)
