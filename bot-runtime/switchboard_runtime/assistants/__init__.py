"""How a bot thinks: a text in, texts out. Nothing here imports a vendor's client before it is needed."""

from switchboard_runtime.assistants.base import Answer, Answering, Lead, Meter, Question, Responder, Said, Usage
from switchboard_runtime.assistants.script import ScriptAssistant

__all__ = ["Answer", "Answering", "Lead", "Meter", "Question", "Responder", "Said", "ScriptAssistant", "Usage"]
