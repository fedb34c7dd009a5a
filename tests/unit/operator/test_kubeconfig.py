"""Where the API server is: kubeconfig files good and bad."""

from __future__ import annotations

import base64
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from switchboard_operator.adapters.kubeconfig import Connection, KubeconfigError, connect, from_file, open_session
from tests.support.loopback import Loopback, loopback

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TOKEN = "canary-token-of-a-service-account"


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    """A self-signed certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "admin")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), text.decode()


def config(*, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A kubeconfig with one context; ``more`` replaces top-level parts."""
    return {
        "current-context": "dev",
        "contexts": [{"name": "dev", "context": {"cluster": "c", "user": "u", "namespace": "system"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443/"} | (cluster or {})}],
        "users": [{"name": "u", "user": user or {}}],
    } | more


def written(folder: Path, content: object) -> Path:
    """The file."""
    path = folder / "config"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def encoded(text: str) -> str:
    """As ``…-data`` fields have it."""
    return base64.b64encode(text.encode()).decode()


def test_the_current_context_is_used(tmp_path: Path) -> None:
    """Server, namespace and token come from the context that is current."""
    other = {"name": "other", "context": {"cluster": "x", "user": "x"}}
    content = config(user={"token": TOKEN})
    content["contexts"].insert(0, other)
    found = from_file(written(tmp_path, content))

    assert (found.server, found.namespace) == ("https://127.0.0.1:6443", "system")
    assert found.headers() == {"Authorization": f"Bearer {TOKEN}"}


def test_a_token_file_is_read_anew(tmp_path: Path) -> None:
    """A rotated token is used as soon as it is there; its path is relative to the kubeconfig."""
    found = from_file(written(tmp_path, config(user={"tokenFile": "token"})))
    for token in ("first", "second\n"):
        (tmp_path / "token").write_text(token)
        assert found.headers() == {"Authorization": f"Bearer {token.strip()}"}


@pytest.mark.parametrize("inline", [True, False])
def test_certificates_come_from_the_file_or_beside_it(tmp_path: Path, pair: tuple[str, str], *, inline: bool) -> None:
    """Both forms that kubectl writes are read, and no key is left on the disk."""
    certificate, key = pair
    names = {"certificate-authority": certificate, "client-certificate": certificate, "client-key": key}
    for name, text in names.items():
        (tmp_path / f"{name}.pem").write_text(text)
    fields = {f"{name}-data": encoded(text) for name, text in names.items()}
    if not inline:
        fields = {name: f"{name}.pem" for name in names}
    cluster = {name: value for name, value in fields.items() if "authority" in name}
    user = {name: value for name, value in fields.items() if "client" in name}
    found = from_file(written(tmp_path, config(user=user, cluster=cluster)))

    assert found.headers() == {}
    assert found.tls.verify_mode is ssl.CERT_REQUIRED
    assert [authority["serialNumber"] for authority in found.tls.get_ca_certs()] == ["01"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no usable current context"),
        ("- a", "no usable current context"),
        ("just text", "no usable current context"),
        ("a: [", "is no YAML"),
        (config() | {"current-context": "gone"}, "contexts: gone"),
        (config(clusters=[]), "clusters: c"),
        (config(clusters=["c"]), "no usable current context"),
        (config(clusters=[{"name": "c", "cluster": {}}]), "server"),
        (config(users=[]), "users: u"),
        (config(user={"exec": {"command": "aws"}}), "exec and auth-provider users are not supported"),
        (config(user={"auth-provider": {"name": "gcp"}}), "exec and auth-provider users are not supported"),
        (config(cluster={"certificate-authority": "gone.pem"}), "gone.pem"),
        (config(cluster={"certificate-authority-data": "§"}), "certificate-authority"),
        (config(cluster={"certificate-authority-data": encoded("no certificate")}), "certificate"),
        (config(user={"client-certificate-data": encoded("x"), "client-key-data": encoded("y")}), "certificate"),
    ],
)
def test_a_bad_file_is_refused_with_its_path(tmp_path: Path, content: object, says: str) -> None:
    """The file and what is wrong stand in the error."""
    path = written(tmp_path, content)
    with pytest.raises(KubeconfigError) as refusal:
        from_file(path)

    assert str(path) in str(refusal.value)
    assert says in str(refusal.value)


def test_a_missing_file_is_refused_with_its_path(tmp_path: Path) -> None:
    """``KUBECONFIG`` that points nowhere."""
    with pytest.raises(KubeconfigError, match="nowhere"):
        connect(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("broken", [f"users:\n- token: {TOKEN}\n  x: [", f"token: {TOKEN}: x", f'"{TOKEN}'])
def test_no_secret_is_shown(tmp_path: Path, broken: str) -> None:
    """Neither the repr of a connection nor an error about a broken file shows a token."""
    found = from_file(written(tmp_path, config(user={"token": TOKEN})))
    with pytest.raises(KubeconfigError) as refusal:
        from_file(written(tmp_path, broken))

    assert TOKEN not in repr(found)
    assert TOKEN not in str(refusal.value)


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    """An API server that only listens."""
    async with loopback() as running:
        yield running


async def test_a_session_authenticates_each_request(tmp_path: Path, server: Loopback) -> None:
    """The token of the moment is sent; the session needs no restart when it is rotated."""
    (tmp_path / "token").write_text("first")
    connection = Connection(server=server.url, tls=ssl.create_default_context(), token_file=tmp_path / "token")
    async with open_session(connection, limit=2) as session:
        await session.get(server.url + "/a")
        (tmp_path / "token").write_text("second")
        await session.get(server.url + "/b")

    assert [asked.headers["Authorization"] for asked in server.asked] == ["Bearer first", "Bearer second"]
