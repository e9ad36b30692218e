"""Whether decoded sounds are like originals as a whole: a distance of distributions of features.

The features are hidden activations of the transcriber (see `transcription`), a network that was
trained for another purpose. The distance tells what belongs together from what does not only
within one table: other networks have other scales.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import onnx.utils

from runtime.audio.samples import Samples
from runtime.scratch import scratch
from runtime.sessions import open_graph
from spiking_music.evaluation.transcription import HOP, INPUT, cut, joined, weights

_HIDDEN = "Relu__35:0"  # 32 channels of 88 keys, from which onsets are told
_REGISTERS = 4  # of 22 keys, over which activations are averaged

Features = npt.NDArray[np.float64]


def load_embedder() -> Callable[[Samples], Features]:
    """Return the function from a signal `(n,) float32` at 22 050 Hz to features `(T, 128)`.

    Raises `MissingPackageError` where the package that carries the weights is not installed.
    """
    with scratch() as folder:
        part = folder / "hidden.onnx"
        onnx.utils.extract_model(str(weights()), str(part), [INPUT], [_HIDDEN], check_model=False)
        graph = open_graph(part, {INPUT}, {_HIDDEN})

    def embed(samples: Samples) -> Features:
        hidden = graph({INPUT: cut(samples)})[_HIDDEN].transpose(0, 2, 1, 3)  # window, frame, ...
        registers = np.stack([x.mean(3) for x in np.split(hidden, _REGISTERS, 3)], 3)
        features = joined(registers.reshape(*hidden.shape[:2], -1))
        return features[: -(-len(samples) // HOP)].astype(np.float64)

    return embed


def frechet_distance(one: Features, other: Features) -> float:
    """Return the Fréchet distance of the normal distributions of features `(n, d)`, `(m, d)`.

    Source: Kilgour et al., "Fréchet audio distance", Interspeech 2019, equation 1.
    """
    (mean, covariance), (others, other_covariance) = (
        (x.mean(0), np.cov(x, rowvar=False)) for x in (one, other)
    )
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other_covariance @ root), 0)).sum()
    apart = np.square(mean - others).sum()
    return float(max(apart + np.trace(covariance) + np.trace(other_covariance) - 2 * shared, 0.0))
