"""A trained lapped codec: sound to levels of its units, and levels to sound."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from runtime.arrays import read_arrays
from runtime.bundle import Bundle
from runtime.errors import BundleError, SpikingMusicError, one_line
from runtime.kinds import CERTIFIED
from runtime.lapped import chip
from runtime.lapped.corrections import corrections
from runtime.lapped.noise import BANDS, PARTS, corrected, features, noise
from runtime.lapped.transform import synthesis
from runtime.sessions import Graph, single
from runtime.thermometer import places

CONTEXT = 4  # frames on each side that the refiner and the noise net use
MARGIN = 16  # bins above the highest that fires that the nets also get
WIDTH = 32  # the nets get a multiple of this many bins
REFINED = 768  # bins; those above are not changed
LEAST_STEP = -14.0  # log2 of the step with index 0
STEPS_AN_OCTAVE = 64
CHUNK_FRAMES = 64
NOMINAL_LEVELS = 64  # as counted in `units` of a manifest; the code itself has no limit
UNITS = "units.npz"

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


def step_of(index: int) -> float:
    """The step of an index 0..2047, in units of the orthonormal transform of samples in -1..1."""
    return 2.0 ** (index / STEPS_AN_OCTAVE + LEAST_STEP)


@dataclass(frozen=True, eq=False)
class Analysis:
    """The chip's accumulators for some frames; they do not depend on the step.

    `accumulator (T, bins) int32`, `exponent (T,) int32`, `energy` of the sound.
    """

    accumulator: Ints
    exponent: Ints
    energy: float


class LappedModel:
    """The units, the dictionary and the nets of a bundle of kind LAPPED."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self.hop, self.rate = bundle.manifest.hop, bundle.manifest.sample_rate
        self.units, self.scale, self.points = read_units(bundle, self.hop)

    def analysed(self, frames: Floats) -> Analysis:
        """Compute the accumulators of frames `(T, 2 hop)`; see `transform.frames`."""
        payload, exponent = chip.payloads(frames)
        energy = float(np.square(frames, dtype=np.float64).sum()) / 2  # two frames a sample
        return Analysis(chip.accumulated(payload, self.units), exponent, energy)

    def finest(self, analysis: Analysis) -> int:
        """The index of the finest step that 8-bit samples of this sound can resolve."""
        step = chip.finest_step(analysis.exponent, self.hop)
        return max(math.ceil(STEPS_AN_OCTAVE * (math.log2(step) - LEAST_STEP)), 0)

    def levels(self, analysis: Analysis, step: float, effort: str = CERTIFIED) -> Ints:
        """The number of levels of each bin that fire, times its sign: `(T, bins) int32`.

        `certified` uses the thresholds of the chip; with `better` the host moves them by a net that
        sees the neighbourhood. Raises `SpikingMusicError` for a step below `finest`.
        """
        if step < chip.finest_step(analysis.exponent, self.hop):
            raise SpikingMusicError(f"step {step:g} is finer than 8-bit samples tell of this sound")
        q = chip.levels(analysis.accumulator, analysis.exponent, step, self.units)
        return q if effort == CERTIFIED else self._moved(analysis, step, q)

    def values(self, q: Ints, step: Floats, first: int = 0) -> Floats:
        """The coefficients `(T, bins)` that levels stand for, at `step (T,)`, refined.

        `first` is the number of the first frame in the recording.
        """
        values = self._plain(q)
        bins = min(_shown(q), REFINED)
        if bins:
            turn = turns(first, len(q), bins)
            found = single(
                self._refiner({"levels": (q[:, :bins] * turn)[None].astype(np.float32)})["values"],
                (len(q), bins),
            )
            values[:, :bins] = found * turn
        return values * self.scale * step[:, None]

    def unrefined(self, q: Ints, step: Floats) -> Floats:
        """The coefficients `(T, bins)` that levels stand for, each by itself."""
        return self._plain(q) * self.scale * step[:, None]

    def si_snr(self, analysis: Analysis, q: Ints, step: float, first: int = 0) -> float:
        """The SI-SNR in dB of the waveform of levels, computed in the transform within 0.1 dB."""
        found = self.values(q, np.full(len(q), step, np.float32), first).astype(np.float64)
        count = np.ldexp(chip.lsb(self.hop), analysis.exponent)[:, None]
        along = float((analysis.accumulator * count * found).sum()) ** 2
        energy = float(np.square(found).sum())
        if energy == 0.0:
            return math.nan if analysis.energy == 0.0 else -math.inf
        share = along / (analysis.energy * energy)
        return math.inf if share >= 1 else 10 * math.log10(share / (1 - share))

    def heard(
        self,
        q: Ints,
        step: Floats,
        first: int,
        corrections: Ints | None = None,
        seed: int = 0,
        listening: bool = True,
    ) -> Floats:
        """The sound of `n` hops from hop `first` on: `(n * hop,)`.

        `q (n + 1 + 2 CONTEXT, bins)` are the frames from `first - CONTEXT` on, zeros beyond both
        ends, and `step` their steps. `listening` adds noise, whose levels `corrections` adjust, one
        row for each frame; without `listening` the sound is the waveform alone.
        """
        inner = slice(CONTEXT, len(q) - CONTEXT)
        sound = synthesis(self.values(q, step, first - CONTEXT)[inner], self.hop)
        if not listening:
            return sound
        levels = self.noise_levels(self.unrefined(q, step), step)
        if corrections is not None:
            levels = corrected(levels, corrections, self.rate)
        return sound + noise(own_parts(levels), seed, PARTS * first, self.rate)

    def corrections(self, sound: Floats, q: Ints, step: Floats) -> Ints:
        """The corrections `(ceil(n / BLOCK), bands)` of the noise for `sound (n * hop,)`.

        `q` and `step` are as in `heard`. The bands are judged without the refiner, which changes
        their energy little and would take half of the encoder's time.
        """
        values = self.unrefined(q, step)
        decoded = synthesis(values[CONTEXT : len(q) - CONTEXT], self.hop)
        return corrections(sound, decoded, own_parts(self.noise_levels(values, step)), self.rate)

    def noise_levels(self, values: Floats, step: Floats) -> Floats:
        """Log amplitudes `(PARTS T, BANDS)` of the noise, as predicted from `unrefined` values."""
        heard = features(values, step, self.hop, self.rate)
        return single(self._noise({"features": heard[None]})["levels"], (PARTS * len(step), BANDS))

    def _plain(self, q: Ints) -> Floats:
        """Reconstruction points of levels, in steps, without regard to their neighbours."""
        values = np.zeros(q.shape, np.float32)
        frame, bin = places(q != 0)
        fired = q[frame, bin]
        size = np.abs(fired)
        points = self.points[np.minimum(size, len(self.points)) - 1, bin]
        values[frame, bin] = np.sign(fired) * (size + points)
        return values

    def _moved(self, analysis: Analysis, step: float, q: Ints) -> Ints:
        bins = _shown(q)
        if not bins:
            return q
        unit = np.ldexp(chip.lsb(self.hop) / step, analysis.exponent)[:, None] / self.scale[:bins]
        size = (np.abs(analysis.accumulator[:, :bins]) * unit).astype(np.float32)
        moved = single(self._mover({"sizes": size[None]})["moved"], (2, *size.shape))
        chosen = q.copy()
        sign = np.sign(analysis.accumulator[:, :bins])
        chosen[:, :bins] = sign * count(size, moved, self.units, self.scale[:bins])
        return chosen

    @cached_property
    def _refiner(self) -> Graph:
        return self._bundle.graph("refiner.onnx", {"levels"}, {"values"})

    @cached_property
    def _noise(self) -> Graph:
        return self._bundle.graph("noise.onnx", {"features"}, {"levels"})

    @cached_property
    def _mover(self) -> Graph:
        return self._bundle.graph("mover.onnx", {"sizes"}, {"moved"})


def own_parts(levels: Floats) -> Floats:
    """From the parts of all frames of a window, those that lie over its hops."""
    return levels[PARTS * CONTEXT : len(levels) - PARTS * (CONTEXT + 1) + 1]


def turns(first: int, count: int, bins: int) -> Floats:
    """(-1)^(k t) of frames from `first` on, which makes a steady partial look alike in all bins."""
    odd = np.outer(np.arange(first, first + count), np.arange(bins)) % 2
    return (1 - 2 * odd).astype(np.float32)


def count(size: Floats, moved: Floats, units: chip.Units, scale: Floats) -> Ints:
    """The number of levels that fire for magnitudes `size (T, K)` in steps, with moved thresholds.

    `moved (2, T, K)`, in steps: the shift of the first level's threshold, and of all above.
    """
    last = len(units.theta) - 1
    level = np.arange(last + 1)[:, None] + chip.OFFSET
    thresholds = units.theta[:, : size.shape[1]] * level / (chip.GRID * scale)
    found = np.ones(size.shape, np.int32)
    for index in range(1, last):
        found += size > thresholds[index] + moved[1]
    above = np.floor(size - thresholds[last] - moved[1] + 1)
    found += np.maximum(above, 0).astype(np.int32)
    return found * (size > thresholds[0] + moved[0])


def _shown(q: Ints) -> int:
    """How many bins a net gets: up to the highest that fires, and some more."""
    fired = np.flatnonzero(q.any(0))
    most = q.shape[1]
    return min(-(-(int(fired[-1]) + 1 + MARGIN) // WIDTH) * WIDTH, most) if len(fired) else 0


def read_units(bundle: Bundle, hop: int) -> tuple[chip.Units, Floats, Floats]:
    """The units of a bundle, the `scale (bins,)` of each bin's step, and `points (3, bins)`.

    Raises `BundleError` when the file is damaged or does not fit.
    """
    path = bundle.file(UNITS)
    try:
        arrays = read_arrays(path)
        theta, scale, points = (arrays[name] for name in ("theta", "scale", "points"))
    except Exception as error:  # zipfile and numpy raise many different errors for damaged files
        reason = one_line(error)
        raise BundleError(f"{path}: cannot be read ({reason}); export or copy it again") from error
    bins = theta.shape[-1]
    if scale.shape != (bins,) or points.shape != (3, bins) or not (scale > 0).all():
        raise BundleError(f"{path}: scale {scale.shape} and points {points.shape} of {bins} bins")
    return (
        chip.Units(theta.astype(np.int32), hop),
        scale.astype(np.float32),
        points.astype(np.float32),
    )
