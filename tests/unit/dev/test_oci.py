import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from dev.cluster.oci import Image, Layer, add_folder, write_archive, write_layer


@pytest.fixture
def layer(tmp_path: Path) -> Layer:
    """A layer of a module and a script."""
    return _layer(tmp_path / "source", tmp_path / "layers", when=1)


def test_the_same_files_give_the_same_layer_whenever_they_were_written(tmp_path: Path, layer: Layer) -> None:
    """So nothing is imported twice."""
    assert _layer(tmp_path / "again", tmp_path / "layers", when=1_000_000).digest == layer.digest


def test_files_of_a_layer_belong_to_root_and_have_no_time(layer: Layer) -> None:
    """A pod's user cannot change its program, whoever built the image."""
    with tarfile.open(layer.path) as tar:
        entries = {entry.name: entry for entry in tar}
    assert {(entry.uid, entry.gid, entry.mtime) for entry in entries.values()} == {(0, 0, 0)}
    assert entries["app/code/run.sh"].mode == 0o755
    assert entries["app/code/pkg/a.py"].mode == 0o644


def test_every_blob_of_an_archive_is_where_its_digest_says(tmp_path: Path, layer: Layer) -> None:
    """A layer, a configuration and a manifest."""
    write_archive(tmp_path / "image.tar", Image("local/x:1", [layer], {"User": "1"}))
    blobs = _blobs(tmp_path / "image.tar")
    assert {name: f"sha256:{hashlib.sha256(blob).hexdigest()}" for name, blob in blobs.items()} == {
        name: name.replace("blobs/sha256/", "sha256:") for name in blobs
    }
    assert len(blobs) == 3


def test_the_archive_names_the_image_for_containerd_and_for_docker(tmp_path: Path, layer: Layer) -> None:
    """One archive serves `ctr`, `kind`, `podman` and `docker`."""
    write_archive(tmp_path / "image.tar", Image("local/x:1", [layer], {}))
    index = _json(tmp_path / "image.tar", "index.json")
    assert index["manifests"][0]["annotations"]["io.containerd.image.name"] == "local/x:1"
    assert _json(tmp_path / "image.tar", "manifest.json")[0]["RepoTags"] == ["local/x:1"]


def test_layers_that_the_receiver_holds_are_left_out(tmp_path: Path, layer: Layer) -> None:
    """The manifest still names them; a change of code carries its own layer only."""
    write_archive(tmp_path / "image.tar", Image("local/x:1", [layer], {}), without={layer.digest})
    blobs = _blobs(tmp_path / "image.tar")
    assert f"blobs/sha256/{layer.digest.removeprefix('sha256:')}" not in blobs
    assert any(layer.digest.encode() in blob for blob in blobs.values())


def _layer(source: Path, folder: Path, *, when: int) -> Layer:
    (source / "pkg").mkdir(parents=True)
    (source / "pkg" / "a.py").write_text("x = 1\n")
    (source / "run.sh").write_text("true\n")
    (source / "run.sh").chmod(0o700)
    for path in source.rglob("*"):
        os.utime(path, (when, when))
    return write_layer(folder, lambda tar: add_folder(tar, source, "app/code"))


def _blobs(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        members = [entry for entry in tar if entry.name.startswith("blobs/")]
        return {entry.name: content.read() for entry in members if (content := tar.extractfile(entry))}


def _json(archive: Path, name: str) -> Any:
    with tarfile.open(archive) as tar:
        content = tar.extractfile(name)
        assert content is not None
        return json.load(content)
