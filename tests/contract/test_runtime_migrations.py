"""The runtime as a user starts it: what a start loads, and how a file of an earlier release comes along."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from dev.ports import free_port
from switchboard_runtime.store.schema import NEWEST, migrate
from tests.support.sqlite_releases import as_release_left, write_as_the_first_release
from tests.unit.runtime.kit import document, write_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "bot-runtime" / "switchboard_runtime"
SERVE = """
import sys
from switchboard_runtime.__main__ import main
code = main(["serve", *sys.argv[1:]])
print("loaded", *sorted({"alembic", "sqlalchemy"} & sys.modules.keys()))
sys.exit(code)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one tenant, never served yet."""
    account = {"endpoint": "http://127.0.0.1:9", "accountSid": document()["twilio"]["accountSid"]}
    write_tenant(tmp_path, document(twilio=account))
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture
def file(root: Path) -> Path:
    """Where the tenant's store is, or will be."""
    return root / "data" / "muebles-sur.uid-muebles-sur.sqlite3"


def folders(root: Path) -> list[str]:
    """The flags that name them."""
    return [f"--{name}-dir={root / name}" for name in ("tenants", "credentials", "data")]


@contextmanager
def serving(root: Path) -> Iterator[list[str]]:
    """The runtime in a process of its own, ready; after its end what it said, the modules it had loaded last."""
    port, said = free_port(), list[str]()
    command = [sys.executable, "-c", SERVE, "--listen", f"127.0.0.1:{port}", *folders(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 30
        while not ready(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield said
        process.send_signal(signal.SIGTERM)
        said += process.communicate(timeout=30)[0].splitlines()
        assert process.returncode == 0


def ready(port: int) -> bool:
    """Whether it says so."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def events(said: list[str], event: str) -> list[dict[str, Any]]:
    """Log lines of one kind."""
    return [line for line in map(json.loads, said[:-1]) if line["event"] == event]


def test_a_start_loads_alembic_only_for_a_file_that_is_behind(root: Path, file: Path) -> None:
    """It takes more than half as long as all else; a new file, one at the newest and the last release's do without."""
    with serving(root) as new:
        pass
    with serving(root) as newest:
        pass
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("DROP TABLE alembic_version")
    with serving(root) as last_release:
        pass
    file.unlink()
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        as_release_left(db, 3)
        write_as_the_first_release(db)
    with serving(root) as behind:
        pass

    assert [said[-1] for said in (new, newest, last_release)] == ["loaded"] * 3
    assert behind[-1] == "loaded alembic sqlalchemy"
    assert [events(said, "schema moved") for said in (new, newest, last_release)] == [[], [], []]
    (moved,) = events(behind, "schema moved")
    assert (moved["file"], moved["before"], moved["after"]) == (file.name, 3, NEWEST)
    assert [line for line in map(json.loads, behind[:-1]) if line["logger"].startswith("alembic")] == []


def test_a_program_does_not_start_on_a_file_of_a_newer_one(root: Path, file: Path) -> None:
    """It says which file, and what to do."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        migrate(db)
        db.execute(f"PRAGMA user_version = {NEWEST + 1}")

    command = [sys.executable, "-m", "switchboard_runtime", "serve", "--listen", f"127.0.0.1:{free_port()}"]
    ran = subprocess.run([*command, *folders(root)], capture_output=True, text=True, timeout=60, check=False)

    told = f"{file.name}: the file has schema {NEWEST + 1}, this program knows {NEWEST}; upgrade the program"
    assert (ran.returncode, told in ran.stderr) == (78, True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as for a release."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = os.environ.get("UV", "uv")
    command = [uv, "build", "--quiet", "--wheel", "--package", "switchboard-runtime", "--out-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300)
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_alone_makes_and_moves_files(wheel: Path, tmp_path: Path) -> None:
    """It has every file of the package: the schema of a new file and the revisions too; and it asks for alembic."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (name for name in names if name.endswith("METADATA"))
        about = archive.read(metadata).decode().splitlines()
        archive.extractall(tmp_path / "installed")
    with closing(sqlite3.connect(tmp_path / "old.sqlite3", isolation_level=None)) as db:
        as_release_left(db, 3)
    code = (
        "import sqlite3, switchboard_runtime; from switchboard_runtime.store.schema import migrate\n"
        "for name in ('new', 'old'): migrate(sqlite3.connect(f'{name}.sqlite3', isolation_level=None))\n"
        "print(switchboard_runtime.__file__)"
    )

    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert (ran.stderr, ran.stdout.startswith(str(tmp_path / "installed"))) == ("", True)
    assert [
        name
        for name in (str(path.relative_to(PACKAGE.parent)) for path in PACKAGE.rglob("*") if path.is_file())
        if "__pycache__" not in name and name not in names
    ] == []
    assert [line for line in about if line.startswith("Requires-Dist: alembic")] == ["Requires-Dist: alembic>=1.16"]
