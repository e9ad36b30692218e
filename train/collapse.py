"""Detect that a code has collapsed: too few or too many events, idle units, or lost sound."""

from dataclasses import dataclass

LEAST_DENSITY = 0.001
MOST_DENSITY = 0.98
MOST_IDLE = 0.75  # share of units that are dead or always on
MOST_LOST_DB = 6.0  # SNR lost against the best evaluation so far


@dataclass(frozen=True)
class Health:
    """Figures of one evaluation: event `density`, share of `dead` and `always_on` units, SNR dB."""

    density: float
    dead: float
    always_on: float
    snr_db: float


def collapse(now: Health, best_snr_db: float) -> str | None:
    """Return in words what has collapsed, or None; the best SNR may be minus infinity."""
    if not LEAST_DENSITY <= now.density <= MOST_DENSITY:
        return f"the density of events is {now.density:.4f}"
    if now.dead + now.always_on > MOST_IDLE:
        return f"{now.dead:.0%} of the units are dead and {now.always_on:.0%} always on"
    if now.snr_db < min(0.0, best_snr_db - MOST_LOST_DB):
        return f"the SNR fell from {best_snr_db:.1f} to {now.snr_db:.1f} dB"
    return None
