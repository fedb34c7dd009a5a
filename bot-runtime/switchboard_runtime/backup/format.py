"""The file: lines of JSON, a header, each table with its columns and rows, and an end that counts and sums it up.

A name that ends in ``.gz`` is packed. A file without its end, or whose sum differs, is refused before anything is
written. Rows are lists in the order of the table's columns; bytes are ``{"base64": …}``.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003  # of a record
from typing import IO, TYPE_CHECKING, Any

from switchboard_runtime.errors import Conflict, RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["FORMAT", "BackupFile", "BrokenFile", "Section", "Summary", "Writing", "read_backup", "row_line", "written"]

FORMAT = "switchboard.backup/1"


class BrokenFile(RuntimeFailure):
    """The file is no backup, or not a whole one."""


@dataclass(slots=True)
class Summary:
    """What is in a file: rows of each table, and the SHA-256 of each table's lines."""

    rows: dict[str, int] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())


def check_free(path: Path, *, force: bool) -> None:
    """See that a file may be written.

    Raises:
        Conflict: it is there, and not to be replaced.
    """
    if path.exists() and not force:
        raise Conflict(f"{path} is there; give another name, or --force")


def row_line(values: Sequence[Any]) -> bytes:
    """A row as its line."""
    plain = [{"base64": base64.b64encode(one).decode()} if isinstance(one, bytes) else one for one in values]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


class Writing:
    """A file that is being written."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile) -> None:
        self._stream = stream
        self._whole = hashlib.sha256()
        self.summary = Summary()

    def header(self, facts: Mapping[str, Any]) -> None:
        """The first line."""
        self._put({"format": FORMAT, **facts})

    def table(self, name: str, columns: Sequence[str]) -> Section:
        """Begin a table."""
        self._put({"table": name, "columns": list(columns)})
        return Section(self, name)

    def end(self) -> None:
        """The last line."""
        self._put(
            {"end": True, "rows": self.summary.rows, "sums": self.summary.sums, "sha256": self._whole.hexdigest()}
        )

    def _put(self, content: Mapping[str, Any]) -> None:
        self._write(json.dumps(content, separators=(",", ":")).encode() + b"\n")

    def _write(self, lines: bytes) -> None:
        self._whole.update(lines)
        self._stream.write(lines)


class Section:
    """A table of a file that is being written."""

    def __init__(self, file: Writing, name: str) -> None:
        self._file = file
        self._name = name
        self._digest = hashlib.sha256()
        self._count = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> int:
        """Write rows; how many there are so far."""
        lines = b"".join(map(row_line, rows))
        self._digest.update(lines)
        self._file._write(lines)  # noqa: SLF001  # a part of it
        self._count += len(rows)
        return self._count

    def close(self) -> None:
        """The table is whole."""
        self._file.summary.rows[self._name] = self._count
        self._file.summary.sums[self._name] = self._digest.hexdigest()


@contextmanager
def written(path: Path) -> Iterator[Writing]:
    """A file that is there whole or not at all, for its owner alone."""
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, compresslevel=6, filename="") as packed:
                    yield Writing(packed)
            else:
                yield Writing(raw)
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFile:
    """A file that was read to its end and found whole."""

    path: Path
    header: Mapping[str, Any]
    columns: Mapping[str, tuple[str, ...]]
    starts: Mapping[str, int] = field(repr=False)
    summary: Summary

    def rows(self, table: str, *, at_once: int) -> Iterator[list[list[Any]]]:
        """A table's rows, in batches."""
        batch: list[list[Any]] = []
        for row in self._of(table):
            batch.append(row)
            if len(batch) >= at_once:
                yield batch
                batch = []
        if batch:
            yield batch

    def _of(self, table: str) -> Iterator[list[Any]]:
        """The table's rows."""
        with _opened(self.path) as stream:
            stream.seek(self.starts[table])
            for line in stream:
                if not line.startswith(b"["):
                    return
                yield [_value(one) for one in json.loads(line)]


def read_backup(path: Path) -> BackupFile:
    """Read a file to its end.

    Raises:
        BrokenFile: it is none, or not whole; says what is wrong.
    """
    try:
        with _opened(path) as stream:
            return _read(path, stream)
    except (OSError, EOFError, ValueError, KeyError, AttributeError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else "is cut off or no backup"
        raise BrokenFile(f"{path}: {what}") from None


def _read(path: Path, stream: IO[bytes]) -> BackupFile:
    whole, first = hashlib.sha256(), stream.readline()
    header = json.loads(first)
    if header.get("format") != FORMAT:
        raise BrokenFile(f"{path}: is no {FORMAT}")
    whole.update(first)
    place, table = len(first), ""
    columns, starts, rows = dict[str, tuple[str, ...]](), dict[str, int](), dict[str, int]()
    for line in stream:
        place += len(line)
        if line.startswith(b"["):
            rows[table] += 1
        else:
            content = json.loads(line)
            if content.get("end"):
                if whole.hexdigest() != content["sha256"] or rows != content["rows"]:
                    raise BrokenFile(f"{path}: was changed or damaged: its sum differs")
                summary = Summary(rows=rows, sums=content["sums"])
                return BackupFile(path=path, header=header, columns=columns, starts=starts, summary=summary)
            table = content["table"]
            columns[table], starts[table], rows[table] = tuple(content["columns"]), place, 0
        whole.update(line)
    raise BrokenFile(f"{path}: is cut off: it has no end")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=raw, mode="rb") as packed:
                yield packed  # type: ignore[misc]  # a stream all the same
        else:
            yield raw


def _value(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value
