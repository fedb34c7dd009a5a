"""Whether the ingress leads to a host: it hears of an Ingress a moment after the API server does."""

import time
from collections.abc import Callable

from dev.demo.errors import NotInTime
from dev.demo.kubectl import Kubectl
from dev.demo.web import Ingress, Request

_PATIENCE = 60.0
_POLL = 0.1


def wait_until_routed(kubectl: Kubectl, ingress: Ingress, host: str) -> None:
    """Wait until a bot answers at the host.

    Raises:
        NotInTime: it did not.
    """
    _wait(kubectl, ingress, host, lambda status: status == 200, wanted="200")


def wait_until_unrouted(kubectl: Kubectl, ingress: Ingress, host: str) -> None:
    """Wait until nobody is at the host any more.

    Raises:
        NotInTime: somebody still was.
    """
    _wait(kubectl, ingress, host, lambda status: status == 404, wanted="404")


def _wait(kubectl: Kubectl, ingress: Ingress, host: str, met: Callable[[int], bool], *, wanted: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        seen = _ask(ingress, host)
        if isinstance(seen, int) and met(seen):
            return
        if time.monotonic() > deadline:
            raise NotInTime(
                expected=f"{wanted} from https://{host}/healthz by {ingress.host}:{ingress.port}",
                seen=str(seen),
                look=kubectl.to_type("get ingresses -A"),
            )
        time.sleep(_POLL)


def _ask(ingress: Ingress, host: str) -> int | str:
    try:
        return ingress.send(Request(method="GET", path="/healthz"), host=host).status
    except OSError as error:
        return str(error)
