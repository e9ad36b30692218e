"""What torch makes of a recording: the model as it was trained, to compare the others with."""

import numpy as np
import numpy.typing as npt

from runtime.bundle import Bundle
from runtime.errors import MissingPackageError
from runtime.events import Bits


def torch_spikes(bundle: Bundle, samples: npt.NDArray[np.float32]) -> Bits:
    """Return the events `(N, T) bool` that torch makes of `samples (n,)`: the model as trained.

    Raises `MissingPackageError` without torch, `BundleError` for an encoder that it cannot build.
    """
    try:
        from train.reference import load_reference
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"{error.name} is not installed; run make, or pip install '.[train]' in the repository"
        ) from error
    return load_reference(bundle)(samples)
