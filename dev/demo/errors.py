"""What can go wrong with the demo, with what a person needs to go on."""


class DemoError(Exception):
    """Something is not as it should be.

    Attributes:
        expected: what should have been.
        seen: what was.
        look: a command that shows more, or the cure.
    """

    exit_code = 1

    def __init__(self, *, expected: str, seen: str, look: str) -> None:
        super().__init__(f"expected {expected}; saw {seen}")
        self.expected = expected
        self.seen = seen
        self.look = look


class CommandFailed(DemoError):
    """A program that the demo runs ended with an error."""


class NotInTime(DemoError):
    """A condition did not come true before its deadline."""


class WrongAnswer(DemoError):
    """A message was answered wrongly, by the wrong one, or not at all."""


class NotConfigured(DemoError):
    """A setting for a cluster of one's own is missing."""

    exit_code = 2
