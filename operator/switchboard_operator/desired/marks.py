"""The ownership mark: how a thing at Twilio says which resource it belongs to.

Twilio has no idempotency key and no labels, but a FriendlyName of 64 characters. Ours reads
``acme/muebles-sur sb-1f2e3d4c5b-9a8b7c6d``: a label for people, a hash of installation, namespace and
name, and a hash of the resource's UID. The same UID is ours without question; the same name with another
UID is an earlier life of it (a cluster rebuilt from Git) and is taken over only where the admin says so.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import Enum

FRIENDLY_NAME_LENGTH = 64
_MARK = re.compile(r"(?:^| )sb-([0-9a-f]{10})-([0-9a-f]{8})$")
_LABEL_LENGTH = FRIENDLY_NAME_LENGTH - len(" sb-0123456789-01234567")


class Kinship(Enum):
    """How a thing at Twilio stands to a resource."""

    OURS = "ours"
    EARLIER_LIFE = "earlier life"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Mark:
    """The two hashes of an ownership mark."""

    name_hash: str
    uid_hash: str

    def kinship(self, friendly_name: str) -> Kinship:
        """Compare this mark with the one at the end of a FriendlyName."""
        other = parse_mark(friendly_name)
        if other is None or other.name_hash != self.name_hash:
            return Kinship.FOREIGN
        return Kinship.OURS if other.uid_hash == self.uid_hash else Kinship.EARLIER_LIFE


def mark_of(*, installation: str, kind: str, namespace: str, name: str, uid: str) -> Mark:
    """The mark of one resource.

    Args:
        installation: the chart's installation id; it survives the cluster.
        kind: the resource's kind, so that a number and an account of one name differ.
        namespace: the resource's namespace.
        name: the resource's name.
        uid: the UID that the API server gave this life of the resource.
    """
    return Mark(name_hash=_hash(installation, kind, namespace, name)[:10], uid_hash=_hash(uid)[:8])


def friendly_name(label: str, mark: Mark) -> str:
    """The FriendlyName: a readable label, cut to fit, then the mark."""
    return f"{label[:_LABEL_LENGTH].strip()} sb-{mark.name_hash}-{mark.uid_hash}".lstrip()


def parse_mark(text: str) -> Mark | None:
    """The mark at the end of a FriendlyName, or None."""
    found = _MARK.search(text)
    return Mark(name_hash=found[1], uid_hash=found[2]) if found else None


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()
