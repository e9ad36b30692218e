"""Limits on what one visitor may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of an upload in `bytes`, in `seconds` of sound, and in `arrival` seconds it may take;
    at most `sessions` at a time, the one unused for longest is forgotten first."""

    bytes: int = 64 * 2**20
    seconds: float = 180.0
    arrival: float = 60.0
    sessions: int = 16
