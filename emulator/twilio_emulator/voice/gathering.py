"""Gather: prompts, keys, speech, and what becomes of them.

Keys interrupt a prompt; speech does unless ``bargeIn`` is false. Each key starts the timeout anew. Without
input the document goes on, as it does when the finishing key comes first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twilio_emulator.voice.state import Gathering

if TYPE_CHECKING:
    from twilio_emulator.voice.events import Speech
    from twilio_emulator.voice.run import Run
    from twilio_emulator.voice.verbs import Gather

__all__ = ["begin", "hear", "on_due", "press"]


def begin(run: Run, verb: Gather) -> None:
    """Start with the first prompt."""
    _prompt(run, Gathering(verb=verb, until=None, prompts=verb.prompts))


def on_due(run: Run, activity: Gathering) -> None:
    """Go on with the next prompt, or end for want of input."""
    if activity.prompting:
        _prompt(run, activity)
    else:
        _finish(run, activity, "")


def press(run: Run, activity: Gathering, key: str) -> None:
    """Take a key."""
    verb = activity.verb
    if not verb.dtmf:
        return
    run.stir()
    if key == verb.finish_on_key:
        _finish(run, activity, key)
        return
    pressed = replace(activity, digits=activity.digits + key, prompting=False, prompts=(), until=run.at + verb.timeout)
    if verb.num_digits and len(pressed.digits) >= verb.num_digits:
        _finish(run, pressed, "")
    else:
        run.become(pressed)


def hear(run: Run, activity: Gathering, speech: Speech) -> None:
    """Take speech; whoever has begun to press keys is not listened to."""
    verb = activity.verb
    held_back = activity.prompting and not verb.barge_in
    if not verb.speech or activity.digits or held_back or not speech.text.strip():
        return
    run.stir()
    params = (
        ("SpeechResult", speech.text),
        ("Confidence", str(round(speech.confidence, 7))),
        ("Language", verb.language),
    )
    run.fetch(verb.action or "", verb.method, params)


def _prompt(run: Run, activity: Gathering) -> None:
    if activity.prompts:
        until = run.hear(activity.prompts[0])
        run.become(replace(activity, prompts=activity.prompts[1:], until=until))
    else:
        run.become(replace(activity, prompting=False, until=run.at + activity.verb.timeout))


def _finish(run: Run, activity: Gathering, key: str) -> None:
    verb = activity.verb
    if not activity.digits and not verb.action_on_empty_result:
        run.ready()
        return
    params = (("msg", "Gather End"), ("Digits", activity.digits), ("FinishedOnKey", key))
    run.fetch(verb.action or "", verb.method, params)
