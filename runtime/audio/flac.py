"""Encode sound as the bytes of a FLAC file, to be played in a browser."""

import io

import numpy as np
import numpy.typing as npt
import soundfile


def flac(samples: npt.NDArray[np.float32], sample_rate: int) -> bytes:
    """Return `samples (n,)` as a FLAC file in 16 bits, clipped at full scale 1.0."""
    file = io.BytesIO()
    soundfile.write(file, np.clip(samples, -1, 1), sample_rate, "PCM_16", format="FLAC")
    return file.getvalue()
