"""From a recording to a `.spk` file, a chunk at a time."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO

from runtime.audio.samples import Samples
from runtime.bundle import Manifest
from runtime.codec import Codec
from runtime.errors import SpikingMusicError
from runtime.kinds import Progress
from runtime.lapped.rate_control import AtLeast as LappedAtLeast
from runtime.lapped.rate_control import Within as LappedWithin
from runtime.mu import chosen_effort, chosen_mu, chosen_step
from runtime.piece import Chunk, LappedCode
from runtime.playback import Playback, require_used
from runtime.rate_control import AtLeast, Within, chosen_chunks
from runtime.spk.header import DEFAULT_CODER, HEADER_BYTES, LAPPED_CODER, NO_MU, UNKNOWN, SpkHeader
from runtime.spk.parts import end_bytes, header_bytes
from runtime.spk.tags import END_BYTES, EVERY, TAG_BYTES
from runtime.spk.writer import SpkWriter


@dataclass(frozen=True)
class Storage:
    """How a recording is stored.

    `coder` of the events, None for the default; `title` and `source`; `mu`, 0..31, of all chunks
    (`step`, 0..2047, for a LAPPED model), or for each chunk the largest that reaches `min_si_snr`
    dB, or the smallest that keeps the file within `kbps` kbit/s;
    `effort`, one of `EFFORTS`, for a LAPPED model;
    defaults for `decode`: `decoder`, `sampler`, `steps` (0: the bundle's), and the `seed` of the
    noise.
    """

    coder: str | None = None
    title: str | None = None
    source: str | None = None
    mu: int | None = None
    step: int | None = None
    min_si_snr: float | None = None
    kbps: float | None = None
    effort: str | None = None
    decoder: str = ""
    sampler: str = ""
    steps: int = 0
    seed: int = 0

    @property
    def playback(self) -> Playback:
        """The defaults for `decode`, as far as they are set."""
        return Playback(
            self.decoder or None, self.sampler or None, self.steps or None, self.seed or None
        )

    @property
    def texts(self) -> dict[str, str]:
        """The texts that are set, by name."""
        texts = {"title": self.title, "source": self.source}
        return {name: unicode(text) for name, text in texts.items() if text is not None}


def unicode(text: str) -> str:
    """Return a text with U+FFFD for bytes that are not UTF-8, which file names may contain."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@dataclass(frozen=True)
class Stored:
    """What has been stored: `bytes` of the file, `samples` of sound, `events`, `chunks`.

    `least_mu` and `most_mu` of the chunks (steps in a LAPPED model), None for a model without;
    `missed`: how many chunks miss the quality or the rate that was asked for.
    """

    bytes: int
    samples: int
    events: int
    chunks: int
    least_mu: int | None
    most_mu: int | None
    missed: int


def to_spk(
    codec: Codec,
    blocks: Iterable[Samples],
    samples: int | None,
    file: BinaryIO,
    storage: Storage = Storage(),
    progress: Progress = lambda share: None,
) -> Stored:
    """Encode a signal that comes in blocks `(n,) float32` and write it to a file or a pipe.

    `samples` is its length, None if not known yet; `progress` is then not called, and no block is
    taken before it is needed. A chunk is written as soon as it is final, so memory does not grow
    with the length.
    Raises what `Codec.encode_stream` raises, and `SpikingMusicError` for options that exclude one
    another.
    """
    signal = _Counted(blocks)
    mu, chunks, missed = _chunks(codec, signal, samples, storage)
    header = header_of(codec.manifest, samples, storage, mu, codec.code)
    writer = SpkWriter(file, header, storage.texts, codec.code.tables if codec.code else None)
    events, mus = 0, []
    with closing(chunks):  # no thread may read on when this is left
        for chunk in chunks:
            writer.write(chunk.events, chunk.mu, chunk.corrections)
            events += chunk.events.count
            mus.append(chunk.mu)
            if samples:
                progress(min(writer.frames * header.hop / samples, 1.0))
    writer.close(signal.samples)
    known = mus if codec.manifest.has_mu or codec.manifest.lapped else []
    return Stored(
        writer.size,
        signal.samples,
        events,
        len(mus),
        min(known, default=None),
        max(known, default=None),
        missed(),
    )


def header_of(
    model: Manifest,
    samples: int | None,
    storage: Storage = Storage(),
    mu: int = NO_MU,
    code: LappedCode | None = None,
) -> SpkHeader:
    """Return the header of a recording of `samples` (None if unknown) that `model` encodes.

    `code` is that of a LAPPED model. Raises `SpikingMusicError` for a coder or a decoder the model
    lacks, and for defaults that this decoder does not use.
    """
    require_used(storage.playback, model)
    if model.lapped and (storage.sampler or storage.steps):
        raise SpikingMusicError(
            f"the file of a {model.kind} model keeps no sampler and no steps; give them to decode"
        )
    usual = LAPPED_CODER if model.lapped else DEFAULT_CODER
    if model.lapped and storage.coder not in (None, LAPPED_CODER):
        raise SpikingMusicError(
            f"coder {storage.coder}: the bundle {model.name} is {model.kind} and has a coder of "
            "its own; omit --coder"
        )
    return SpkHeader(
        sample_rate=model.sample_rate,
        samples=UNKNOWN if samples is None else samples,
        units=model.units,
        hop=model.hop,
        chunk_frames=model.chunk_frames,
        kind=model.kind,
        model=model.model_hash,
        coder=storage.coder or usual,
        mu=mu,
        decoder=storage.decoder,
        sampler=storage.sampler,
        steps=storage.steps,
        seed=storage.seed,
        tables=code.tables.hash if code and code.tables else "",
        bands=code.bands if code else 0,
    )


def _chunks(
    codec: Codec, signal: Iterable[Samples], samples: int | None, storage: Storage
) -> tuple[int, Generator[Chunk, None, None], Callable[[], int]]:
    """Return the header's mu, the chunks, and a function that counts those off target."""
    wishes = {
        "mu": storage.mu,
        "step": storage.step,
        "min-si-snr": storage.min_si_snr,
        "kbps": storage.kbps,
    }
    given = [f"{name} {value}" for name, value in wishes.items() if value is not None]
    if len(given) > 1:
        raise SpikingMusicError(f"{' and '.join(given)} exclude one another; give one of them")
    mu, step = chosen_mu(codec.manifest, storage.mu), chosen_step(codec.manifest, storage.step)
    effort = chosen_effort(codec.manifest, storage.effort)
    choice = _choice(codec, samples, storage, effort)
    live = samples is None
    if choice is None:
        coded = codec.encode_stream(signal, storage.mu, step, storage.effort, live)
        return mu, coded, lambda: 0
    if isinstance(choice, AtLeast | Within):
        return NO_MU, chosen_chunks(codec, signal, choice), lambda: choice.missed
    coded = codec.engine.encoder.chunks(signal, choice, effort, live)
    return NO_MU, coded, lambda: choice.missed


def _choice(
    codec: Codec, samples: int | None, storage: Storage, effort: str
) -> AtLeast | Within | LappedAtLeast | LappedWithin | None:
    """The rule that chooses the mu or the step of each chunk, if one is asked for."""
    lapped = codec.manifest.lapped
    if storage.min_si_snr is not None:
        decibels = storage.min_si_snr
        if lapped:
            return LappedAtLeast(codec.engine, decibels, effort)
        return AtLeast(codec, decibels)
    if storage.kbps is None:
        return None
    if not storage.kbps > 0:
        raise SpikingMusicError(f"kbps {storage.kbps:g}: give a rate above 0")
    texts = sum(TAG_BYTES + len(text.encode()) for text in storage.texts.values())
    if lapped:
        header = header_of(codec.manifest, samples, storage, code=codec.code)
        seek = 0 if header.known and header.chunks <= EVERY else TAG_BYTES
        overhead = header_bytes(header) + texts + seek + end_bytes(header)
        return LappedWithin(codec.engine, storage.kbps, overhead, effort)
    overhead = HEADER_BYTES + texts + TAG_BYTES + END_BYTES
    return Within(codec, storage.kbps, storage.coder or DEFAULT_CODER, overhead)


class _Counted:
    """Blocks of samples, counted as they are taken."""

    def __init__(self, blocks: Iterable[Samples]) -> None:
        self._blocks = blocks
        self.samples = 0

    def __iter__(self) -> Iterator[Samples]:
        for block in self._blocks:
            self.samples += len(block)
            yield block
