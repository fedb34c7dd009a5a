"""A Kubernetes node of our own for development and tests, without Docker and without pulling an image.

Everything is built from pinned Go modules and Debian packages, runs in a network and a mount namespace of the
cluster's own, and is reached on the host's 127.0.0.1 only. ``python -m dev.cluster`` is the one door;
``docs/cluster.md`` tells how to use it. It refuses to run without root, and names the other way.
"""
