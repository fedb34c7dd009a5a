"""One call, played: state in, one event, state out."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from twilio_emulator.voice.effects import (
    Alert,
    Ended,
    Fetch,
    LegChanged,
    NotEmulated,
    Played,
    SendMessage,
    Spoke,
    StartDial,
    StartRecording,
    StatusChanged,
    StopRecording,
)
from twilio_emulator.voice.events import (
    Answered,
    ApiDocument,
    ApiHangup,
    ApiRedirect,
    DialAnswered,
    DialResult,
    Digits,
    Event,
    Fetched,
    FetchFailed,
    HungUp,
    NotAnswered,
    Speech,
    Started,
    TimePassed,
)
from twilio_emulator.voice.machine import Step, advance
from twilio_emulator.voice.run import APOLOGY
from twilio_emulator.voice.state import Call, Fetching, Waiting
from twilio_emulator.voice.twiml import parse_voice

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_emulator.voice.effects import Effect
    from twilio_emulator.voice.verbs import Verb

URL = "https://acme.example/bot/voice"
START = 1_750_000_000.0
T = TypeVar("T")


def sids() -> Callable[[str], str]:
    """Return a source of SIDs that counts."""
    numbers = itertools.count(1)
    return lambda prefix: f"{prefix}{next(numbers):032d}"


def act(call: Call, event: Event, after: float = 0) -> Step:
    """Let something happen some seconds after the call's last moment."""
    return advance(call, event, now=call.moment + after, new_sid=sids())


def only(effects: tuple[Effect, ...], kind: type[T]) -> T:
    """Return the one effect of a kind."""
    (found,) = [effect for effect in effects if isinstance(effect, kind)]
    return found


def started() -> Call:
    """Return an inbound call whose first document is awaited."""
    return act(Call.inbound(account_sid="AC1", url=URL, now=START), Started()).call


def document(call: Call, inner: str) -> Step:
    """Give the call the document it awaits."""
    assert isinstance(call.activity, Fetching)
    verbs = parse_voice(f"<Response>{inner}</Response>".encode(), "text/xml")
    return act(call, Fetched(number=call.activity.number, verbs=verbs, url=call.activity.url))


def playing(inner: str) -> Call:
    """Return an inbound call that plays a document."""
    return document(started(), inner).call


def ringing() -> Call:
    """Return an outbound call that rings."""
    return act(Call.outbound(account_sid="AC1", url=URL, now=START), Started()).call


# The beginning of a call


def test_an_inbound_call_asks_for_its_document_while_it_rings() -> None:
    """At its voice URL."""
    step = act(Call.inbound(account_sid="AC1", url=URL, now=START, method="GET"), Started())

    assert step.effects == (Fetch(at=START, number=1, url=URL, method="GET", params=(), call_status="ringing"),)
    assert step.call.status == "ringing"


def test_the_first_verb_answers_an_inbound_call() -> None:
    """And is heard."""
    step = document(started(), "<Say>Good morning to you</Say>")

    assert step.effects == (
        StatusChanged(at=START, status="in-progress"),
        Spoke(at=START, text="Good morning to you", voice="man", language="en-US", loop=1, seconds=2),
    )
    assert step.call.due == START + 2


@pytest.mark.parametrize(("reason", "status"), [("busy", "busy"), ("rejected", "no-answer")])
def test_a_rejected_call_is_never_answered(reason: str, status: str) -> None:
    """It ends with the state of its reason."""
    step = document(started(), f"<Reject reason='{reason}'/>")

    assert step.effects == (Ended(at=START, status=status, duration=0),)


def test_rejecting_an_answered_call_hangs_up() -> None:
    """It is too late then."""
    step = act(playing("<Say>Hi</Say><Reject/>"), TimePassed(), 1)

    assert only(step.effects, Ended).status == "completed"


def test_a_leading_pause_delays_the_answer() -> None:
    """The phone goes on ringing."""
    call = playing("<Pause length='3'/><Say>Hi</Say>")
    step = act(call, TimePassed(), 3)

    assert call.answered is None
    assert step.call.answered == START + 3


def test_an_empty_document_answers_and_hangs_up() -> None:
    """As the end of any document does."""
    step = document(started(), "")

    assert [type(effect) for effect in step.effects] == [StatusChanged, Ended]


def test_a_call_given_up_while_it_rings_was_not_answered() -> None:
    """There is nothing to bill."""
    step = act(started(), HungUp())

    assert step.effects == (Ended(at=START, status="no-answer", duration=0),)


def test_an_outbound_call_is_initiated_and_rings() -> None:
    """The phone has the ring timeout to be picked up."""
    step = act(Call.outbound(account_sid="AC1", url=URL, now=START, ring_timeout=20), Started())

    assert [only((effect,), StatusChanged).status for effect in step.effects] == ["initiated", "ringing"]
    assert step.call.due == START + 20


def test_an_outbound_call_asks_for_its_document_when_it_is_answered() -> None:
    """Not before."""
    step = act(ringing(), Answered(), 4)

    assert only(step.effects, StatusChanged).status == "in-progress"
    assert only(step.effects, Fetch).call_status == "in-progress"


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed"])
def test_an_outbound_call_that_is_not_answered_says_why(status: str) -> None:
    """Without asking for a document."""
    assert act(ringing(), NotAnswered(status=status)).effects == (Ended(at=START, status=status, duration=0),)


def test_ringing_has_an_end() -> None:
    """At its own moment, however late it is noticed."""
    step = act(ringing(), TimePassed(), 500)

    assert step.effects == (Ended(at=START + 60, status="no-answer", duration=0),)


def test_a_document_given_with_the_call_is_played_at_once() -> None:
    """No URL is asked."""
    verbs = parse_voice(b"<Response><Say>Hi</Say></Response>", "text/xml")
    call = act(Call.outbound(account_sid="AC1", verbs=verbs, now=START), Started()).call

    assert only(act(call, Answered()).effects, Spoke).text == "Hi"


# Verbs that are heard


def test_verbs_are_heard_one_after_another() -> None:
    """Each at the end of the one before, and then the call ends."""
    call = playing("<Say>Hi</Say><Play loop='2'>a.mp3</Play><Pause length='4'/><Play digits='12ww'/>")
    step = act(call, TimePassed(), 60)

    assert step.effects == (
        Played(at=START + 1, url="https://acme.example/bot/a.mp3", digits="", loop=2, seconds=10),
        Played(at=START + 15, url="", digits="12ww", loop=1, seconds=2),
        Ended(at=START + 17, status="completed", duration=17),
    )


def test_what_is_repeated_for_ever_ends_with_the_longest_call() -> None:
    """Unless somebody hangs up before."""
    call = playing("<Say loop='0'>Please hold</Say>")
    step = act(call, TimePassed(), 20_000)

    assert call.activity == Waiting(until=None)
    assert only(step.effects, Ended).duration == 14_400


def test_sound_for_an_answer_is_played_from_its_url() -> None:
    """As Twilio does with audio content types."""
    call = started()
    step = act(call, Fetched(number=1, verbs=parse_voice(b"", "audio/mpeg"), url=URL))

    assert only(step.effects, Played).url == URL


# Gather


def test_enough_digits_are_sent_at_once() -> None:
    """To the action, which is relative to the document."""
    step = act(playing("<Gather numDigits='2' action='menu?a=1' method='GET'/>"), Digits(keys="129"))

    fetch = only(step.effects, Fetch)
    assert (fetch.url, fetch.method) == ("https://acme.example/bot/menu?a=1", "GET")
    assert fetch.params == (("msg", "Gather End"), ("Digits", "12"), ("FinishedOnKey", ""))


def test_the_finishing_key_ends_the_input() -> None:
    """It is no part of it; the action is the document itself when none is named."""
    fetch = only(act(playing("<Gather/>"), Digits(keys="12#")).effects, Fetch)

    assert (fetch.url, dict(fetch.params)) == (URL, {"msg": "Gather End", "Digits": "12", "FinishedOnKey": "#"})


def test_digits_are_sent_when_no_more_come() -> None:
    """Each starts the time-out anew."""
    call = act(act(playing("<Gather timeout='5'/>"), Digits(keys="1"), 4).call, Digits(keys="2"), 4).call
    step = act(call, TimePassed(), 5)

    assert dict(only(step.effects, Fetch).params)["Digits"] == "12"


@pytest.mark.parametrize("event", [TimePassed(), Digits(keys="#")])
def test_without_input_the_document_goes_on(event: Event) -> None:
    """After the time-out, or when the finishing key comes first."""
    step = act(playing("<Gather timeout='2'/><Say>No input</Say>"), event, 2)

    assert only(step.effects, Spoke).text == "No input"


def test_no_input_can_be_sent_too() -> None:
    """With actionOnEmptyResult."""
    step = act(playing("<Gather actionOnEmptyResult='true'/>"), TimePassed(), 5)

    assert dict(only(step.effects, Fetch).params)["Digits"] == ""


def test_the_time_out_begins_after_the_prompts() -> None:
    """Which are heard one after another."""
    call = playing("<Gather timeout='5'><Say>Press one</Say><Pause length='2'/></Gather>")

    assert act(call, TimePassed(), 7).effects == ()
    assert only(act(call, TimePassed(), 8).effects, Ended).duration == 8


def test_a_key_interrupts_the_prompts() -> None:
    """What remains of them is not heard."""
    call = playing("<Gather><Say>One</Say><Say>Two</Say></Gather>")
    step = act(act(call, Digits(keys="1")).call, TimePassed(), 5)

    assert [type(effect) for effect in step.effects] == [Fetch]


def test_speech_is_sent_with_its_confidence() -> None:
    """When the verb wants speech."""
    step = act(playing("<Gather input='speech' language='es-AR'/>"), Speech(text="Sí", confidence=0.91))

    expected = (("SpeechResult", "Sí"), ("Confidence", "0.91"), ("Language", "es-AR"))
    assert only(step.effects, Fetch).params == expected


@pytest.mark.parametrize(
    ("inner", "event"),
    [
        ("<Gather/>", Speech(text="Hello")),
        ("<Gather input='speech'/>", Digits(keys="1")),
        ("<Gather input='speech' bargeIn='false'><Say>Wait</Say></Gather>", Speech(text="Hello")),
        ("<Say>Hi</Say>", Digits(keys="1")),
    ],
)
def test_input_that_is_not_wanted_changes_nothing(inner: str, event: Event) -> None:
    """Nor does it keep the time-out from coming."""
    call = playing(inner)

    assert act(call, event) == Step(call=call, effects=())


# Record


def test_a_recording_ends_on_a_key() -> None:
    """Its action learns where it is, how long, and which key."""
    step = act(playing("<Record action='/done'/>"), Digits(keys="5"), 3)

    sid = "RE" + "0" * 31 + "1"
    assert only(step.effects, StopRecording).duration == 3
    assert only(step.effects, Fetch).params == (
        ("RecordingUrl", f"https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/{sid}"),
        ("RecordingSid", sid),
        ("RecordingDuration", "3"),
        ("Digits", "5"),
    )


def test_silence_ends_a_recording_and_is_cut_from_it() -> None:
    """The last word counts."""
    call = act(playing("<Record timeout='5'/>"), Speech(text="This takes two seconds"), 1).call
    step = act(call, TimePassed(), 30)

    stop = only(step.effects, StopRecording)
    assert (stop.at, stop.duration, stop.status) == (START + 8, 3, "completed")


def test_a_recording_of_silence_is_absent_and_the_document_goes_on() -> None:
    """Its action is not requested."""
    step = act(playing("<Record/><Say>Nothing heard</Say>"), TimePassed(), 5)

    assert only(step.effects, StopRecording).status == "absent"
    assert only(step.effects, Spoke).text == "Nothing heard"


def test_a_recording_has_a_longest_length() -> None:
    """Whoever speaks on is cut off."""
    call = act(playing("<Record maxLength='10'/>"), Speech(text="x" * 600)).call

    assert only(act(call, TimePassed(), 60).effects, StopRecording).duration == 10


def test_hanging_up_ends_a_recording_and_its_action_is_told() -> None:
    """Before the end; what the action answers does not count."""
    step = act(playing("<Record/>"), HungUp(), 4)

    assert [type(effect) for effect in step.effects] == [StopRecording, Fetch, Ended]
    fetch = only(step.effects, Fetch)
    assert (fetch.final, fetch.call_status, dict(fetch.params)["Digits"]) == (True, "completed", "hangup")


def test_whom_to_tell_of_a_recording_is_resolved() -> None:
    """Relative to the document."""
    step = document(started(), "<Record recordingStatusCallback='/rec'/>")

    callback = only(step.effects, StartRecording).callback
    assert callback is not None
    assert callback.url == "https://acme.example/rec"


# Dial

DIAL = "<Dial action='/after'><Number>+14155550120</Number><Number>+14155550121</Number></Dial>"
FIRST, SECOND = "CA" + "0" * 31 + "1", "CA" + "0" * 31 + "2"


def test_all_that_are_dialled_ring() -> None:
    """Each is a call of its own."""
    dial = only(document(started(), DIAL).effects, StartDial)

    assert [(sid, noun.address) for sid, noun in dial.legs] == [(FIRST, "+14155550120"), (SECOND, "+14155550121")]


def test_the_first_to_answer_is_connected() -> None:
    """The others are let go."""
    step = act(playing(DIAL), DialAnswered(sid=SECOND), 6)

    assert [(effect.sid, effect.status) for effect in step.effects if isinstance(effect, LegChanged)] == [
        (FIRST, "canceled"),
        (SECOND, "in-progress"),
    ]


def test_the_action_learns_how_the_conversation_went() -> None:
    """Its length is counted from the answer."""
    call = act(playing(DIAL), DialAnswered(sid=SECOND), 6).call
    step = act(call, DialResult(status="completed"), 30)

    assert only(step.effects, LegChanged).duration == 30
    assert only(step.effects, Fetch).params == (
        ("DialCallStatus", "completed"),
        ("DialCallSid", SECOND),
        ("DialCallDuration", "30"),
        ("DialBridged", "true"),
    )


@pytest.mark.parametrize("status", ["busy", "failed", "no-answer"])
def test_without_an_action_the_document_goes_on_after_the_dial(status: str) -> None:
    """However it went."""
    step = act(playing("<Dial>+14155550120</Dial><Say>Back</Say>"), DialResult(status=status))

    assert only(step.effects, LegChanged).status == status
    assert only(step.effects, Spoke).text == "Back"


def test_one_busy_party_leaves_the_others_ringing() -> None:
    """The dial ends with the last."""
    step = act(playing(DIAL), DialResult(status="busy", sid=FIRST))
    last = act(step.call, DialResult(status="failed", sid=SECOND))

    assert [type(effect) for effect in step.effects] == [LegChanged]
    assert dict(only(last.effects, Fetch).params)["DialCallStatus"] == "failed"


def test_nobody_answering_ends_the_dial() -> None:
    """After its time-out."""
    step = act(playing("<Dial timeout='10' action='/after'>+14155550120</Dial>"), TimePassed(), 10)

    assert dict(only(step.effects, Fetch).params)["DialCallStatus"] == "no-answer"


def test_a_conversation_ends_at_its_limit() -> None:
    """The caller stays."""
    call = act(playing("<Dial timeLimit='60'>+14155550120</Dial><Say>Back</Say>"), DialAnswered()).call

    assert only(act(call, TimePassed(), 60).effects, Spoke).at == START + 60


def test_the_caller_can_end_the_conversation_with_a_star() -> None:
    """When the verb says so."""
    call = act(playing("<Dial hangupOnStar='true'>+14155550120</Dial><Say>Back</Say>"), DialAnswered()).call

    assert only(act(call, Digits(keys="*"), 7).effects, LegChanged).duration == 7


def test_a_caller_who_hangs_up_ends_the_dialled_call() -> None:
    """And the action is told, before the end."""
    step = act(playing(DIAL), HungUp(), 3)

    assert dict(only(step.effects, Fetch).params)["DialCallStatus"] == "canceled"
    assert isinstance(step.effects[-1], Ended)


def test_an_answer_on_the_bridge_leaves_the_caller_ringing() -> None:
    """Until the other end picks up."""
    call = playing("<Dial answerOnBridge='true'>+14155550120</Dial>")

    assert call.answered is None
    assert act(call, DialAnswered(), 5).call.answered == START + 5


def test_a_conversation_can_be_recorded() -> None:
    """From the answer; its action learns where."""
    call = act(playing("<Dial record='true' action='/after'>+14155550120</Dial>"), DialAnswered(), 5).call
    step = act(call, DialResult(status="completed"), 20)

    assert only(step.effects, StopRecording).duration == 20
    assert "RecordingUrl" in dict(only(step.effects, Fetch).params)


# Documents that lead on


def test_a_redirect_asks_for_another_document() -> None:
    """Relative to the present one."""
    fetch = only(document(started(), "<Redirect method='GET'>../other</Redirect>").effects, Fetch)

    assert (fetch.url, fetch.method, fetch.number) == ("https://acme.example/other", "GET", 2)


def test_documents_that_only_lead_on_are_stopped() -> None:
    """With an alert and an apology."""
    call = started()
    effects: tuple[Effect, ...] = ()
    while isinstance(call.activity, Fetching):
        call, effects = (step := document(call, "<Redirect/>")).call, step.effects

    assert call.fetches == 12
    assert only(effects, Alert).code == 11215
    assert only(effects, Spoke).text == APOLOGY


def test_a_loop_that_takes_time_may_go_on() -> None:
    """A menu that repeats itself is no fault."""
    call = started()
    for _ in range(30):
        call = act(document(call, "<Pause/><Redirect/>").call, TimePassed(), 1).call

    assert isinstance(call.activity, Fetching)


def test_a_document_that_cannot_be_had_ends_the_call_with_an_apology() -> None:
    """And raises Twilio's alert."""
    step = act(started(), FetchFailed(number=1, code=11200, text="no answer"))

    assert only(step.effects, Alert).code == 11200
    assert only(step.effects, Spoke).text == APOLOGY
    assert act(step.call, TimePassed(), 30).call.status == "completed"


def test_the_answer_to_an_older_request_is_ignored() -> None:
    """The API may have led the call elsewhere meanwhile."""
    waiting = act(playing("<Gather/>"), Digits(keys="1#")).call
    moved = act(waiting, ApiRedirect(url="https://acme.example/moved"))

    assert only(moved.effects, Fetch).number == 3
    assert act(moved.call, Fetched(number=2, verbs=(), url=URL)) == Step(call=moved.call, effects=())


def test_a_relative_url_without_a_document_is_an_alert() -> None:
    """A document that came with an API call has no URL."""
    verbs = parse_voice(b"<Response><Redirect>/next</Redirect></Response>", "text/xml")
    step = act(playing("<Say>Hi</Say>"), ApiDocument(verbs=verbs))

    assert only(step.effects, Alert).code == 11100


def test_a_message_is_sent_and_the_document_goes_on() -> None:
    """Sms takes no time."""
    step = document(started(), "<Sms to='+14155550120' statusCallback='/s'>Hi</Sms><Say>Sent</Say>")

    message = only(step.effects, SendMessage)
    assert (message.body, message.status_callback) == ("Hi", "https://acme.example/s")
    assert only(step.effects, Spoke).text == "Sent"


def test_a_verb_that_is_not_emulated_ends_the_call_and_says_so() -> None:
    """What precedes it is played."""
    step = act(playing("<Say>Hi</Say><Enqueue>support</Enqueue><Say>Never</Say>"), TimePassed(), 1)

    assert [type(effect) for effect in step.effects] == [NotEmulated, Ended]


def test_a_verb_that_would_run_beside_the_call_is_passed_over() -> None:
    """With a word about it."""
    step = document(started(), "<Start><Stream url='wss://a.example'/></Start><Say>Hi</Say>")

    assert only(step.effects, NotEmulated).what == "Start"
    assert only(step.effects, Spoke).text == "Hi"


def test_a_recording_of_the_call_is_begun_and_nothing_waits_for_it() -> None:
    """What follows is played at once."""
    step = document(started(), "<Start><Recording recordingStatusCallback='/done'/></Start><Say>Hi</Say>")

    begun = only(step.effects, StartRecording)
    assert begun.source == "StartCallRecordingTwiML"
    assert begun.callback is not None
    assert begun.callback.url.endswith("/done")
    assert only(step.effects, Spoke).text == "Hi"


# The API


@pytest.mark.parametrize(
    ("call", "only_unanswered", "status"),
    [
        (ringing(), False, "canceled"),
        (ringing(), True, "canceled"),
        (playing("<Pause/><Say>Hi</Say>"), False, "canceled"),
        (playing("<Say>Hello there</Say>"), False, "completed"),
        (playing("<Say>Hello there</Say>"), True, "in-progress"),
    ],
)
def test_the_api_ends_a_call(call: Call, *, only_unanswered: bool, status: str) -> None:
    """Cancelling ends those only that are not answered."""
    assert act(call, ApiHangup(only_unanswered=only_unanswered)).call.status == status


def test_the_api_gives_a_call_another_document() -> None:
    """What was going on ends, and its action is not requested."""
    step = act(playing("<Record action='/done'/>"), ApiRedirect(url="https://acme.example/moved", method="GET"), 2)

    assert only(step.effects, StopRecording).duration == 2
    assert only(step.effects, Fetch).url == "https://acme.example/moved"


def test_a_call_that_is_not_answered_cannot_be_led_elsewhere() -> None:
    """Nothing happens to it."""
    call = ringing()

    assert act(call, ApiRedirect(url=URL)) == Step(call=call, effects=())


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kind":"Call","of":{}}', '{"kind":"Over","of":[]}', '{"kind":"Over","of":{}}']
)
def test_a_text_that_is_no_call_is_refused(text: str) -> None:
    """With a ValueError, whatever is wrong with it."""
    with pytest.raises(ValueError, match=r"no call|Expecting"):
        Call.from_json(text)


# Whatever happens

DOCUMENTS = [
    "",
    "<Say>Hi</Say>",
    "<Pause/><Reject/>",
    "<Gather numDigits='2' input='dtmf speech'><Say loop='2'>One</Say></Gather><Redirect/>",
    "<Record maxLength='7' action='/r'/><Hangup/>",
    "<Dial answerOnBridge='true' record='record-from-ringing'>+14155550120</Dial><Say>Back</Say>",
    DIAL.replace("<Dial", "<Dial record='true' hangupOnStar='true'"),
    "<Sms action='/s'>Hi</Sms>",
    "<Say loop='0'>Hold</Say>",
    "<Start/><Connect/>",
    "<Redirect>http://elsewhere.example/a</Redirect>",
]
VERBS = st.sampled_from([parse_voice(f"<Response>{inner}</Response>".encode(), "text/xml") for inner in DOCUMENTS])
NUMBERS = st.integers(1, 6)
LEGS = st.sampled_from(["", FIRST, SECOND, "CAunknown"])
STATUSES = st.sampled_from(["completed", "busy", "no-answer", "failed", "canceled", "confused"])
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.just(Started()),
    st.just(Answered()),
    st.just(HungUp()),
    st.just(TimePassed()),
    st.builds(NotAnswered, status=STATUSES),
    st.builds(Fetched, number=NUMBERS, verbs=VERBS, url=st.sampled_from([URL, "", "http://["])),
    st.builds(FetchFailed, number=NUMBERS, code=st.just(11200), text=st.just("no answer")),
    st.builds(Digits, keys=st.text(alphabet="0123#*w", max_size=4)),
    st.builds(Speech, text=st.text(max_size=40), confidence=st.floats(0, 1)),
    st.builds(DialAnswered, sid=LEGS),
    st.builds(DialResult, status=STATUSES, duration=st.none() | st.integers(-1, 90), sid=LEGS),
    st.builds(ApiHangup, only_unanswered=st.booleans()),
    st.builds(ApiRedirect, url=st.sampled_from([URL, "/relative"])),
    st.builds(ApiDocument, verbs=VERBS),
)


class AnyCall(RuleBasedStateMachine):
    """Any sequence of events, over any stretch of time."""

    def __init__(self) -> None:
        super().__init__()
        self.call = Call.inbound(account_sid="AC1", url=URL, now=START)
        self.effects: list[Effect] = []
        self.new_sid = sids()

    def happen(self, event: Event, seconds: float) -> None:
        """Play on, through JSON, as a restart of the emulator would."""
        call = Call.from_json(self.call.to_json())
        assert call == self.call
        step = advance(call, event, now=call.moment + seconds, new_sid=self.new_sid)
        if call.is_over:
            assert step == Step(call=call, effects=())
        self.call = step.call
        self.effects += step.effects

    @rule(seconds=st.just(0) | st.floats(-5, 100) | st.just(20_000))
    def is_outbound(self, seconds: float) -> None:
        """Begin again with an outbound call, as long as nothing has happened."""
        if self.call.direction == "inbound" and not self.effects:
            self.call = replace(Call.outbound(account_sid="AC1", url=URL, now=START), moment=START + max(0, seconds))

    @rule(event=EVENTS, seconds=st.just(0) | st.floats(-5, 100) | st.just(20_000))
    def anything(self, event: Event, seconds: float) -> None:
        """Whatever comes, at whatever moment."""
        self.happen(event, seconds)

    @rule(verbs=VERBS)
    def a_document(self, verbs: tuple[Verb, ...]) -> None:
        """What is awaited comes, so that calls get anywhere."""
        if isinstance(self.call.activity, Fetching):
            self.happen(Fetched(number=self.call.activity.number, verbs=verbs, url=URL), 0)

    @invariant()
    def ends_once_and_nothing_follows(self) -> None:
        """The end is the last effect, and there is one exactly when the call is over."""
        ends = [index for index, effect in enumerate(self.effects) if isinstance(effect, Ended)]
        assert ends == ([len(self.effects) - 1] if self.call.is_over else [])

    @invariant()
    def moments_never_go_back(self) -> None:
        """Effects come in the order of time, and every due moment is yet to come."""
        moments = [effect.at for effect in self.effects]
        assert moments == sorted(moments)
        assert self.call.due is None or self.call.due > self.call.moment or self.call.is_over

    @invariant()
    def an_answered_call_ends_some_day(self) -> None:
        """There is always a moment at which it does."""
        assert self.call.due is not None or not self.call.is_answered


AnyCall.TestCase.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)
TestAnyCall = AnyCall.TestCase
