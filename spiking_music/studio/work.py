"""What the studio does in the background: read, encode, decode, count."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from runtime.audio.flac import flac
from runtime.audio.samples import Samples
from runtime.codec import Codec
from runtime.kinds import frame_count
from runtime.mu import DEFAULT_MU
from runtime.piece import Chunk
from spiking_music.studio.figures import energy, figures
from spiking_music.studio.jobs import Job
from spiking_music.studio.piece import Piece, read_piece
from spiking_music.studio.rows import row_count, rows_of, without
from spiking_music.studio.session import Session


def take_in(
    codec: Codec, session: Session, job: Job, file: Path, name: str, longest: float
) -> None:
    """Read an upload, remove the file, and study the recording from the start."""
    try:
        job.begin("read")
        piece = read_piece(file, name, codec.manifest.sample_rate, longest)
    finally:
        file.unlink(missing_ok=True)
    mu = DEFAULT_MU if codec.manifest.has_mu else None
    original = {"original": flac(piece.samples, codec.manifest.sample_rate)}
    session.update(
        job,
        piece=piece,
        taken=session.state.taken + 1,
        notes=None,
        encoded=0,
        muted=frozenset(),
        sounds=original,
        figures=None,
        energy=None,
        heard=session.state.heard + 1,
    )
    _encode(codec, session, job, piece, mu)
    _hear(codec, session, job, frozenset())


def change(codec: Codec, session: Session, job: Job, mu: int | None, muted: frozenset[int]) -> None:
    """Decode the piece at another rate or without some units; keep what has not changed."""
    piece = session.state.piece
    assert piece is not None
    if mu != session.state.mu or session.state.encoded < _frames(codec, piece):
        _encode(codec, session, job, piece, mu)
    _hear(codec, session, job, muted)


def _encode(codec: Codec, session: Session, job: Job, piece: Piece, mu: int | None) -> None:
    """Encode, and show the events as they arrive."""
    model = codec.manifest
    tell = job.begin("encode")
    frames = _frames(codec, piece)
    bits = np.zeros((row_count(model), frames), np.bool_)
    coding = session.state.coding + 1
    sounds = {"original": session.state.sounds["original"]}
    session.update(
        job,
        bits=bits,
        encoded=0,
        chunks=(),
        coding=coding,
        mu=mu,
        sounds=sounds,
        figures=None,
        energy=None,
    )
    done = 0
    chunks: list[Chunk] = []
    for chunk in codec.encode_stream([piece.samples], mu):
        bits[rows_of(model, chunk.events.unit), done + chunk.events.frame] = True
        done += chunk.events.frames
        chunks.append(chunk)
        tell(done / frames)
        session.update(job, encoded=done, chunks=tuple(chunks))


def _hear(codec: Codec, session: Session, job: Job, muted: frozenset[int]) -> None:
    """Decode all units and, if some are muted, the rest alone: the difference is the muted part."""
    state = session.state
    assert state.piece is not None
    samples, rate = len(state.piece.samples), codec.manifest.sample_rate
    coded = codec.joined(state.chunks, samples, state.mu)
    whole = codec.decode(coded, progress=job.begin("decode"))
    sounds: dict[str, Samples] = {"decoded": whole}
    if muted:
        tell = job.begin("decode without the muted units")
        left = [without(codec.manifest, chunk, muted) for chunk in state.chunks]
        coded = codec.joined(left, samples, state.mu)
        rest = codec.decode(coded, progress=tell)
        sounds |= {"without": rest, "carried": whole - rest}
    files: Mapping[str, bytes] = {name: flac(sound, rate) for name, sound in sounds.items()}
    session.update(
        job,
        muted=muted,
        figures=figures(coded),
        heard=state.heard + 1,
        sounds={"original": state.sounds["original"], **files},
    )
    if state.energy is None:  # muting changes what is stored and decoded, not what a chip does
        job.begin("count joules")
        payload = codec.payload(state.piece.samples, state.chunks, coded)
        session.update(job, energy=energy(codec, payload, coded.units))


def _frames(codec: Codec, piece: Piece) -> int:
    return frame_count(codec.manifest.kind, len(piece.samples), codec.manifest.hop)
