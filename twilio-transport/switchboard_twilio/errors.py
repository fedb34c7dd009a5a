"""What can go wrong when Twilio is called, sorted by what the caller may do next.

    TwilioError
    ├── TwilioRefused        Twilio answered and did nothing (4xx)
    │   └── TwilioThrottled  too many requests at once (429): safe to send again
    └── TwilioUnavailable    no usable answer; ``outcome_unknown`` says whether the act may have been done

The official SDK has five shapes of failure (a rest exception, a service exception, a bare exception from
lists, JSON errors and network errors). The transport raises these instead, before the SDK sees an answer.
No message holds a credential, a request body or a query string.
"""

from __future__ import annotations


class TwilioError(Exception):
    """Base of all failures of a Twilio call.

    Attributes:
        method: HTTP method of the call.
        path: product and path of the call, without query.
        status: HTTP status, or None when no answer came.
        code: Twilio's error code (twilio.com/docs/api/errors), or None.
        message: Twilio's own text, or what happened on the network.
    """

    def __init__(
        self, *, method: str, path: str, message: str, status: int | None = None, code: int | None = None
    ) -> None:
        self.method = method
        self.path = path
        self.status = status
        self.code = code
        self.message = message
        super().__init__(str(self))

    def __str__(self) -> str:
        facts = [f"HTTP {self.status}" if self.status else "no answer"]
        if self.code:
            facts.append(f"error {self.code}")
        return f"{self.method} {self.path}: {', '.join(facts)}: {self.message}"


class TwilioRefused(TwilioError):
    """Twilio understood the call and refused it; nothing was changed."""


class TwilioThrottled(TwilioRefused):
    """Too many calls at once (429, 20429). The call was not processed; repeat it later.

    Attributes:
        retry_after: seconds that Twilio asked for, or None.
    """

    def __init__(
        self,
        *,
        method: str,
        path: str,
        message: str,
        status: int | None = None,
        code: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(method=method, path=path, message=message, status=status, code=code)
        self.retry_after = retry_after


class TwilioUnavailable(TwilioError):
    """No usable answer: a 5xx, a time-out, a broken connection, a body that is no JSON.

    Attributes:
        outcome_unknown: True when the act may have been done all the same. False only when the
            request never left (the connection could not be made) or the method changes nothing.
    """

    def __init__(
        self,
        *,
        method: str,
        path: str,
        message: str,
        status: int | None = None,
        code: int | None = None,
        outcome_unknown: bool,
    ) -> None:
        super().__init__(method=method, path=path, message=message, status=status, code=code)
        self.outcome_unknown = outcome_unknown
