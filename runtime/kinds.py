"""The names that a bundle, a `.spk` file and the command line share.

The position of a name in its tuple is its number in a `.spk` file, so new names go to the end.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Literal, get_args

Kind = Literal["FREE", "SPARSE", "MU_SPARSE", "LAPPED"]
DecoderName = Literal["diffusion", "fast", "listening", "waveform"]
SamplerName = Literal["ddim", "dpm"]
CoderName = Literal["paper", "rice", "adaptive"]
QualityName = Literal["fast", "good", "best"]
Effort = Literal["certified", "better", "best"]

KINDS: Final[tuple[str, ...]] = get_args(Kind)  # models whose code is events: paper section 3
LAPPED: Final = "LAPPED"  # ours: the frames of a lapped transform, each sample in two of them
DECODERS: Final = ("diffusion", "fast")  # of the paper's kinds
LAPPED_DECODERS: Final = ("listening", "waveform")  # with noise in the treble, and without
CERTIFIED: Final = "certified"  # the thresholds of a chip; `better` ones are moved by a host
BEST: Final = "best"  # entries that a search turns, for FREE
EFFORTS: Final[tuple[str, ...]] = get_args(Effort)[:2]  # of an encoder for LAPPED
SAMPLERS: Final[tuple[str, ...]] = get_args(SamplerName)
CODERS: Final[tuple[str, ...]] = get_args(CoderName)
QUALITIES: Final[tuple[str, ...]] = get_args(QualityName)

SHIPPED = Path(__file__).parent / "bundles"
CLIPS = Path(__file__).parent / "clips"  # recordings to try things on

Progress = Callable[[float], None]
"""Called with the share that is done, 0..1."""

Note = Callable[[str], None]
"""Called with a line for the user."""

Stage = Callable[[str], AbstractContextManager[Progress]]
"""Called with the name of what begins; it gives the function to call with its progress."""


def frame_count(kind: str, samples: int, hop: int) -> int:
    """Return how many frames a model of this kind makes from so many samples.

    A lapped transform has one frame more than hops, since every sample lies in two frames.
    """
    return -(-samples // hop) + (kind == LAPPED and samples > 0)
