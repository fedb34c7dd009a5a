"""Where the API server is and how to authenticate: a pod's service account, or a kubeconfig file.

Refuses: exec plugins and auth providers (they run programs). Inside a cluster none is needed; outside,
``kubectl config view --raw --minify`` of a context with a certificate or a token serves.
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

_POD_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class KubeconfigError(ValueError):
    """The API server's address or credentials cannot be found; the message says what to set."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach an API server.

    Attributes:
        server: base URL.
        tls: the TLS context, with the client certificate if there is one.
        token_file: file with a bearer token that is read anew for each use (it is rotated), or None.
        token: a fixed bearer token, or None.
        namespace: the namespace this program runs in.
    """

    server: str
    tls: ssl.SSLContext
    token_file: Path | None = None
    token: str | None = None
    namespace: str = "default"

    def headers(self) -> dict[str, str]:
        """The Authorization header, if a token is used."""
        token = self.token_file.read_text().strip() if self.token_file else self.token
        return {"Authorization": f"Bearer {token}"} if token else {}

    def __repr__(self) -> str:
        return f"Connection(server={self.server!r})"


def open_session(connection: Connection, *, limit: int) -> aiohttp.ClientSession:
    """An aiohttp session that authenticates each request; a rotated token is picked up from its file.

    Args:
        connection: where to and as whom.
        limit: most connections at once.
    """

    async def authenticate(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.headers.update(connection.headers())
        return await handler(request)

    connector = aiohttp.TCPConnector(limit=limit, ssl=connection.tls)
    return aiohttp.ClientSession(connector=connector, middlewares=(authenticate,))


def connect(kubeconfig: str | None) -> Connection:
    """Find the API server: ``kubeconfig`` if given, else the pod's service account, else ~/.kube/config.

    Raises:
        KubeconfigError: none of them is there, or one of them is not understood.
    """
    if kubeconfig:
        return from_file(Path(kubeconfig))
    if (_POD_FOLDER / "token").exists():
        return _from_pod()
    default = Path.home() / ".kube" / "config"
    if default.exists():
        return from_file(default)
    raise KubeconfigError("no API server: set KUBECONFIG to a kubeconfig file, or run inside a cluster")


def _from_pod() -> Connection:
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    if ":" in host:
        host = f"[{host}]"
    return Connection(
        server=f"https://{host}:{port}",
        tls=ssl.create_default_context(cafile=str(_POD_FOLDER / "ca.crt")),
        token_file=_POD_FOLDER / "token",
        namespace=(_POD_FOLDER / "namespace").read_text().strip(),
    )


def from_file(path: Path) -> Connection:
    """Read the current context of a kubeconfig file.

    Raises:
        KubeconfigError: the file, or what it names, cannot be used.
    """
    try:
        return _connection(path, yaml.safe_load(path.read_text()))
    except yaml.MarkedYAMLError as error:  # its text quotes the file, and with it a token
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise KubeconfigError(f"{path}: is no YAML: {error.problem} in line {line}") from None
    except (AttributeError, KeyError, TypeError) as error:
        raise KubeconfigError(f"{path}: no usable current context ({type(error).__name__}: {error})") from None
    except ssl.SSLError as error:
        raise KubeconfigError(f"{path}: a certificate or key is not in PEM form: {error.reason or error}") from None
    except OSError as error:
        raise KubeconfigError(f"{path}: cannot read {error.filename}: {error.strerror}") from error


def _connection(path: Path, config: dict[str, Any]) -> Connection:
    context = _named(config, "contexts", config["current-context"])["context"]
    cluster = _named(config, "clusters", context["cluster"])["cluster"]
    user = _named(config, "users", context["user"]).get("user") or {}
    if "exec" in user or "auth-provider" in user:
        raise KubeconfigError(f"{path}: exec and auth-provider users are not supported; use a certificate or token")
    return Connection(
        server=str(cluster["server"]).rstrip("/"),
        tls=_tls(path, cluster, user),
        token_file=path.parent / user["tokenFile"] if "tokenFile" in user else None,
        token=user.get("token"),
        namespace=context.get("namespace", "default"),
    )


def _named(config: dict[str, Any], section: str, name: str) -> dict[str, Any]:
    for item in config.get(section) or []:
        if item.get("name") == name:
            return dict(item)
    raise KeyError(f"{section}: {name}")


def _tls(path: Path, cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    authority = _material(path, cluster, "certificate-authority")
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    certificate, key = _material(path, user, "client-certificate"), _material(path, user, "client-key")
    if certificate and key:
        with tempfile.TemporaryDirectory() as folder:  # ssl loads client certificates from files only
            pair = Path(folder) / "pair.pem"
            pair.touch(mode=0o600)
            pair.write_bytes(certificate + b"\n" + key)
            context.load_cert_chain(pair)
    return context


def _material(path: Path, section: dict[str, Any], name: str) -> bytes | None:
    if f"{name}-data" in section:
        try:
            return base64.b64decode(section[f"{name}-data"], validate=True)
        except ValueError:
            raise KubeconfigError(f"{path}: {name}-data is not base 64") from None
    if name in section:
        return Path(path.parent, str(section[name])).read_bytes()
    return None
