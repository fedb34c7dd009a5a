"""What a customer answers to a voice webhook is played."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from twilio_emulator.models import Stage
from twilio_emulator.voice import live
from twilio_emulator.voice.conductor import happen
from twilio_emulator.voice.events import Fetched, FetchFailed
from twilio_emulator.voice.state import Fetching
from twilio_emulator.voice.twiml import parse_voice
from twilio_emulator.webhooks.answers import Failure
from twilio_emulator.webhooks.xml import InvalidReply

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Webhook
    from twilio_emulator.webhooks.sender import Outcome

__all__ = ["VoiceAnswers"]


class VoiceAnswers:
    """Acts on TwiML in an answer to a voice webhook; one that the call no longer waits for is not looked at."""

    def answered(self, core: Core, webhook: Webhook, outcome: Outcome) -> Failure | None:
        """Play the document."""
        number = _awaited(core, webhook)
        if number is None:
            return None
        try:
            verbs = parse_voice(outcome.body, outcome.content_type)
        except InvalidReply as invalid:
            return Failure(code=invalid.code, text=str(invalid))
        url = webhook.fallback_url if webhook.stage == Stage.FALLBACK else webhook.url
        event = Fetched(number=number, verbs=verbs, url=urldefrag(url).url)
        happen(core, webhook.resource_sid, event, now=core.clock.now())
        return None

    def gave_up(self, core: Core, webhook: Webhook, failure: Failure) -> None:
        """Tell the caller that something is wrong and hang up; the dispatcher has raised the alert."""
        number = _awaited(core, webhook)
        if number is None:
            return
        sid, now = webhook.resource_sid, core.clock.now()
        core.store.calls.note(sid, "alert", at=now, code=failure.code, text=failure.text)
        event = FetchFailed(number=number, code=failure.code, text=failure.text)
        happen(core, sid, event, now=now, alerted=failure.code)


def _awaited(core: Core, webhook: Webhook) -> int | None:
    """Return the number of the document that a webhook asked for, None when the call waits for it no longer."""
    call = live.state_of(core, webhook.resource_sid)
    number = webhook.lane.rpartition("/")[2]
    if call and isinstance(call.activity, Fetching) and str(call.activity.number) == number:
        return call.activity.number
    return None
