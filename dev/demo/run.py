"""The demo from the first step to the last; each step checks what it shows."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dev.demo import change, removal, thinking
from dev.demo.change import Changed
from dev.demo.console import Console
from dev.demo.emulator import Emulator
from dev.demo.figures import Figures, measure
from dev.demo.kubectl import Kubectl
from dev.demo.phone import Phone, expect
from dev.demo.release import install
from dev.demo.routes import wait_until_routed
from dev.demo.scenes import SCENES, Scene
from dev.demo.senders import register
from dev.demo.target import (
    EMULATOR,
    NAMESPACE,
    Target,
    bring_up_local,
    known_node,
    local_target,
    own_cluster_wanted,
    own_target,
    reaching_emulator,
    with_ingress_class,
)
from dev.demo.tenants import QUICKSTART, find, tenant_names, wait_until_served

STEPS = 10


@dataclass(frozen=True)
class Shown:
    """What the demo showed.

    Attributes:
        target: where.
        replies: each answer with its tenant, pod and time.
        changed: how the change went.
        figures: what was measured.
    """

    target: Target
    replies: list[dict[str, Any]]
    changed: Changed
    figures: Figures


@dataclass(frozen=True)
class _Stage:
    """What the later steps share."""

    target: Target
    console: Console
    emulator: Emulator
    run: int

    @property
    def kubectl(self) -> Kubectl:
        return self.target.kubectl

    def phone(self, person: str, *, index: int, channel: str) -> Phone:
        """A phone that nobody has written from before."""
        number = f"+54911{(self.run * 10 + index) % 10**8:08d}"
        return Phone(
            address=f"whatsapp:{number}" if channel == "WhatsApp" else number,
            name=person,
            emulator=self.emulator,
            ingress=self.target.ingress,
            kubectl=self.kubectl,
        )


def show(console: Console, env: Mapping[str, str], *, image_prefix: str | None, run: int) -> Shown:
    """Run the whole demo.

    Args:
        console: where it is shown.
        env: environment variables.
        image_prefix: for a cluster of one's own.
        run: a number that no earlier run had; phones are named after it.

    Raises:
        DemoError: something is not as it should be.
        ClusterError: there is no cluster to show it on.
    """
    target = _target(console, env, image_prefix=image_prefix)
    with console.step("Install the operator, and Twilio's stand-in, by Helm; PostgreSQL and a model's server beside"):
        install(target)
    with reaching_emulator(target) as reached:
        stage = _Stage(reached, console, _emulator(reached), run)
        _apply(stage)
        _register_senders(stage)
        replies = _talk(stage)
        with console.step("kubectl get switchboard -A"):
            console.block(stage.kubectl("get", "switchboard", "-A"))
        changed = _change(stage)
        _think(stage)
        figures = _figures(stage)
        _remove(stage)
    return Shown(target, replies, changed, figures)


def _target(console: Console, env: Mapping[str, str], *, image_prefix: str | None) -> Target:
    if own_cluster_wanted(env):
        with console.step("Your own cluster (KUBECONFIG)"):
            target = with_ingress_class(own_target({**known_node(env), **env}, image_prefix=image_prefix))
            console.block(target.kubectl("get", "nodes"))
        return target
    with console.step("A Kubernetes node on this machine, and the images of the three programs"):
        bring_up_local()
        return local_target()


def _emulator(target: Target) -> Emulator:
    data = target.kubectl.json("-n", NAMESPACE, "get", "secret", EMULATOR)["data"]
    sid, token = (base64.b64decode(data[name]).decode() for name in ("accountSid", "authToken"))
    return Emulator(target.emulator, sid, token)


def _apply(stage: _Stage) -> None:
    names = tenant_names()
    with stage.console.step(f"kubectl apply -f examples/quickstart: {len(names)} tenants"):
        stage.kubectl("apply", "-f", str(QUICKSTART))
        wait_until_served(stage.kubectl, stage.console, image=stage.target.images["switchboard-runtime"])
        for name in names:
            wait_until_routed(stage.kubectl, stage.target.ingress, find(stage.kubectl, name).host)


def _register_senders(stage: _Stage) -> None:
    wanted = {(scene.tenant, scene.number) for scene in SCENES if scene.channel == "WhatsApp"}
    with stage.console.step("WhatsApp senders, registered at Twilio as a person does"):
        for name, number in sorted(wanted):
            tenant = find(stage.kubectl, name)
            register(stage.emulator, tenant.account_sid, tenant.numbers[number], name=tenant.title)


def _talk(stage: _Stage) -> list[dict[str, Any]]:
    with stage.console.step("Signed messages through the ingress, each answered by the tenant's own pod"):
        return [reply for index, scene in enumerate(SCENES) for reply in _play(stage, scene, index)]


def _play(stage: _Stage, scene: Scene, index: int) -> list[dict[str, Any]]:
    console, tenant = stage.console, find(stage.kubectl, scene.tenant)
    number = tenant.numbers[scene.number]
    phone = stage.phone(scene.person, index=index, channel=scene.channel)
    console.line()
    console.line(f"{tenant.title}, {scene.channel} {number} -> https://{tenant.host}")
    replies = []
    for line in scene.lines:
        console.message(line.says, by=scene.person)
        reply = phone.ask(tenant, number, line.says)
        pod = phone.pod_of(tenant, reply)
        console.reply(reply.text, by=tenant.title, seconds=reply.seconds, pod=pod)
        expect(reply, line.answer, tenant=tenant)
        replies.append({"tenant": tenant.name, "pod": pod, "seconds": reply.seconds, "text": reply.text})
    return replies


def _change(stage: _Stage) -> Changed:
    tenant = find(stage.kubectl, change.TENANT)
    phone = stage.phone("Sofía", index=len(SCENES), channel="WhatsApp")
    with stage.console.step("One change: edit an assistant, apply, ask again"):
        return change.make_change(stage.kubectl, stage.console, phone, tenant)


def _think(stage: _Stage) -> None:
    """A tenant with a model, in PostgreSQL, by two pods."""
    console = stage.console
    with console.step("A tenant that thinks with a language model, in PostgreSQL, served by two pods"):
        stage.kubectl("apply", "-f", str(thinking.FILE))
        wait_until_served(stage.kubectl, console, image=stage.target.images["switchboard-runtime"])
        tenant = find(stage.kubectl, thinking.TENANT)
        wait_until_routed(stage.kubectl, stage.target.ingress, tenant.host)
        register(stage.emulator, tenant.account_sid, tenant.numbers[thinking.NUMBER], name=tenant.title)
        phone = stage.phone("Emma", index=len(SCENES) + 2, channel="WhatsApp")
        scene = thinking.Stage(stage.kubectl, console, phone, tenant)
        for act in (
            thinking.answer_from_the_catalogue,
            thinking.join_a_burst,
            thinking.be_silent_after_stop,
            thinking.give_way_to_a_person,
            thinking.show_where_it_is_kept,
        ):
            console.line()
            act(scene)
        console.line()
        thinking.fail_and_recover(scene, (phone.neighbour(distance) for distance in range(1, 100)))


def _figures(stage: _Stage) -> Figures:
    phone = stage.phone("Ana", index=len(SCENES) + 1, channel="SMS")
    with stage.console.step("What one more tenant costs"):
        return measure(
            stage.kubectl,
            stage.console,
            stage.emulator,
            phone,
            run=stage.run,
            audit_log=stage.target.audit_log,
        )


def _remove(stage: _Stage) -> None:
    tenant = find(stage.kubectl, removal.TENANT)
    with stage.console.step(f"One removal: {tenant.title} leaves"):
        removal.remove(stage.kubectl, stage.console, stage.emulator, stage.target.ingress, tenant)
