"""The studio's errors, with their HTTP status."""

from typing import ClassVar

from runtime.errors import SpikingMusicError


class StudioError(SpikingMusicError):
    """A request that cannot be met; the message goes to the page."""

    status: ClassVar[int] = 400


class UnknownError(StudioError):
    """There is no such session, sound or unit."""

    status = 404


class TooLargeError(StudioError):
    """An upload beyond the limits."""

    status = 413


class TooSlowError(StudioError):
    """An upload that does not arrive in time."""

    status = 408
