"""The sandbox image of every pod: one static program that sleeps."""

import shutil
from pathlib import Path

from dev.cluster import oci
from dev.cluster.containerd import PAUSE_IMAGE
from dev.cluster.errors import ClusterError


def write(archive: Path, scratch: Path) -> None:
    """Write the image as an archive, using the scratch folder for its layer.

    Raises:
        ClusterError: no busybox.
    """
    busybox = shutil.which("busybox")
    if busybox is None:
        raise ClusterError("no busybox: install busybox-static")
    layer = oci.write_layer(scratch, lambda tar: oci.add_file(tar, "busybox", Path(busybox), mode=0o755))
    config = {"Entrypoint": ["/busybox", "sleep", "2147483647"], "User": "65535:65535"}
    oci.write_archive(archive, oci.Image(PAUSE_IMAGE, [layer], config))
