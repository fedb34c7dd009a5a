"""The pytest plugin, used as its page says: pytest runs the page's own tests in a project of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "emulator" / "pytest.md").read_text()
EXAMPLE, ASYNC_EXAMPLE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a project of its own, without the plugins that this repository's tests use."""
    others = [f"-pno:{name}" for name in ("asyncio", "anyio", "schemathesis", "hypothesispytest", "cacheprovider")]
    command = [sys.executable, "-m", "pytest", *others, "-W", "error", "-q", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_the_page_s_tests_pass(tmp_path: Path) -> None:
    """All of them, found and run by pytest with warnings as errors."""
    (tmp_path / "test_bot.py").write_text(EXAMPLE)

    done = run_pytest(tmp_path, "--strict-markers")

    assert done.returncode == 0, done.stdout
    assert f"{EXAMPLE.count('def test_')} passed" in done.stdout


def test_each_test_has_an_emulator_of_its_own(tmp_path: Path) -> None:
    """What one test made, the next does not see."""
    (tmp_path / "test_apart.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('turn', [1, 2])\n"
        "def test_alone(twilio_client, turn):\n"
        "    assert len(twilio_client.api.v2010.accounts.list()) == 1\n"
        "    twilio_client.api.v2010.accounts.create(friendly_name='x')\n"
    )

    assert "2 passed" in run_pytest(tmp_path).stdout


def test_pytest_starts_without_the_emulator_s_weight(tmp_path: Path) -> None:
    """A project that uses no fixture pays nothing: neither the SDK nor aiohttp is imported."""
    (tmp_path / "test_light.py").write_text(
        "import sys\ndef test_light():\n    assert not {'twilio', 'aiohttp'} & sys.modules.keys()\n"
    )

    done = run_pytest(tmp_path)

    assert "1 passed" in done.stdout, done.stdout


def test_an_option_nobody_knows_is_refused_by_name(tmp_path: Path) -> None:
    """A typo in the marker never passes for a setting."""
    (tmp_path / "test_typo.py").write_text(
        "import pytest\n@pytest.mark.twilio_emulator(statusdelay=1)\ndef test_x(twilio_emulator):\n    pass\n"
    )

    told = run_pytest(tmp_path).stdout

    assert "statusdelay is no option; give " in told
    assert "status_delay" in told


def test_the_async_example_is_python() -> None:
    """It leaves out only what is the user's."""
    compile(ASYNC_EXAMPLE, "pytest.md", "exec")
