"""Frames that are likely to show errors in the units of a LAPPED bundle: music and worst cases."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic.integers.bundles import lapped_units
from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.errors import SpikingMusicError
from runtime.events import EventMatrix
from runtime.kinds import CLIPS
from runtime.lapped import chip
from train.data.sources import recordings

Input = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class LappedProbe:
    """Frames as the units get them: `payload (T, 2 hop) int8`, and `steps (T, levels) int32`.

    The first `real` are music. `known (units, real)` are the events of the encoder of the runtime.
    """

    payload: npt.NDArray[np.int8]
    steps: npt.NDArray[np.int32]
    real: int
    known: EventMatrix

    def frames(self, start: int, stop: int) -> Input:
        """The input of the units in some of the frames."""
        part = slice(start, stop)
        return np.hstack([self.payload[part].astype(np.int32), self.steps[part]])


def planted(units: chip.Units, levels: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int32]]:
    """Worst cases: for rows of each kind their extreme frames, at a tie and just off it.

    The lowest bin, that with the largest weights and the highest; both signs; a silent frame.
    """
    weight = chip.dictionary(units.bins, units.hop)
    rows = (0, int(np.abs(weight).sum(1).argmax()), units.bins - 1)
    caps = np.array([chip.cap(units, level) for level in range(levels)])
    payload, steps = [np.zeros(weight.shape[1])], [caps]
    for row in rows:
        for sign in (1, -1):
            frame = sign * chip.PAYLOAD_MAX * np.sign(weight[row])
            size = abs(int(chip.accumulated(frame[None].astype(np.int8), units)[0, row]))
            for off in (0, 1):
                payload.append(frame)
                steps.append(np.r_[size // units.theta[0, row] + off, caps[1:]])
    return np.array(payload, np.int8), np.array(steps, np.int32)


def lapped_probe(bundle: Bundle, sounds: Iterable[Samples]) -> LappedProbe:
    """Encode sounds at their usual steps, and add the worst cases."""
    codec = Codec(bundle)
    bins, samples = codec.engine.code.bins, 2 * bundle.manifest.hop
    levels = bundle.manifest.units // (2 * bins)
    payload, steps, events = [], [], []
    for sound in sounds:
        piece = codec.encode(sound, bundle.manifest.sample_rate)
        given = codec.engine.payload(sound, piece.mus, levels)
        payload.append(given[:samples].T.astype(np.int8))
        steps.append(given[samples:].T)
        held = piece.events.unit < bundle.manifest.units
        events.append(
            EventMatrix.from_coordinates(
                piece.events.unit[held],
                piece.events.frame[held],
                bundle.manifest.units,
                piece.events.frames,
            )
        )
    if not payload:
        raise SpikingMusicError("there are no recordings to certify on; give some")
    real = sum(map(len, payload))
    frames, thresholds = planted(lapped_units(bundle), levels)
    known = EventMatrix.joined(events, bundle.manifest.units)
    return LappedProbe(
        np.concatenate([*payload, frames]), np.concatenate([*steps, thresholds]), real, known
    )


def clips_probe(bundle: Bundle) -> LappedProbe:
    """The middle of each shipped clip, and the worst cases."""
    length = bundle.manifest.chunk_frames * bundle.manifest.hop
    sounds = []
    for file in recordings(CLIPS):
        sound = read_audio(file, bundle.manifest.sample_rate).samples
        start = max(len(sound) - length, 0) // 2
        sounds.append(sound[start : start + length])
    return lapped_probe(bundle, sounds)
