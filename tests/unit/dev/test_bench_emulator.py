"""The emulator's benchmark runs from beginning to end; how fast it is, no test says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_benchmark_measures_every_operation_beside_its_peer() -> None:
    """With few requests; each operation was answered as it should, or it would have ended with a message."""
    command = [sys.executable, "-m", "bench.emulator", "--requests", "20", "--rounds", "2", "--accounts", "1200"]
    done = subprocess.run(
        [*command, "--output", "json"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=120
    )
    found = json.loads(done.stdout)

    names = [row["operation"] for row in found["operations"]]
    assert names == ["create-subaccount", "search", "buy", "send", "inbound"]
    assert all(row["rateRatio"] > 0 and row["p99Ratio"] > 0 for row in found["operations"])
    assert found["answeredPerSecond"] > 0
    assert found["listing"]["accounts"] == 1200
    assert 0 < found["memoryMiB"]["idle"] <= found["memoryMiB"]["after"] + 50
