"""From a recording to a `.spk` file, a chunk at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from runtime.bundle import Manifest
from runtime.codec import Codec
from runtime.errors import SpikingMusicError
from runtime.kinds import Progress, Samples
from runtime.mu import chosen_mu
from runtime.rate_control import AtLeast, Within, chosen_chunks
from runtime.spk.header import DEFAULT_CODER, HEADER_BYTES, NO_MU, UNKNOWN, SpkHeader
from runtime.spk.tags import END_BYTES, TAG_BYTES
from runtime.spk.writer import SpkWriter


@dataclass(frozen=True)
class Storage:
    """How a recording is stored.

    `coder` of the events; `title` and `source`; `mu`, 0..31, of all chunks, or for each chunk the
    largest that reaches `min_si_snr` dB, or the smallest that keeps the file within `kbps` kbit/s;
    what `decode` is to use unless it is told: `decoder`, `sampler`, `steps` (0: the bundle's), and
    the `seed` of the noise.
    """

    coder: str = DEFAULT_CODER
    title: str | None = None
    source: str | None = None
    mu: int | None = None
    min_si_snr: float | None = None
    kbps: float | None = None
    decoder: str = ""
    sampler: str = ""
    steps: int = 0
    seed: int = 0

    @property
    def texts(self) -> dict[str, str]:
        """The texts that there are, by name."""
        texts = {"title": self.title, "source": self.source}
        return {name: unicode(text) for name, text in texts.items() if text is not None}


def unicode(text: str) -> str:
    """Return a text in which what is no UTF-8, as in names of files, is U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@dataclass(frozen=True)
class Stored:
    """What has been stored: `bytes` of the file, `samples` of sound, `events`, `chunks`.

    `least_mu` and `most_mu` of the chunks, None without mu; `missed`: how many chunks keep neither
    the quality nor the rate that was asked for.
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

    `samples` is its length, None where it is not known yet; `progress` then hears nothing. A chunk
    is written as soon as it is final, so memory does not grow with the length.
    Raises what `Codec.encode_stream` raises, and `SpikingMusicError` for wishes that exclude one
    another.
    """
    signal = _Counted(blocks)
    mu, choice = _mu(codec, storage)
    header = header_of(codec.manifest, samples, storage, mu)
    writer = SpkWriter(file, header, storage.texts)
    if choice is None:
        chunks = codec.encode_stream(signal, storage.mu)
    else:
        chunks = chosen_chunks(codec, signal, choice)
    events, mus = 0, []
    for chunk in chunks:
        writer.write(chunk.events, chunk.mu)
        events += chunk.events.count
        mus.append(chunk.mu)
        if samples:
            progress(min(writer.frames * header.hop / samples, 1.0))
    writer.close(signal.samples)
    known = [mu for mu in mus if mu != NO_MU]
    return Stored(
        writer.size,
        signal.samples,
        events,
        len(mus),
        min(known, default=None),
        max(known, default=None),
        0 if choice is None else choice.missed,
    )


def header_of(
    model: Manifest, samples: int | None, storage: Storage = Storage(), mu: int = NO_MU
) -> SpkHeader:
    """Return the header of a recording of `samples`, if they are known, that `model` encodes."""
    return SpkHeader(
        sample_rate=model.sample_rate,
        samples=UNKNOWN if samples is None else samples,
        units=model.units,
        hop=model.hop,
        chunk_frames=model.chunk_frames,
        kind=model.kind,
        model=model.model_hash,
        coder=storage.coder,
        mu=mu,
        decoder=storage.decoder,
        sampler=storage.sampler,
        steps=storage.steps,
        seed=storage.seed,
    )


def _mu(codec: Codec, storage: Storage) -> tuple[int, AtLeast | Within | None]:
    """The mu of the header, and what chooses that of each chunk if anything does."""
    wishes = {"mu": storage.mu, "min-si-snr": storage.min_si_snr, "kbps": storage.kbps}
    given = [f"{name} {value}" for name, value in wishes.items() if value is not None]
    if len(given) > 1:
        raise SpikingMusicError(f"{' and '.join(given)} exclude each other; give only one")
    if storage.min_si_snr is not None:
        return NO_MU, AtLeast(codec, storage.min_si_snr)
    if storage.kbps is not None:
        texts = sum(TAG_BYTES + len(text.encode()) for text in storage.texts.values())
        overhead = HEADER_BYTES + texts + TAG_BYTES + END_BYTES
        return NO_MU, Within(codec, storage.kbps, storage.coder, overhead)
    return chosen_mu(codec.manifest, storage.mu), None


class _Counted:
    """Blocks of samples, counted as they are taken."""

    def __init__(self, blocks: Iterable[Samples]) -> None:
        self._blocks = blocks
        self.samples = 0

    def __iter__(self) -> Iterator[Samples]:
        for block in self._blocks:
            self.samples += len(block)
            yield block
