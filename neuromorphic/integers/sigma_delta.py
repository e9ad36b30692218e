"""Units that add up what arrives (sigma) and send large enough changes of it (delta)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Kind = Literal["delta", "sigma", "sigma-delta"]
MESSAGE_EXP = 6  # a message of 64 is a change of 1, as weights of 64 are 1
STATE_EXP = 6  # and states are kept 6 bits finer; lava-dl 0.6 `netx.hdf5`
MESSAGE_BITS = 16


@dataclass(frozen=True, eq=False)
class SigmaDelta:
    """`N` units: `sigma` adds up, its rectified sum with the bias is sent where it has changed.

    A unit sends a change of at least `vth`, with what it did not send before. `delta` only sends
    changes of its input, `sigma` only adds up and sends the sum. `bias (N,) int64` in weight units.
    Lava 0.10 `proc.sdn`, fixed point.
    """

    kind: Kind
    vth: int
    bias: Integers

    def is_memoryless(self) -> bool:
        """Every unit remembers what it has sent."""
        return False


@dataclass(frozen=True, eq=False)
class Sent:
    """The sum `sigma`, the activation `act` of the last step and what of it was not sent."""

    sigma: Integers
    act: Integers
    residue: Integers


def silent(units: int) -> Sent:
    """Return the state in which every run begins: zeros."""
    return Sent(*np.zeros((3, units), np.int64))


def run(sums: Integers, unit: SigmaDelta, state: Sent) -> tuple[npt.NDArray[np.int32], Sent]:
    """Run over time: `sums (N, T) int64` to messages `(N, T) int32` and the last state."""
    if not sums.shape[1]:
        return sums.astype(np.int32), state
    if unit.kind == "delta":
        sigma = sums[:, -1]
        act = _in_32_bits(sums << MESSAGE_EXP + STATE_EXP)
    else:
        added = _in_32_bits(state.sigma[:, None] + np.cumsum(sums, axis=1))
        sigma = added[:, -1]
        if unit.kind == "sigma":
            return added.astype(np.int32), Sent(sigma, state.act, state.residue)
        act = np.maximum(added + (unit.bias << MESSAGE_EXP + STATE_EXP)[:, None], 0)
    changes = np.diff(act, axis=1, prepend=state.act[:, None])
    sent, residue = _sent(changes, state.residue, unit.vth << MESSAGE_EXP + STATE_EXP)
    return (sent >> STATE_EXP).astype(np.int32), Sent(sigma, act[:, -1], residue)


def _sent(changes: Integers, residue: Integers, vth: int) -> tuple[Integers, Integers]:
    if vth <= 0:
        changes[:, 0] += residue
        return changes, np.zeros_like(residue)
    sent = np.zeros_like(changes)
    for t in range(changes.shape[1]):
        residue = residue + changes[:, t]
        large = np.abs(residue) >= vth
        sent[large, t] = residue[large]
        residue = np.where(large, 0, residue)
    return sent, residue


def _in_32_bits(values: Integers) -> Integers:
    return values.astype(np.int32).astype(np.int64)
