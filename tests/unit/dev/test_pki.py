import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID

from dev.cluster.pki import authority, write_kubeconfig

NOW = datetime(2031, 5, 1, tzinfo=UTC)


def test_certificates_stay_the_same_until_they_near_their_end(tmp_path: Path) -> None:
    """A browser that trusts the cluster goes on trusting it over `up`."""
    first = authority(tmp_path, now=NOW).server("web", ["*.bots.localhost", "127.0.0.1"])
    kept = first.certificate.read_bytes()
    authority(tmp_path, now=NOW + timedelta(days=700)).server("web", ["*.bots.localhost", "127.0.0.1"])
    assert first.certificate.read_bytes() == kept
    authority(tmp_path, now=NOW + timedelta(days=790)).server("web", ["*.bots.localhost", "127.0.0.1"])
    assert first.certificate.read_bytes() != kept


def test_a_server_that_gets_another_name_gets_another_certificate(tmp_path: Path) -> None:
    """The names are part of what is kept."""
    signer = authority(tmp_path, now=NOW)
    kept = signer.server("web", ["a.example"]).certificate.read_bytes()
    assert signer.server("web", ["b.example"]).certificate.read_bytes() != kept


def test_a_client_certificate_names_user_and_groups(tmp_path: Path) -> None:
    """Common name and organization, as the API server reads them."""
    pair = authority(tmp_path, now=NOW).client("admin", user="admin", groups=["system:masters"])
    subject = x509.load_pem_x509_certificate(pair.certificate.read_bytes()).subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "admin"
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:masters"


def test_private_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    """The authority's, a client's and the tokens' key."""
    signer = authority(tmp_path, now=NOW)
    signer.client("admin", user="admin")
    signer.signing_key("service-accounts")
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("*.key")} == {0}


def test_a_kubeconfig_is_yaml_with_everything_embedded(tmp_path: Path) -> None:
    """It can be copied away, and is as secret as the key in it."""
    signer = authority(tmp_path / "pki", now=NOW)
    client = signer.client("admin", user="admin")
    path = write_kubeconfig(tmp_path / "kubeconfig", server="https://127.0.0.1:1", authority=signer, client=client)
    document = yaml.safe_load(path.read_text())
    assert document["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1"
    assert "client-key-data" in document["users"][0]["user"]
    assert path.stat().st_mode & 0o077 == 0


def test_python_takes_the_authority_and_the_pair(tmp_path: Path) -> None:
    """OpenSSL finds key and certificate to match."""
    signer = authority(tmp_path, now=datetime.now(UTC))
    pair = signer.server("web", ["localhost"])
    context = ssl.create_default_context(cafile=str(signer.certificate))
    context.load_cert_chain(pair.certificate, pair.key)
    assert [each["subject"] for each in context.get_ca_certs()]
