"""The names that a bundle, a `.spk` file and the command line share, and two types of everyone.

The place of a name in its tuple is its number in a `.spk` file: new ones go to the end.
"""

from collections.abc import Callable
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

Kind = Literal["FREE", "SPARSE", "MU_SPARSE"]
DecoderName = Literal["diffusion", "fast"]
SamplerName = Literal["ddim", "dpm"]
CoderName = Literal["paper", "rice", "adaptive"]

KINDS: Final[tuple[str, ...]] = get_args(Kind)  # of models whose code is events: paper section 3
DECODERS: Final[tuple[str, ...]] = get_args(DecoderName)
SAMPLERS: Final[tuple[str, ...]] = get_args(SamplerName)
CODERS: Final[tuple[str, ...]] = get_args(CoderName)

Samples = npt.NDArray[np.float32]
"""A mono signal `(n,)`, full scale 1.0."""

Progress = Callable[[float], None]
"""Hears the share that is done, 0..1."""
