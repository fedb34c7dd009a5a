"""The programs of a Kubernetes node, built from the pinned Go modules under ``dev/go`` and cached.

A program is cached by what it is built from. A build takes minutes the first time, so it tells every 10 s
what it does. Two invocations never build at once: the second waits and then finds the first one's result. It
assumes a Go toolchain and refuses, in one line, without one.
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dev.cluster.commands import run_telling
from dev.cluster.errors import BuildFailed
from dev.cluster.folders import REPOSITORY, cache_folder, locked, say

KUBERNETES_VERSION = "v1.35.4"

_VERSION_PACKAGE = "k8s.io/component-base/version"
_KUBERNETES_FLAGS = (
    f"-s -w -X {_VERSION_PACKAGE}.gitVersion={KUBERNETES_VERSION}"
    f" -X {_VERSION_PACKAGE}.gitMajor=1 -X {_VERSION_PACKAGE}.gitMinor=35"
)


@dataclass(frozen=True)
class Recipe:
    """How one program is built.

    Attributes:
        name: the program's file name.
        module: the folder under ``dev/go`` whose go.mod and go.sum pin it.
        package: the Go package of its ``main``.
        ldflags: the linker's flags.
    """

    name: str
    module: str
    package: str
    ldflags: str = "-s -w"


def _kubernetes(name: str) -> Recipe:
    return Recipe(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", _KUBERNETES_FLAGS)


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
        _kubernetes("kube-apiserver"),
        _kubernetes("kube-controller-manager"),
        _kubernetes("kube-scheduler"),
        _kubernetes("kubelet"),
        _kubernetes("kube-proxy"),
        _kubernetes("kubectl"),
        Recipe("coredns", "coredns", "github.com/coredns/coredns"),
        Recipe("traefik", "traefik", "github.com/traefik/traefik/v3/cmd/traefik"),
        Recipe("helm", "helm", "helm.sh/helm/v3/cmd/helm"),
    )
}
"""Every program, in the order in which a first build is of most use."""


def ensure(names: Iterable[str] = tuple(RECIPES), *, tell: Callable[[str], None] = say) -> dict[str, Path]:
    """Give the path of each program, building those that the cache lacks.

    Raises:
        ClusterError: an unknown name, no Go toolchain, or a compiler's error; the text says where the log is.
    """
    recipes = [_recipe(name) for name in names]
    paths = {recipe.name: path_of(recipe) for recipe in recipes}
    missing = [recipe for recipe in recipes if not paths[recipe.name].exists()]
    if missing:
        with locked(_root() / "build.lock", waiting_for="programs are being built", tell=tell):
            for recipe in missing:
                if not paths[recipe.name].exists():
                    _build(recipe, paths[recipe.name], tell)
    return paths


def path_of(recipe: Recipe) -> Path:
    """Where the cache holds the program, whether it is built or not."""
    return _root() / _key(recipe) / recipe.name


def _root() -> Path:
    return cache_folder() / "bin"


def _recipe(name: str) -> Recipe:
    try:
        return RECIPES[name]
    except KeyError:
        raise BuildFailed(f"{name}: no such program; there are {', '.join(RECIPES)}") from None


def _key(recipe: Recipe) -> str:
    folder = _module_folder(recipe)
    digest = hashlib.sha256()
    for part in (
        (folder / "go.mod").read_bytes(),
        (folder / "go.sum").read_bytes(),
        recipe.ldflags.encode(),
        _toolchain(folder).encode(),
    ):
        digest.update(hashlib.sha256(part).digest())
    return f"{recipe.module}-{digest.hexdigest()[:16]}"


@cache
def _toolchain(folder: Path) -> str:
    go = shutil.which("go")
    if go is None:
        raise BuildFailed("go is not installed: install Go 1.26 or newer and put it on PATH")
    answer = subprocess.run(
        [go, "env", "-json", "GOVERSION", "GOOS", "GOARCH"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise BuildFailed(f"go does not take {folder / 'go.mod'}: {answer.stderr.strip()}; install a newer Go")
    values = json.loads(answer.stdout)
    return " ".join(values[name] for name in sorted(values))


def _module_folder(recipe: Recipe) -> Path:
    return REPOSITORY / "dev" / "go" / recipe.module


def _build(recipe: Recipe, target: Path, tell: Callable[[str], None]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        built = Path(scratch) / recipe.name
        flags = ["-trimpath", "-ldflags", recipe.ldflags]
        run_telling(
            ["nice", "go", "build", *flags, "-o", str(built), recipe.package],
            what=f"build {recipe.name}",
            log=target.with_name(f"{recipe.name}.log"),
            cwd=_module_folder(recipe),
            env={"CGO_ENABLED": "0"},
            tell=tell,
        )
        built.replace(target)
