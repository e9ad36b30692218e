"""What can be chosen for a bundle: mu of MU_SPARSE, step and effort of LAPPED.

A mu makes `N T 2^(-mu / 4)` events (paper section 3).
"""

import numpy as np

from runtime.bundle import Manifest
from runtime.errors import SpikingMusicError
from runtime.kinds import BEST, CERTIFIED, EFFORTS
from runtime.sessions import Tensor
from runtime.spk.header import NO_MU
from runtime.spk.short import LARGEST_STEP

LARGEST_MU = 31  # paper section 3
DEFAULT_MU = 16  # paper, figure 4: one event in sixteen entries


def chosen_mu(manifest: Manifest, mu: int | None) -> int:
    """Return the mu to use: `mu` in 0..31, 16 for None, `NO_MU` for a bundle without mu.

    Raises `SpikingMusicError` for a mu out of range or for a bundle that has none.
    """
    if not manifest.has_mu:
        if mu is not None and manifest.lapped:
            raise SpikingMusicError(
                f"mu {mu}: the bundle {manifest.name} is LAPPED; give its --step "
                "instead, or choose a MU_SPARSE bundle such as small-mu"
            )
        if mu is not None:
            raise SpikingMusicError(
                f"mu {mu}: the bundle {manifest.name} is {manifest.kind} and has one rate only; "
                "omit --mu or choose a MU_SPARSE bundle"
            )
        return NO_MU
    mu = DEFAULT_MU if mu is None else mu
    if not 0 <= mu <= LARGEST_MU:
        raise SpikingMusicError(f"mu {mu}: choose from 0 (most events) to {LARGEST_MU}")
    return mu


def chosen_step(manifest: Manifest, step: int | None) -> int | None:
    """Return the step to use, in 0..2047, or None: it then follows the loudness of each chunk.

    Raises `SpikingMusicError` for a step out of range or for a bundle that has none.
    """
    if step is not None and not manifest.lapped:
        raise SpikingMusicError(
            f"step {step}: the bundle {manifest.name} is {manifest.kind} and has no step; "
            "omit --step or choose a LAPPED bundle"
        )
    if step is not None and not 0 <= step <= LARGEST_STEP:
        raise SpikingMusicError(f"step {step}: choose from 0 (most events) to {LARGEST_STEP}")
    return step


def chosen_effort(manifest: Manifest, effort: str | None) -> str:
    """Return the effort to use, one of `EFFORTS`; `certified` for None.

    Raises `SpikingMusicError` for another one, or for a bundle that has no choice.
    """
    if effort == BEST and manifest.kind == "FREE":
        raise SpikingMusicError(f"effort {effort}: load the bundle with this effort to encode so")
    if effort is not None and not manifest.lapped:
        raise SpikingMusicError(
            f"effort {effort}: the bundle {manifest.name} is {manifest.kind} and always encodes as "
            "a chip does; omit --effort or choose a LAPPED bundle"
        )
    if effort not in (None, *EFFORTS):
        raise SpikingMusicError(f"effort {effort}: choose {' or '.join(EFFORTS)}")
    return effort or CERTIFIED


def ports(manifest: Manifest) -> set[str]:
    """Return the inputs that the graphs of a bundle have besides the signal."""
    return {"mu"} if manifest.has_mu else set()


def fed(mu: int) -> dict[str, Tensor]:
    """Return the values of those inputs."""
    return {} if mu == NO_MU else {"mu": np.array([mu], np.int64)}
