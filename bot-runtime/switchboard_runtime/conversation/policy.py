"""When to try again, when to look, when to give up: pure decisions of the engine and their numbers."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from switchboard_runtime.conversation.codes import meaning_of
from switchboard_runtime.conversation.courier import NotSent, Posted, Refused, Sent, Unknown

if TYPE_CHECKING:
    from collections.abc import Collection

    from switchboard_runtime.conversation.courier import Found
    from switchboard_runtime.store import OutboxItem

__all__ = ["Fail", "Keep", "Later", "Policy", "Resend", "after_look", "after_post", "backoff", "is_too_old"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Numbers of the engine, in seconds where nothing else is said.

    Attributes:
        lease: how long an item is held.
        look_delay: from an unknown outcome to the first look.
        look_grace: how long after its intent an absent message may still turn up in the provider's list; covers
            ``intent_fresh``, the deadline of a call and the list's own lag.
        intent_fresh: age up to which an intent dates a POST; an older one is renewed first.
        give_up: age at which a reply is of no use any more (Twilio's own queue keeps WhatsApp 4 hours).
        first_delay: the first back-off; doubles.
        longest_delay: the last.
        answer_attempts: tries of an assistant before the polite excuse goes out.
        claims: times a message is taken in hand, also by processes that died or could not write, before the excuse.
        turn_deadline: for one try.
        call_patience: until a caller is asked to wait on; Twilio gives a webhook 15.
        bubble_wait: until a reply follows the one before it that the provider has not reported as sent.
        burst: messages of a contact answered as one at most, besides the first.
        answer_lanes: conversations worked on at once.
        send_lanes: conversations sent to at once.
        answers_at_once: turns in progress in a process, of all tenants.
        sends_at_once: calls to the provider in a process, of all tenants.
        many_arriving: messages of a tenant on their way into the store that make its turns wait.
        longest_wait: seconds that they make them wait.
        idle_poll: between two looks at a file that another process might have left work in.
        drain: for what is in flight at the end.
        store_patience: for another process's transaction, before a webhook is answered 5xx.
    """

    lease: float = 20.0
    look_delay: float = 1.0
    look_grace: float = 30.0
    intent_fresh: float = 2.0
    give_up: float = 4 * 3600.0
    first_delay: float = 1.0
    longest_delay: float = 300.0
    answer_attempts: int = 4
    claims: int = 100
    turn_deadline: float = 15.0
    call_patience: float = 8.0
    bubble_wait: float = 5.0
    burst: int = 20
    answer_lanes: int = 64
    send_lanes: int = 16
    answers_at_once: int = 256
    sends_at_once: int = 32
    many_arriving: int = 8
    longest_wait: float = 5.0
    idle_poll: float = 15.0
    drain: float = 10.0
    store_patience: float = 5.0


@dataclass(frozen=True, slots=True)
class Keep:
    """The reply is at the provider under this SID."""

    sid: str


@dataclass(frozen=True, slots=True)
class Fail:
    """The reply ends here."""

    code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """Try again at ``due``; ``unsent`` says that no look is needed first."""

    due: float
    unsent: bool
    reason: Literal["not sent", "unknown outcome", "not listed yet", "look failed", "sender pauses"]


@dataclass(frozen=True, slots=True)
class Resend:
    """The reply is not at the provider: POST it again."""


def backoff(policy: Policy, attempts: int, *, chance: float) -> float:
    """Seconds to wait after ``attempts`` tries: doubling, capped, and between half and whole by ``chance``."""
    whole = min(policy.longest_delay, policy.first_delay * 2.0 ** min(max(attempts - 1, 0), 30))
    return whole * (0.5 + 0.5 * chance)


def after_post(item: OutboxItem, outcome: Posted, *, now: float, chance: float, policy: Policy) -> Keep | Fail | Later:
    """What to do with a reply once its POST came to something."""
    match outcome:
        case Sent(sid):
            return Keep(sid)
        case Refused(code, reason):
            return Fail(code, meaning_of(code, otherwise=reason))
        case NotSent(reason, retry_after, _):
            due = now + max(retry_after or 0.0, backoff(policy, item.attempts, chance=chance))
            too_old = is_too_old(item, due=due, policy=policy)
            return Fail(None, f"given up: {reason}") if too_old else Later(due, unsent=True, reason="not sent")
        case Unknown():
            return Later(now + policy.look_delay, unsent=False, reason="unknown outcome")


def is_too_old(item: OutboxItem, *, due: float, policy: Policy) -> bool:
    """Whether a reply that could be sent at ``due`` is of no use any more by then."""
    return due - item.created_at > policy.give_up


def after_look(
    item: OutboxItem,
    found: Collection[Found],
    *,
    claimed: Collection[str],
    now: float,
    chance: float,
    policy: Policy,
) -> Keep | Later | Resend | Fail:
    """What to do with a reply that may have been sent, knowing what the provider lists.

    Args:
        item: the reply.
        found: messages of the provider between the two parties since shortly before the intent.
        claimed: SIDs among them that belong to other replies.
        now: seconds since the epoch.
        chance: 0 to 1, for the jitter.
        policy: the numbers.
    """
    ours = [one for one in found if one.sid not in claimed and _is_ours(one.text, item)]
    if ours:
        return Keep(min(ours, key=lambda one: one.created_at).sid)
    if now - item.intent_at < policy.look_grace:
        wait = backoff(policy, item.attempts, chance=chance)
        due = min(now + wait, item.intent_at + policy.look_grace)
        return Later(due, unsent=False, reason="not listed yet")
    if now - item.created_at > policy.give_up:
        return Fail(None, "given up: not at the provider, and too old to send")
    return Resend()


def _is_ours(listed: str, item: OutboxItem) -> bool:
    """Whether the provider's text is the reply's: a template's has in it all that was put in."""
    content = item.reply.content
    if content is None:
        return _same_text(listed, item.text)
    return all(_folded(value) in _folded(listed) for _, value in content.variables)


def _same_text(listed: str, text: str) -> bool:
    """Whether the provider's text is ours; it trims, and a trial account's has a line put before it."""
    return _folded(listed).endswith(_folded(text))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())
