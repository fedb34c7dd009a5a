"""The tenant's own JSON form: ``{"telefono": …, "mensaje": …}`` in, ``{"respuesta": …}`` out."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from switchboard_runtime.store import Inbound

__all__ = ["JsonMessage", "read_json", "to_inbound"]

PROVIDER = "http"


class JsonMessage(BaseModel):
    """What a caller writes; fields it adds for itself are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    telefono: Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True)]
    mensaje: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    to: str | None = Field(default=None, max_length=128)
    id: str | None = Field(default=None, max_length=128)


def read_json(body: bytes) -> JsonMessage | str:
    """The message, or what is wrong with it in words for the caller."""
    try:
        return JsonMessage.model_validate(json.loads(body))
    except (ValueError, RecursionError) as error:
        if isinstance(error, ValidationError):
            return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors())
        return "the body is no JSON"


def to_inbound(message: JsonMessage, *, tenant: str, own: str, sid: str, trace: str, now: float) -> Inbound:
    """The engine's record of a JSON message; ``sid`` is the caller's idempotency key or a new id."""
    return Inbound(
        provider=PROVIDER,
        account=tenant,
        sid=sid,
        channel="http",
        own=own,
        contact=message.telefono,
        text=message.mensaje,
        trace=trace,
        received_at=now,
    )
