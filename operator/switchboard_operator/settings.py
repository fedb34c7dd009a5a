"""The operator's settings, from environment variables (twelve-factor). The chart sets them from its values."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchboard_operator.api import grammar

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "SWITCHBOARD_"
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_LAST_PORT = 65535
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names the variable and the cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator is told at its start.

    Attributes:
        runtime_image: image of the tenants' bot runtime.
        runtime_pull_policy: its imagePullPolicy.
        runtime_pull_secrets: names of its imagePullSecrets in the tenants' namespaces.
        runtime_egress: ``host`` or ``host:port`` that assistants may call wherever they are and by plain http.
        installation_id: part of every ownership mark; survives the cluster.
        namespace: where the Secrets of TwilioAccounts are; the pod's own namespace by default.
        kubeconfig: path of a kubeconfig file; None inside a cluster.
        domain: domain of tenants whose TwilioAccount and manifest name none.
        ingress_class: class of the tenants' Ingresses; None leaves it to the cluster's default.
        tls_secret: Secret with the wildcard certificate in the tenants' namespaces; None when the ingress
            controller serves it by default.
        database_secret: Secret of the operator's namespace with the DSN of the platform's PostgreSQL; None
            when there is none.
        workers: passes at once.
        drift_interval: seconds between two looks at a settled resource at Twilio.
        twilio_deadline: seconds for one call of Twilio.
        status_interval: seconds between two looks at a bot's own status.
        bot_address: ``host[:port]`` of a bot inside of the cluster, with ``{service}`` and ``{namespace}``.
        listen: host and port of probes and metrics.
        log_level: of the standard library's logging.
    """

    runtime_image: str
    runtime_pull_policy: str = "IfNotPresent"
    runtime_pull_secrets: tuple[str, ...] = ()
    runtime_egress: tuple[str, ...] = ()
    installation_id: str = "default"
    namespace: str | None = None
    kubeconfig: str | None = None
    domain: str | None = None
    ingress_class: str | None = None
    tls_secret: str | None = None
    database_secret: str | None = None
    workers: int = 32
    drift_interval: float = 600.0
    twilio_deadline: float = 15.0
    status_interval: float = 30.0
    bot_address: str = "{service}.{namespace}.svc"
    listen: tuple[str, int] = ("0.0.0.0", 8080)
    log_level: str = "INFO"


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    env = os.environ if environment is None else environment
    return Settings(
        runtime_image=_required(env, "RUNTIME_IMAGE", "the image of the tenants' bot runtime"),
        runtime_pull_policy=_choice(env, "RUNTIME_PULL_POLICY", "IfNotPresent", _PULL_POLICIES),
        runtime_pull_secrets=tuple((env.get(PREFIX + "RUNTIME_PULL_SECRETS") or "").split()),
        runtime_egress=_hosts(env),
        installation_id=env.get(PREFIX + "INSTALLATION_ID") or "default",
        namespace=env.get(PREFIX + "NAMESPACE") or None,
        kubeconfig=env.get("KUBECONFIG") or None,
        domain=_domain(env),
        ingress_class=env.get(PREFIX + "INGRESS_CLASS") or None,
        tls_secret=env.get(PREFIX + "TLS_SECRET") or None,
        database_secret=env.get(PREFIX + "DATABASE_SECRET") or None,
        workers=int(_number(env, "WORKERS", 32, least=1)),
        drift_interval=_number(env, "DRIFT_INTERVAL", 600.0, least=5),
        twilio_deadline=_number(env, "TWILIO_DEADLINE", 15.0, least=1),
        status_interval=_number(env, "STATUS_INTERVAL", 30.0, least=5),
        listen=_listen(env),
        log_level=_choice(env, "LOG_LEVEL", "INFO", _LEVELS),
    )


def _required(env: Mapping[str, str], name: str, what: str) -> str:
    value = env.get(PREFIX + name)
    if not value:
        raise SettingsError(f"{PREFIX}{name} is not set; set it to {what}")
    return value


def _choice(env: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    text = env.get(PREFIX + name) or default
    chosen = {choice.lower(): choice for choice in choices}.get(text.lower())
    if chosen is None:
        raise SettingsError(f"{PREFIX}{name} is {text!r}; set it to {', '.join(choices[:-1])} or {choices[-1]}")
    return chosen


def _number(env: Mapping[str, str], name: str, default: float, *, least: float) -> float:
    text = env.get(PREFIX + name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SettingsError(f"{PREFIX}{name} is {text!r}; set it to a number of at least {least:g}")
    if value < least:
        raise SettingsError(f"{PREFIX}{name} is {text}; set it to at least {least:g}")
    return value


def _domain(env: Mapping[str, str]) -> str | None:
    domain = env.get(PREFIX + "DOMAIN") or None
    if domain is not None and not grammar.fits(grammar.DOMAIN, domain):
        raise SettingsError(f"{PREFIX}DOMAIN is {domain!r}; set it to a DNS name such as bots.example.com")
    return domain


def _hosts(env: Mapping[str, str]) -> tuple[str, ...]:
    hosts = tuple((env.get(PREFIX + "RUNTIME_EGRESS") or "").lower().split())
    for host in hosts:
        if not grammar.fits(grammar.HOST_AND_PORT, host):
            raise SettingsError(
                f"{PREFIX}RUNTIME_EGRESS has {host!r}; write HOST or HOST:PORT with blanks between, as in llm.ai.svc:80"
            )
    return hosts


def _listen(env: Mapping[str, str]) -> tuple[str, int]:
    text = env.get(PREFIX + "LISTEN") or "0.0.0.0:8080"
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > _LAST_PORT:
        raise SettingsError(f"{PREFIX}LISTEN is {text!r}; set it to host:port such as 0.0.0.0:8080")
    return host, int(port)
