"""What the studio does in the background: read, encode, decode, count."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runtime.audio.flac import flac
from runtime.audio.samples import Samples
from runtime.codec import Codec
from runtime.encoder import Encoded
from runtime.errors import SpikingMusicError
from runtime.events import EventMatrix
from runtime.mu import DEFAULT_MU
from spiking_music.studio.figures import figures
from spiking_music.studio.jobs import Job
from spiking_music.studio.piece import Piece, read_piece
from spiking_music.studio.session import Session

Bits = npt.NDArray[np.bool_]


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
    bits = np.zeros((model.units, frames), np.bool_)
    payload = np.zeros((model.latent, frames), np.int8)
    coding = session.state.coding + 1
    sounds = {"original": session.state.sounds["original"]}
    session.update(
        job,
        bits=bits,
        encoded=0,
        coding=coding,
        payload=payload,
        mu=mu,
        sounds=sounds,
        figures=None,
    )
    done = 0
    for chunk in codec.encode_stream([piece.samples], mu):
        if not isinstance(chunk, Encoded):
            name = codec.manifest.name
            raise SpikingMusicError(f"bundle {name}: the studio cannot show its units; give small")
        stop = done + chunk.events.frames
        bits[:, done:stop], payload[:, done:stop] = chunk.events.bits, chunk.payload
        done = stop
        tell(done / frames)
        session.update(job, encoded=done)


def _hear(codec: Codec, session: Session, job: Job, muted: frozenset[int]) -> None:
    """Decode all units and, if some are muted, the rest alone: the difference is the muted part."""
    state = session.state
    assert state.piece is not None
    assert state.payload is not None
    samples, rate = len(state.piece.samples), codec.manifest.sample_rate
    coded = codec.piece(EventMatrix.from_bits(state.bits), samples, state.mu)
    whole = codec.decode(coded, progress=job.begin("decode"))
    sounds: dict[str, Samples] = {"decoded": whole}
    if muted:
        tell = job.begin("decode without the muted units")
        left = state.bits.copy()
        left[sorted(muted)] = False
        coded = replace(coded, events=EventMatrix.from_bits(left))
        rest = codec.decode(coded, progress=tell)
        sounds |= {"without": rest, "carried": whole - rest}
    files: Mapping[str, bytes] = {name: flac(sound, rate) for name, sound in sounds.items()}
    job.begin("count")
    cost = figures(codec, state.payload, coded)
    session.update(
        job,
        muted=muted,
        figures=cost,
        heard=state.heard + 1,
        sounds={"original": state.sounds["original"], **files},
    )


def _frames(codec: Codec, piece: Piece) -> int:
    return -(-len(piece.samples) // codec.manifest.hop)
