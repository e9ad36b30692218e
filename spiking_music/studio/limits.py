"""Limits on what one visitor may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of an upload in `bytes`, in `seconds` of sound, and in `arrival` seconds of transfer;
    at most `sessions` at a time, of which the one unused for longest is dropped first."""

    bytes: int = 64 * 2**20
    seconds: float = 180.0
    arrival: float = 60.0
    sessions: int = 16
