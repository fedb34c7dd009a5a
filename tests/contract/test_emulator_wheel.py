"""The package as a user gets it: a wheel that holds all of it, and runs without this repository."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from twilio_emulator import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "emulator" / "twilio_emulator"
SID = "AC00000000000000000000000000000001"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as for a release."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = os.environ.get("UV", "uv")
    command = [uv, "build", "--quiet", "--wheel", "--package", "twilio-emulator", "--out-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture
def served(wheel: Path, tmp_path: Path) -> Iterator[str]:
    """An emulator run out of the wheel alone; gives its address."""
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    command = [sys.executable, "-m", "twilio_emulator", "serve", "--port", "0", "--account-sid", SID]
    env = {**os.environ, "PYTHONPATH": str(installed), "TWILIO_EMULATOR_AUTH_TOKEN": "0123456789abcdef"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, line
        yield found[0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    """The page's pictures, styles and scripts too, and the marker that it is typed."""
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {path for path in SOURCES.rglob("*") if path.is_file() and "__pycache__" not in path.parts}

    assert (
        sorted(
            str(path.relative_to(SOURCES.parent))
            for path in files
            if str(path.relative_to(SOURCES.parent)) not in names
        )
        == []
    )
    assert any(path.suffix == ".js" for path in files)


def test_the_wheel_brings_a_command_and_a_pytest_plugin(wheel: Path) -> None:
    """And asks for pytest only where the plugin is wanted."""
    with zipfile.ZipFile(wheel) as archive:
        (entries,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        (metadata,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        points, about = archive.read(entries).decode(), archive.read(metadata).decode()

    assert f"Version: {__version__}" in about.splitlines()
    assert "twilio-emulator = twilio_emulator.__main__:main" in points
    assert "twilio_emulator = twilio_emulator.pytest_plugin" in points
    assert "Requires-Dist: pytest>=8; extra == 'pytest'" in about


def test_it_serves_api_page_and_documents_without_the_repository(served: str) -> None:
    """Every script and style that the page asks for is there."""
    assert requests.get(f"{served}/healthz", timeout=10).json() == {"status": "ok"}
    answer = requests.get(f"{served}/api/2010-04-01/Accounts.json", auth=(SID, "0123456789abcdef"), timeout=10)
    assert [account["sid"] for account in answer.json()["accounts"]] == [SID]

    page = requests.get(f"{served}/emulator/", timeout=10)
    wanted = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
    assert wanted
    for each in wanted:
        url = each if each.startswith("/") else f"/emulator/{each}"
        assert requests.get(f"{served}{url}", timeout=10).status_code == 200, url
    assert requests.get(f"{served}/emulator/v1/openapi.json", timeout=10).json()["openapi"].startswith("3.1")
