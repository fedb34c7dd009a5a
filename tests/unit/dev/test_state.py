import json
from pathlib import Path

import pytest

from dev.cluster.errors import ClusterError
from dev.cluster.state import DOMAIN, Ports, describe, open_cluster, remember_ports


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment with a state folder of its own."""
    return {"XDG_STATE_HOME": str(tmp_path)}


def test_the_default_cluster_has_the_documented_ports(env: dict[str, str]) -> None:
    """README, docs and demo name them."""
    assert open_cluster("switchboard", env=env).ports == Ports(https=8443, api=16443, http=8080, emulator=8089)


def test_the_test_cluster_shares_no_port_with_the_default_one(env: dict[str, str]) -> None:
    """Tests run beside a demo."""
    demo, test = (open_cluster(name, env=env).ports for name in ("switchboard", "switchboard-test"))
    assert not set(vars(demo).values()) & set(vars(test).values())


def test_another_name_takes_four_ports_from_the_base(env: dict[str, str]) -> None:
    """In the order HTTPS, API server, HTTP, emulator."""
    assert open_cluster("mine", port_base=30000, env=env).ports == Ports(30000, 30001, 30002, 30003)


def test_another_name_takes_the_base_of_the_environment(env: dict[str, str]) -> None:
    """For a CI job that cannot change the command."""
    env["SWITCHBOARD_CLUSTER_PORT_BASE"] = "31000"
    assert open_cluster("mine", env=env).ports.https == 31000


def test_ports_are_remembered_so_that_later_commands_need_no_base(env: dict[str, str]) -> None:
    """`down` and `kubectl` find the cluster by its name alone."""
    remember_ports(open_cluster("mine", port_base=30000, env=env))
    assert open_cluster("mine", env=env).ports.https == 30000


def test_an_unknown_name_without_ports_is_told_how_to_give_them(env: dict[str, str]) -> None:
    """No port is made up."""
    with pytest.raises(ClusterError, match="--port-base"):
        open_cluster("mine", env=env)


@pytest.mark.parametrize("name", ["", "Mine", "a/b", "../x", "-a", "a-", "a" * 21])
def test_a_name_that_is_no_label_is_refused(name: str, env: dict[str, str]) -> None:
    """The name becomes a folder and a control group."""
    with pytest.raises(ClusterError, match="--name"):
        open_cluster(name, port_base=30000, env=env)


@pytest.mark.parametrize("base", [-1, 0, 65533, 70000])
def test_a_base_that_leads_out_of_the_range_of_ports_is_refused(base: int, env: dict[str, str]) -> None:
    """The fourth port counts too."""
    with pytest.raises(ClusterError, match="port"):
        open_cluster("mine", port_base=base, env=env)


def test_status_has_the_fields_that_others_rely_on(env: dict[str, str]) -> None:
    """Decision 0001 names them."""
    components = [{"name": "etcd", "pid": 1, "running": True}]
    found = describe(open_cluster("switchboard", env=env), components)
    assert found["running"] is True
    assert found["ingress"] == "https://127.0.0.1:8443"
    assert found["apiServer"] == "https://127.0.0.1:16443"
    assert found["emulator"] == "http://127.0.0.1:8089"
    assert found["domain"] == DOMAIN
    assert {"name", "kubeconfig", "http", "caFile", "auditLog", "components"} <= found.keys()
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("components", [[], [{"name": "etcd", "pid": None, "running": False}]])
def test_a_cluster_with_a_part_missing_does_not_run(components: list[dict[str, object]], env: dict[str, str]) -> None:
    """Never started, or one component dead."""
    assert describe(open_cluster("switchboard", env=env), components)["running"] is False
