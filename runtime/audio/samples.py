"""What sound is in this project."""

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""A mono signal `(n,)`, full scale 1.0."""
