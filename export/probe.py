"""Inputs that are likely to show errors: real latents, near-ties, and extremes of every unit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.integers.exact import ExactLayer
from neuromorphic.integers.layer import PAYLOAD_MAX
from neuromorphic.integers.network import INPUT
from runtime.arrays import read_arrays
from runtime.errors import BundleError, one_line
from runtime.events import Bits
from runtime.files import replacing

Payload = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Probe:
    """`payload (M, T) int8`, in which the first `real` frames are music, and torch's spikes.

    `torch (N, T) bool` is what torch computed when the probe was made; None if it did not.
    """

    payload: Payload
    real: int
    torch: Bits | None = None


def planted(layers: Sequence[ExactLayer]) -> Payload:
    """Return four frames for each unit, and three more: `(M, 4 N + 3) int8`.

    For each unit these are its lowest sum followed by one just above its threshold, and its highest
    sum followed by one just below: if a neuron kept anything from the previous step, it would show
    there. At the end are the lowest input, the highest input, and no input. If a unit also takes
    spikes of other units, the sums are those of its input alone.
    """
    rng = np.random.default_rng(0)
    columns = []
    for layer in layers:
        for arm in layer.arms:
            if arm.source == INPUT:
                for weight, offset in zip(arm.weight, layer.offset, strict=True):
                    for extreme, target in ((-PAYLOAD_MAX, 0), (PAYLOAD_MAX, -1)):
                        near = _near(weight, math.floor(offset) - target, rng)
                        columns += [extreme * np.sign(weight), near]
    ends = [np.full(len(columns[0]), value) for value in (-PAYLOAD_MAX, PAYLOAD_MAX, 0)]
    return np.stack(columns + ends, axis=1).astype(np.int8)


def _near(
    weight: npt.NDArray[np.int64], offset: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return an input whose sum with `offset` is near 0, found greedily entry by entry."""
    x = np.round(rng.normal(0, 20, len(weight))).clip(-PAYLOAD_MAX, PAYLOAD_MAX).astype(np.int64)
    distance = int(weight @ x) + offset
    for index in np.argsort(-np.abs(weight), kind="stable"):  # fine steps come last
        if weight[index]:
            moved = np.clip(x[index] - round(distance / weight[index]), -PAYLOAD_MAX, PAYLOAD_MAX)
            distance += int(weight[index]) * int(moved - x[index])
            x[index] = moved
    return x


def write_probe(probe: Probe, path: Path, overwrite: bool = False) -> None:
    """Write a probe as `.npz`: `payload`, `real`, and torch's spikes, packed eight to a byte."""
    arrays: dict[str, Any] = {"payload": probe.payload, "real": np.int64(probe.real)}
    if probe.torch is not None:
        arrays["torch"] = np.packbits(probe.torch, axis=1)
    with replacing(path, overwrite) as temporary:
        np.savez_compressed(temporary, **arrays)


def read_probe(path: Path) -> Probe:
    """Read what `write_probe` wrote; raises `BundleError` for anything else."""
    try:
        arrays = read_arrays(path)
        payload, real, packed = arrays["payload"], int(arrays["real"]), arrays.get("torch")
        if payload.ndim != 2 or payload.dtype != np.int8 or not 0 <= real <= payload.shape[1]:
            raise ValueError(f"payload is {payload.shape} {payload.dtype}")
        if packed is None:
            return Probe(payload, real)
        return Probe(payload, real, np.unpackbits(packed, axis=1, count=payload.shape[1]) > 0)
    except Exception as error:  # zipfile and numpy raise many different errors for damaged files
        raise BundleError(
            f"{path}: not a probe ({one_line(error)}); certify the bundle again"
        ) from error
