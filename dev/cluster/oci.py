"""Container images written by hand: an OCI image layout is a few tar files and JSON documents, so no builder is needed.

A layer is an uncompressed tar, named by its digest. Layers built from folders are the same bytes each time.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CHUNK = 1 << 20
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Layer:
    """A layer on disk.

    Attributes:
        digest: ``sha256:...`` of the file.
        path: the tar file.
    """

    digest: str
    path: Path


@dataclass(frozen=True)
class Image:
    """An image: a reference, its layers from the lowest up, and how its program runs (OCI's ``config``)."""

    reference: str
    layers: Sequence[Layer]
    config: Mapping[str, Any]


def write_layer(folder: Path, fill: Callable[[tarfile.TarFile], None]) -> Layer:
    """Write a layer into the folder; ``fill`` adds its entries."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
            fill(tar)
        written = Path(file.name)
    digest = file_digest(written)
    path = folder / f"{digest.removeprefix('sha256:')}.tar"
    written.chmod(0o644)
    written.replace(path)
    return Layer(digest, path)


def add_folder(tar: tarfile.TarFile, folder: Path, prefix: str) -> None:
    """Add a folder's files under the prefix, in order of their names, owned by root and without times."""
    for path in [folder, *sorted(folder.rglob("*"))]:
        inside = f"{prefix}/{path.relative_to(folder)}" if path != folder else prefix
        info = tar.gettarinfo(str(path), inside)
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mtime = 0
        info.mode = 0o755 if path.is_dir() or (os.access(path, os.X_OK) and info.mode & 0o100) else 0o644
        if info.isfile():
            info.type = tarfile.REGTYPE  # a hard link (uv makes them from its cache) is a file of its own here
            info.linkname = ""
            info.size = path.stat().st_size
            with path.open("rb") as content:
                tar.addfile(info, content)
        else:
            tar.addfile(info)


def add_bytes(tar: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644) -> None:
    """Add a file with the content, owned by root and without a time."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    tar.addfile(info, io.BytesIO(content))


def write_archive(path: Path, image: Image, *, without: Collection[str] = ()) -> None:
    """Write the image as an OCI layout in a tar, which ``ctr``, ``docker``, ``podman`` and ``kind`` load.

    Args:
        path: the file to write.
        image: what to write.
        without: digests of layers to leave out because the receiver holds them.
    """
    config = _json(_image_config(image))
    layers = [_descriptor(_LAYER, layer.digest, layer.path.stat().st_size) for layer in image.layers]
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(_CONFIG, _digest(config), len(config)),
            "layers": layers,
        }
    )
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        add_bytes(tar, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        add_bytes(tar, "index.json", _json(_index(image.reference, manifest)))
        add_bytes(tar, "manifest.json", _json(_docker_manifest(image, config)))
        for blob in (config, manifest):
            add_bytes(tar, _blob_path(_digest(blob)), blob)
        for layer in image.layers:
            if layer.digest not in without:
                add_file(tar, _blob_path(layer.digest), layer.path)


def add_file(tar: tarfile.TarFile, name: str, source: Path, *, mode: int = 0o644) -> None:
    """Add one file under the name, owned by root and without a time."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = source.stat().st_size, mode
    with source.open("rb") as content:
        tar.addfile(info, content)


def file_digest(path: Path) -> str:
    """Give ``sha256:...`` of a file."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _image_config(image: Image) -> dict[str, Any]:
    return {
        "architecture": _ARCHITECTURES.get(os.uname().machine, os.uname().machine),
        "os": "linux",
        "config": image.config,
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in image.layers]},
        "history": [{"created": "1970-01-01T00:00:00Z"} for _ in image.layers],
    }


def _index(reference: str, manifest: bytes) -> dict[str, Any]:
    names = {
        "io.containerd.image.name": reference,
        "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
    }
    described = {**_descriptor(_MANIFEST, _digest(manifest), len(manifest)), "annotations": names}
    return {"schemaVersion": 2, "manifests": [described]}


def _docker_manifest(image: Image, config: bytes) -> list[dict[str, Any]]:
    layers = [_blob_path(layer.digest) for layer in image.layers]
    return [{"Config": _blob_path(_digest(config)), "RepoTags": [image.reference], "Layers": layers}]


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}


def _blob_path(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, indent=1).encode()
