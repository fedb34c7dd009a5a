"""How a bot thinks: a text in, texts out."""

from switchboard_runtime.assistants.base import Answering, Question, Responder
from switchboard_runtime.assistants.script import ScriptAssistant

__all__ = ["Answering", "Question", "Responder", "ScriptAssistant"]
