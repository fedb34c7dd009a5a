"""Settings from the environment."""

import pytest

from switchboard_operator.settings import Settings, SettingsError, from_environment

BASE = {"SWITCHBOARD_RUNTIME_IMAGE": "runtime:1"}


def test_only_the_image_is_needed() -> None:
    """Everything else has a default."""
    assert from_environment(BASE) == Settings(runtime_image="runtime:1")


def test_everything_can_be_set() -> None:
    """Each variable reaches its setting."""
    environment = BASE | {
        "SWITCHBOARD_RUNTIME_PULL_POLICY": "Always",
        "SWITCHBOARD_RUNTIME_PULL_SECRETS": "one two",
        "SWITCHBOARD_RUNTIME_EGRESS": "LLM.models.svc:8000 10.0.0.7",
        "SWITCHBOARD_INSTALLATION_ID": "blue",
        "SWITCHBOARD_NAMESPACE": "system",
        "KUBECONFIG": "/tmp/config",
        "SWITCHBOARD_DOMAIN": "bots.example.com",
        "SWITCHBOARD_INGRESS_CLASS": "traefik",
        "SWITCHBOARD_TLS_SECRET": "wildcard",
        "SWITCHBOARD_DATABASE_SECRET": "postgres-admin",
        "SWITCHBOARD_WORKERS": "4",
        "SWITCHBOARD_DRIFT_INTERVAL": "30",
        "SWITCHBOARD_TWILIO_DEADLINE": "2.5",
        "SWITCHBOARD_STATUS_INTERVAL": "12.5",
        "SWITCHBOARD_LISTEN": "127.0.0.1:9000",
        "SWITCHBOARD_LOG_LEVEL": "debug",
    }

    assert from_environment(environment) == Settings(
        runtime_image="runtime:1",
        runtime_pull_policy="Always",
        runtime_pull_secrets=("one", "two"),
        runtime_egress=("llm.models.svc:8000", "10.0.0.7"),
        installation_id="blue",
        namespace="system",
        kubeconfig="/tmp/config",
        domain="bots.example.com",
        ingress_class="traefik",
        tls_secret="wildcard",
        database_secret="postgres-admin",
        workers=4,
        drift_interval=30.0,
        twilio_deadline=2.5,
        status_interval=12.5,
        listen=("127.0.0.1", 9000),
        log_level="DEBUG",
    )


def test_an_empty_variable_is_an_absent_one() -> None:
    """A chart that renders an empty value says nothing."""
    empty = dict.fromkeys(
        ("DOMAIN", "WORKERS", "LISTEN", "LOG_LEVEL", "RUNTIME_PULL_POLICY", "RUNTIME_PULL_SECRETS"), ""
    )

    assert from_environment(BASE | {f"SWITCHBOARD_{name}": "" for name in empty}) == from_environment(BASE)


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("RUNTIME_IMAGE", "", "set it to the image"),
        ("RUNTIME_PULL_POLICY", "Sometimes", "Always, IfNotPresent or Never"),
        ("DOMAIN", "https://bots.example.com", "a DNS name such as"),
        ("DOMAIN", "bots", "a DNS name such as"),
        ("RUNTIME_EGRESS", "http://llm.models.svc", "HOST or HOST:PORT"),
        ("RUNTIME_EGRESS", "llm.models.svc:70000", "HOST or HOST:PORT"),
        ("WORKERS", "many", "a number of at least 1"),
        ("WORKERS", "0", "at least 1"),
        ("WORKERS", "nan", "a number of at least 1"),
        ("WORKERS", "inf", "a number of at least 1"),
        ("DRIFT_INTERVAL", "1", "at least 5"),
        ("STATUS_INTERVAL", "1", "at least 5"),
        ("TWILIO_DEADLINE", "-1", "at least 1"),
        ("LISTEN", "8080", "host:port such as"),
        ("LISTEN", "0.0.0.0:", "host:port such as"),
        ("LISTEN", "0.0.0.0:70000", "host:port such as"),
        ("LISTEN", "0.0.0.0:²", "host:port such as"),
        ("LOG_LEVEL", "loud", "DEBUG, INFO, WARNING or ERROR"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(name: str, value: str, cure: str) -> None:
    """The variable and what to set it to stand in the error."""
    with pytest.raises(SettingsError) as refusal:
        from_environment(BASE | {f"SWITCHBOARD_{name}": value})

    assert f"SWITCHBOARD_{name}" in str(refusal.value)
    assert cure in str(refusal.value)
