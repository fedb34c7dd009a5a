from pathlib import Path

import pytest

from dev.cluster.binaries import RECIPES, ensure, path_of
from dev.cluster.errors import ClusterError
from dev.cluster.folders import REPOSITORY


def test_an_unknown_program_is_refused_with_the_known_ones() -> None:
    """A typing error costs no build."""
    with pytest.raises(ClusterError, match=r"kubctl: .*kubectl"):
        ensure(["kubctl"])


def test_programs_are_kept_outside_of_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A fresh clone finds them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert all(path_of(recipe).is_relative_to(tmp_path / "switchboard") for recipe in RECIPES.values())


def test_programs_of_one_module_share_a_folder_and_others_do_not() -> None:
    """The folder is named by what pins the module."""
    folders = {recipe.module: path_of(recipe).parent for recipe in RECIPES.values()}
    assert len(set(folders.values())) == len(folders)
    assert path_of(RECIPES["kubelet"]).parent == path_of(RECIPES["kubectl"]).parent


@pytest.mark.parametrize("module", sorted({recipe.module for recipe in RECIPES.values()}))
def test_each_module_is_pinned_with_sums(module: str) -> None:
    """Without go.sum a module could change under its version."""
    folder = REPOSITORY / "dev" / "go" / module
    assert (folder / "go.mod").exists()
    assert (folder / "go.sum").exists()
