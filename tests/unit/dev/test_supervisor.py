import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dev.cluster.state import Cluster, Ports
from dev.cluster.supervisor import Program, is_current, running, start, start_time, stop

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    """A cluster that is no more than its folders."""
    return Cluster("mine", tmp_path / "state", tmp_path / "run", Ports(1, 2, 3, 4))


def test_a_started_program_runs_until_it_is_stopped(cluster: Cluster) -> None:
    """It is found by its pid file alone."""
    pid = start(cluster, Program("sleep", SLEEP), "here")
    assert running(cluster, "sleep") == pid
    stop(cluster, "sleep", grace=5.0)
    assert start_time(pid) is None
    assert running(cluster, "sleep") is None


def test_a_program_that_ignores_sigterm_is_killed_after_its_grace(cluster: Cluster) -> None:
    """`down` always ends."""
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    pid = start(cluster, Program("stubborn", (sys.executable, "-c", stubborn)), "here")
    stop(cluster, "stubborn", grace=0.2)
    assert start_time(pid) is None


def test_a_pid_that_belongs_to_another_process_now_is_left_alone(cluster: Cluster) -> None:
    """The boot or the start time differ, so it is not ours."""
    with subprocess.Popen(SLEEP) as other:
        pid_file = cluster.run / "pids" / "sleep.json"
        pid_file.parent.mkdir(parents=True)
        pid_file.write_text(json.dumps({"pid": other.pid, "started": "another boot/1", "digest": "x"}))
        stop(cluster, "sleep", grace=1.0)
        assert other.poll() is None
        other.kill()


def test_a_changed_file_or_flag_or_namespace_makes_a_program_outdated(cluster: Cluster, tmp_path: Path) -> None:
    """Each of them alone is reason to start it anew."""
    config = tmp_path / "config"
    config.write_text("one")
    program = Program("sleep", SLEEP, files=(config,))
    start(cluster, program, "here")
    try:
        assert is_current(cluster, program, "here")
        assert not is_current(cluster, program, "elsewhere")
        assert not is_current(cluster, Program("sleep", (*SLEEP, "flag"), files=(config,)), "here")
        config.write_text("two")
        assert not is_current(cluster, program, "here")
    finally:
        stop(cluster, "sleep", grace=5.0)


def test_a_broken_pid_file_counts_as_not_running(cluster: Cluster) -> None:
    """A machine that stopped while it was written does not stop `up`."""
    pid_file = cluster.run / "pids" / "sleep.json"
    pid_file.parent.mkdir(parents=True)
    pid_file.write_text("{")
    assert running(cluster, "sleep") is None


def test_our_own_start_time_stays_the_same() -> None:
    """The kernel tells it in clock ticks since the boot."""
    assert start_time(os.getpid()) == start_time(os.getpid()) is not None
