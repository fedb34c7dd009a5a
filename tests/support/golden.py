"""Golden files: what users see, kept beside the tests. ``UPDATE_GOLDEN=1`` rewrites them; review reads the diff."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path


class _Dumper(yaml.SafeDumper):
    """YAML without anchors, long texts as blocks."""

    def ignore_aliases(self, data: Any) -> bool:  # PyYAML's signature
        """Write everything out."""
        return True


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(str, _text)


def check_golden(path: Path, documents: list[dict[str, Any]]) -> None:
    """Hold ``documents`` against the YAML in ``path``, or write it.

    Raises:
        AssertionError: they differ, or there is no file.
    """
    text = yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, explicit_start=True)
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is missing; UPDATE_GOLDEN=1 writes it"
    assert text == path.read_text(encoding="utf-8"), f"{path} differs; UPDATE_GOLDEN=1 rewrites it"
