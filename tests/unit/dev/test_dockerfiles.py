"""The Dockerfiles make of the same sources what ``dev.cluster images`` makes; they are not built here."""

from __future__ import annotations

import re

import pytest

from dev.cluster.base import USER
from dev.cluster.folders import REPOSITORY
from dev.cluster.images import OWN_PROGRAMS, OwnProgram

FOLDERS = {"switchboard-operator": "operator", "switchboard-runtime": "bot-runtime", "twilio-emulator": "emulator"}


@pytest.mark.parametrize("program", OWN_PROGRAMS, ids=lambda program: program.image)
def test_a_dockerfile_builds_the_program_of_its_folder(program: OwnProgram) -> None:
    """The same package of the lock, the same module, the same user, hashes checked."""
    text = (REPOSITORY / FOLDERS[program.image] / "Dockerfile").read_text()

    assert f"--package {program.package} " in text
    assert all(f"--extra {extra} " in text for extra in program.extras)
    assert text.count("--extra ") == len(program.extras)
    assert f'ENTRYPOINT ["python3", "-m", "{program.module}"]' in text
    assert f"USER {USER}:{USER}" in text
    assert text.count("--require-hashes") == 2
    assert "ARG PYTHON=python:3.11." in text


@pytest.mark.parametrize("program", OWN_PROGRAMS, ids=lambda program: program.image)
def test_what_a_dockerfile_copies_is_there_and_reaches_the_builder(program: OwnProgram) -> None:
    """Each source exists, and .dockerignore lets it through."""
    text = (REPOSITORY / FOLDERS[program.image] / "Dockerfile").read_text()
    sources = [each for line in re.findall(r"^COPY (?!--)(.+) \S+$", text, re.MULTILINE) for each in line.split()]
    admitted = [line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")]

    for source in sources:
        assert (REPOSITORY / source).exists()
        assert any(source == each or source.startswith(f"{each}/") for each in admitted)
