"""What can go wrong with the development cluster, each with the exit code that the command answers."""


class ClusterError(Exception):
    """Something failed; the text names it and the cure in one line."""

    exit_code = 1


class NotPossibleHere(ClusterError):
    """This machine or this user cannot run a node at all."""

    exit_code = 2


class BuildFailed(ClusterError):
    """A program or an image could not be built."""


class NotReady(ClusterError):
    """A part was started and did not become ready in time."""


class ApiRefused(ClusterError):
    """The API server answered with an error.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
