"""The systems to compare: each turns a sound into a copy, at a cost in bits."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from runtime.audio.samples import Samples
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.decoders.presets import playback_named
from runtime.events import EventMatrix
from runtime.piece import Piece
from runtime.spk.container import packed, unpacked
from spiking_music.evaluation.anchors import ANCHORS
from spiking_music.evaluation.peers import OPUS_KBPS, flac, opus

MUS = (8, 12, 16, 20, 24)


@dataclass(frozen=True, eq=False)
class Decoded:
    """The output of a system for a clip.

    `sound (n,) float32`, as long as the clip; `stored_bits`, the size of what was stored, None if
    nothing was; the `events`, None for a system without events.
    """

    sound: Samples
    stored_bits: int | None = None
    events: EventMatrix | None = None


@dataclass(frozen=True)
class System:
    """A system: its `name` in the table, and `run(samples (n,) float32)`, which makes the copy."""

    name: str
    run: Callable[[Samples], Decoded]


def bundle_systems(
    bundle: Bundle, decoders: Sequence[str] = (), mus: Sequence[int] = MUS
) -> list[System]:
    """Return a bundle's decoders, the diffusion at its default steps, each after a `.spk` file.

    `decoders`, by default all, may also be ways of diffusion such as `ddim_4`. A MU_SPARSE bundle
    is heard at each of `mus`.
    """
    codec, model = Codec(bundle), bundle.manifest
    return [
        System(
            f"{model.name} {decoder}" + ("" if mu is None else f" mu={mu}"),
            partial(_coded, codec, decoder, mu),
        )
        for decoder in decoders or model.decoders
        if playback_named(decoder).decoder in model.decoders
        for mu in (mus if model.has_mu else (None,))
    ]


def baseline_systems() -> list[System]:
    """Return the original, FLAC, Opus at 6, 12 and 24 kbit/s asked for, and the anchors."""
    return [
        System("original", Decoded),
        System("FLAC", lambda samples: Decoded(*flac(samples))),
        *(System(f"Opus {kbps}", partial(_opus, kbps)) for kbps in OPUS_KBPS),
        *(System(name, partial(_spoilt, spoil)) for name, spoil in ANCHORS.items()),
    ]


def stored(piece: Piece) -> tuple[int, Piece]:
    """Return the bits of a piece's `.spk` file, and the piece as it is read from there."""
    data = packed(piece)
    return 8 * len(data), unpacked(io.BytesIO(data), piece.code.tables if piece.code else None)


def _coded(codec: Codec, decoder: str, mu: int | None, samples: Samples) -> Decoded:
    bits, piece = stored(codec.encode(samples, codec.manifest.sample_rate, mu))
    way = playback_named(decoder)
    sound = codec.decode(piece, way.decoder, way.steps, sampler=way.sampler)
    return Decoded(sound, bits, piece.events)


def _opus(kbps: float, samples: Samples) -> Decoded:
    return Decoded(*opus(samples, kbps))


def _spoilt(spoil: Callable[[Samples], Samples], samples: Samples) -> Decoded:
    return Decoded(spoil(samples))
