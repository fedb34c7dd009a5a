"""The cluster's certificates: an authority, servers and clients under it, a key for tokens.

Files are made once and kept; one that ends within 30 days is made anew. Private keys are readable by their
owner only.
"""

import base64
import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dev.cluster.folders import write_text

_AUTHORITY_LIFE = timedelta(days=3650)
_LEAF_LIFE = timedelta(days=800)  # browsers refuse longer ones even under an authority that the user added
_RENEW_BEFORE = timedelta(days=30)
_BACKDATE = timedelta(minutes=5)


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as files in PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """The cluster's certificate authority in a folder, and what it has signed.

    Attributes:
        folder: where the files lie.
        now: the time at which certificates are issued and judged.
    """

    folder: Path
    now: datetime

    @property
    def certificate(self) -> Path:
        """The authority's own certificate: what a client has to trust."""
        return self.folder / "ca.crt"

    def server(self, name: str, alternatives: Iterable[str]) -> Pair:
        """A certificate for a server that is reached under the given names and IP addresses."""
        names: list[x509.GeneralName] = [_general_name(each) for each in alternatives]
        return self._leaf(name, _subject(name), [x509.SubjectAlternativeName(names)], ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, name: str, *, user: str, groups: Iterable[str] = ()) -> Pair:
        """A certificate that makes its holder the user (common name) in the groups (organizations)."""
        return self._leaf(name, _subject(user, groups), [], ExtendedKeyUsageOID.CLIENT_AUTH)

    def signing_key(self, name: str) -> Pair:
        """A key pair for service-account tokens; ``certificate`` is the file of the public key."""
        pair = Pair(self.folder / f"{name}.pub", self.folder / f"{name}.key")
        if not (pair.certificate.exists() and pair.key.exists()):
            key = ec.generate_private_key(ec.SECP256R1())
            _write_key(pair.key, key)
            public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            pair.certificate.write_bytes(public)
        return pair

    def _leaf(
        self,
        name: str,
        subject: x509.Name,
        extensions: list[x509.ExtensionType],
        usage: x509.ObjectIdentifier,
    ) -> Pair:
        pair = Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        if self._keeps(pair, subject, extensions):
            return pair
        key, issuer_key = ec.generate_private_key(ec.SECP256R1()), _load_key(self.folder / "ca.key")
        issuer = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = _builder(subject, issuer.subject, key.public_key(), self.now, _LEAF_LIFE)
        for extension in (*extensions, x509.ExtendedKeyUsage([usage]), issuer_id):
            builder = builder.add_extension(extension, critical=False)
        _write_key(pair.key, key)
        signed = builder.sign(issuer_key, hashes.SHA256())
        pair.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        return pair

    def _keeps(self, pair: Pair, subject: x509.Name, extensions: list[x509.ExtensionType]) -> bool:
        if not (pair.certificate.exists() and pair.key.exists()):
            return False
        held = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        same = held.subject == subject and all(each in [e.value for e in held.extensions] for each in extensions)
        return same and held.not_valid_after_utc - self.now > _RENEW_BEFORE


def authority(folder: Path, *, now: datetime) -> Authority:
    """Open the authority in the folder, making it when there is none.

    Args:
        folder: where its files lie; made with access for the owner only.
        now: the present time, with a time zone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = Authority(folder, now)
    if not (made.certificate.exists() and (folder / "ca.key").exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject("switchboard local cluster")
        builder = _builder(subject, subject, key.public_key(), now, _AUTHORITY_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_authority_usage(), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        _write_key(folder / "ca.key", key)
        made.certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return made


def write_kubeconfig(path: Path, *, server: str, authority: Authority, client: Pair) -> Path:
    """Write a kubeconfig with everything embedded, so that it can be copied, as JSON (which is YAML)."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "switchboard",
        "clusters": [
            {
                "name": "switchboard",
                "cluster": {"server": server, "certificate-authority-data": _encoded(authority.certificate)},
            }
        ],
        "users": [
            {
                "name": "switchboard",
                "user": {
                    "client-certificate-data": _encoded(client.certificate),
                    "client-key-data": _encoded(client.key),
                },
            }
        ],
        "contexts": [{"name": "switchboard", "context": {"cluster": "switchboard", "user": "switchboard"}}],
    }
    return write_text(path, json.dumps(document, indent=1) + "\n", mode=0o600)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + life)
    )


def _subject(name: str, groups: Iterable[str] = ()) -> x509.Name:
    organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _authority_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} holds no elliptic-curve key: remove the file")
    return key


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
