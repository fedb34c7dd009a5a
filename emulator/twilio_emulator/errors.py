"""What can go wrong, in one tree.

    EmulatorError
    ├── ApiError       Twilio's own refusal: HTTP status, Twilio's code, a text that names the parameter
    ├── AdminError     a refused call of the admin API
    ├── SettingsError  a flag or variable that cannot be used; the text names it and the cure
    └── StateError     a state file that cannot be opened

Codes are those of twilio.com/docs/api/errors. No message holds a credential.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AdminError",
    "ApiError",
    "EmulatorError",
    "SettingsError",
    "StateError",
    "invalid",
    "more_info",
    "not_found",
    "unauthorized",
]

_MORE_INFO = "https://www.twilio.com/docs/errors/{code}"


class EmulatorError(Exception):
    """Base of all failures the emulator names."""


class ApiError(EmulatorError):
    """A refusal in Twilio's words.

    Attributes:
        status: HTTP status.
        code: Twilio's error code.
        message: text for a person.
        headers: of the answer, such as ``Allow``.
    """

    def __init__(self, *, status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        super().__init__(message)

    def body(self) -> dict[str, object]:
        """The JSON object that Twilio answers with."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": more_info(self.code),
            "status": self.status,
        }


class AdminError(EmulatorError):
    """A refused call of the admin API.

    Attributes:
        status: HTTP status.
    """

    def __init__(self, *, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class SettingsError(EmulatorError):
    """A flag or an environment variable that cannot be used."""


class StateError(EmulatorError):
    """A state file that cannot be opened or was made by another version."""


def more_info(code: int) -> str:
    """Return the page that explains one of Twilio's codes."""
    return _MORE_INFO.format(code=code)


def invalid(parameter: str, why: str, *, code: int = 20001) -> ApiError:
    """Return the 400 for a parameter that cannot be used."""
    return ApiError(status=HTTPStatus.BAD_REQUEST, code=code, message=f"Invalid {parameter}: {why}")


def not_found(path: str) -> ApiError:
    """Return the 404 for a resource that is absent, or that the caller may not know of."""
    return ApiError(
        status=HTTPStatus.NOT_FOUND,
        code=20404,
        message=f"The requested resource {path} was not found",
    )


def unauthorized(why: str = "Authenticate") -> ApiError:
    """Return the 401 for credentials that are unknown or may not do this."""
    return ApiError(status=HTTPStatus.UNAUTHORIZED, code=20003, message=why)
