"""Sound to events and back, for whole signals and for streams, bit for bit the same."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from runtime.audio.signal import mono_signal
from runtime.bundle import Bundle, Manifest
from runtime.decoders.diffusion import Diffusion
from runtime.decoders.short_diffusion import ShortDiffusion
from runtime.decoders.waveform import ChunkDecoder, Waveform
from runtime.encoder import Encoded, Encoder
from runtime.errors import FormatError
from runtime.events import EventMatrix
from runtime.kinds import Progress, frame_count
from runtime.mu import chosen_effort, chosen_mu, chosen_step
from runtime.piece import NO_MU, Chunk, LappedCode, Piece
from runtime.playback import UNSAID, Playback, require_decoder, usual
from runtime.spk.header import SpkHeader

Payload = npt.NDArray[Any]  # int8; int32 of a LAPPED model


class Decoder(Protocol):
    """Events to sound, from chunks of any size; a part sounds the same as within the whole."""

    def start(self, first: int) -> int:
        """Return the first frame whose events are needed for the sound from `first` on."""

    def decoded(
        self,
        chunks: Iterable[Chunk],
        start: int,
        first: int,
        playback: Playback,
        live: bool = True,
    ) -> Iterator[Samples]:
        """Yield the sound from frame `first` on of chunks that begin at `start(first)` or before.

        `playback` must be complete: no field that the decoder needs is None. Chunks that are not
        `live` may be taken before they are needed.
        """


class Codec:
    """A bundle that is ready to run. Graphs are loaded when first needed."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.manifest = bundle.manifest
        self.decoders: dict[str, Decoder]
        self.code: LappedCode | None = None
        if self.manifest.lapped:
            from runtime.lapped.engine import Engine  # its coder takes a second to load

            self.engine = Engine(bundle)
            self.decoders, self.code = {**self.engine.decoders}, self.engine.code
        else:
            self.encoder = Encoder(bundle)
            self.waveform = Waveform(bundle)
            self.decoders = {"fast": ChunkDecoder(self.manifest, self.waveform)}
            if self.manifest.has_unet:
                self.decoders["diffusion"] = Diffusion(bundle, self.waveform)
            else:
                voice = ShortDiffusion(bundle, self.waveform)
                self.decoders["diffusion"] = ChunkDecoder(self.manifest, voice)

    def encode(
        self,
        samples: npt.ArrayLike,
        rate: float,
        mu: int | None = None,
        progress: Progress | None = None,
        step: int | None = None,
        effort: str | None = None,
    ) -> Piece:
        """Return a recording as a piece: its events and what belongs to them.

        `samples` at `rate` Hz are `(n,)` or `(n, channels)`, an array or a list: floats of full
        scale 1.0, or uint8, int16 or int32 of the full scale of the dtype. They are averaged to
        mono and brought to the model's rate. `mu` in 0..31 sets the rate of a MU_SPARSE model
        (paper section 3), by default 16, `step` in 0..2047 that of a LAPPED one, by default
        following the loudness, and `effort` its thresholds: `certified` for those of a chip,
        `better` for those that a host moves. `progress` is called with the share done, 0..1.
        Raises `AudioError` for no samples, another shape or dtype, NaN and infinity, `BundleError`
        for a broken encoder, `SpikingMusicError` for a choice that is out of range or not the
        model's.
        """
        signal = mono_signal(samples, rate, self.manifest.sample_rate)
        return self._encoded(signal, progress, mu, step, effort)[1]

    def decode(
        self,
        piece: Piece,
        decoder: str | None = None,
        steps: int | None = None,
        seed: int | None = None,
        sampler: str | None = None,
        progress: Progress | None = None,
    ) -> Samples:
        """Return the sound of a piece, `(piece.samples,) float32` at `piece.sample_rate` Hz.

        `fast` is the waveform decoder; `diffusion` adds a residual, sampled in `steps` of a
        `sampler` (one of `SAMPLERS`) from noise with a `seed` (0..2**64-1). An argument that is
        None is taken from the piece, or else from the bundle. The same call gives the same samples.
        Raises `FormatError` for the piece of another model, `BundleError` when the bundle lacks
        the decoder, `SpikingMusicError` for steps or a seed out of range.
        """
        require_model(piece, self.manifest)
        playback = Playback(decoder, sampler, steps, seed).over(piece.playback)
        audio = np.zeros(piece.samples, np.float32)
        done = 0
        for block in self.decode_stream(piece.chunks(), playback, live=False):
            part = block[: piece.samples - done]
            audio[done : done + len(part)] = part
            done += len(part)
            if progress is not None:
                progress(done / piece.samples)
        return audio

    def encode_stream(
        self,
        blocks: Iterable[Samples],
        mu: int | None = None,
        step: int | None = None,
        effort: str | None = None,
        live: bool = True,
    ) -> Generator[Chunk, None, None]:
        """Yield the events of a signal that comes in blocks `(n,) float32` of any size.

        The blocks are at the model's rate. Each chunk has `chunk_frames` frames, or what is left in
        the last one, and is yielded once `context_frames` more have arrived. The events are those
        of `encode`, whatever the sizes of the blocks. If the signal is not `live`, blocks are
        taken before they are needed, and chunks made at the same time, in other threads. Raises
        the same errors as `encode`.
        """
        step, mu = chosen_step(self.manifest, step), chosen_mu(self.manifest, mu)
        effort = chosen_effort(self.manifest, effort)
        if self.manifest.lapped:
            choose = self.engine.usual_step if step is None else lambda section, before: step
            return self.engine.encoder.chunks(blocks, choose, effort, live)
        return self.encoder.chunks(blocks, mu, live)

    def decode_stream(
        self,
        chunks: Iterable[Chunk],
        playback: Playback = UNSAID,
        first: int = 0,
        live: bool = True,
    ) -> Iterator[Samples]:
        """Yield the sound, `hop` samples a frame, of events that come in chunks of any size.

        The sound begins at frame `first`, and the chunks at frame `start(first, playback)`, so that
        it equals that part of the whole sound. The fast decoder is a chunk and `context_frames`
        behind its input, diffusion three chunks. If the chunks are not `live`, some are taken
        before they are needed and decoded at the same time, in other threads. See
        `decode` for the playback and for the errors; each chunk has its own mu.
        """
        playback = playback.over(usual(self.manifest))
        decoder, start = self._decoder(playback), self.start(first, playback)
        return decoder.decoded(chunks, start, first, playback, live)

    def start(self, first: int, playback: Playback = UNSAID) -> int:
        """Return the first input frame of `decode_stream`: a multiple of `chunk_frames`."""
        start = self._decoder(playback.over(usual(self.manifest))).start(first)
        return start // self.manifest.chunk_frames * self.manifest.chunk_frames

    def analyse(
        self,
        samples: Samples,
        progress: Progress | None = None,
        mu: int | None = None,
        step: int | None = None,
        effort: str | None = None,
    ) -> tuple[Payload, Piece]:
        """Return a piece and the `payload` of its bottleneck.

        `samples (n,) float32` are at the model's rate; otherwise like `encode`.
        """
        chunks, piece = self._encoded(samples, progress, mu, step, effort)
        return self.payload(samples, chunks, piece), piece

    def payload(self, samples: Samples, chunks: Iterable[Chunk], piece: Piece) -> Payload:
        """Return the input of the bottleneck, `(latent, T) int8`, for encoded `samples (n,)`.

        `chunks` are those of `encode_stream`, which `joined` made the piece of. The payload of a
        LAPPED model is the input of its units, int32, see `Engine.payload`.
        """
        if self.manifest.lapped:
            levels = piece.units // (2 * self.engine.code.bins)
            return self.engine.payload(samples, piece.mus, levels)
        nothing = np.zeros((self.manifest.latent, 0), np.int8)
        parts = (chunk.payload for chunk in chunks if isinstance(chunk, Encoded))
        return np.concatenate([nothing, *parts], axis=1)

    def _encoded(
        self,
        samples: Samples,
        progress: Progress | None,
        mu: int | None,
        step: int | None,
        effort: str | None,
    ) -> tuple[list[Chunk], Piece]:
        frames = frame_count(self.manifest.kind, len(samples), self.manifest.hop)
        coded = self.encode_stream([samples], mu, step, effort, live=False)
        chunks = [*_told(coded, progress, frames)]
        return chunks, self.joined(chunks, len(samples), mu)

    def joined(self, chunks: Sequence[Chunk], samples: int, mu: int | None = None) -> Piece:
        """Return all chunks of a recording of `samples`, which has this `mu`, as a piece.

        Raises `EventsError` when they do not fit together.
        """
        units = max((self.manifest.units, *(chunk.events.units for chunk in chunks)))
        events = EventMatrix.joined((chunk.events for chunk in chunks), units)
        piece = self.piece(events, samples, mu)
        if not self.manifest.lapped:
            return piece
        corrections = tuple(chunk.corrections for chunk in chunks if chunk.corrections is not None)
        steps = tuple(chunk.mu for chunk in chunks)
        return replace(piece, mus=steps, corrections=corrections, code=self.code)

    def piece(self, events: EventMatrix, samples: int, mu: int | None = None) -> Piece:
        """Return events of this model as a piece of `samples`, `mu` being that of all its chunks.

        Raises `EventsError` when they do not fit together.
        """
        manifest, mu = self.manifest, chosen_mu(self.manifest, mu)
        piece = Piece(
            events,
            samples,
            manifest.sample_rate,
            manifest.hop,
            manifest.chunk_frames,
            manifest.kind,
            manifest.model_hash,
        )
        return piece if mu == NO_MU else replace(piece, mus=(mu,) * piece.count)

    def _decoder(self, playback: Playback) -> Decoder:
        name = playback.decoder or ""
        require_decoder(name, self.manifest)
        return self.decoders[name]


def require_model(made: Piece | SpkHeader, model: Manifest) -> None:
    """Raise `FormatError` when a piece or a file was made by another model."""
    if made.model != model.model_hash[: len(made.model)] or made.kind != model.kind:
        raise FormatError(
            f"was encoded by model {made.model}, but the bundle {model.name} is "
            f"{model.model_hash}; choose the right bundle"
        )
    sizes = ("sample_rate", "hop", "chunk_frames")
    for name in sizes if model.lapped else (*sizes, "units"):
        if getattr(made, name) != getattr(model, name):
            raise FormatError(
                f"header: {name} {getattr(made, name)} differs from {getattr(model, name)} of "
                f"the model {model.name}"
            )


def _told(chunks: Iterable[Chunk], progress: Progress | None, frames: int) -> Iterator[Chunk]:
    """Pass chunks on and report which share of the frames is done."""
    done = 0
    for chunk in chunks:
        done += chunk.events.frames
        if progress is not None:
            progress(done / frames)
        yield chunk
