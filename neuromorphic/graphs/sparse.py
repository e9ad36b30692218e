"""Connections that store only the nonzero weights, each with its own delay if needed."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, csr_array

from runtime.errors import GraphError

LARGEST = 2**26  # the most entries when a connection is turned into a matrix


@dataclass(frozen=True, eq=False)
class Sparse:
    """The nonzero weights `(N, M)`; with integers the sum is shifted by `weight_exp`.

    `delays`, if given, holds a delay in steps for each weight, in the order of `weights.data`.
    `wired` are weights that are 0 elsewhere by construction: no processor would multiply those.
    """

    weights: csr_array
    weight_exp: int = 0
    delays: npt.NDArray[np.int64] | None = None
    wired: bool = False

    @property
    def weight(self) -> npt.NDArray[Any]:
        """The weights as a flat array, in the order of the units."""
        weights: npt.NDArray[Any] = self.weights.data
        return weights

    @cached_property
    def columns(self) -> csc_array:
        """The weights by input, as events need them."""
        return csc_array(self.weights)

    @property
    def units(self) -> int:
        """Number of units `N` that it feeds."""
        return int(self.weights.shape[0])

    @property
    def inputs(self) -> int:
        """Number of inputs `M`."""
        return int(self.weights.shape[1])

    @property
    def longest(self) -> int:
        """The longest delay, in steps."""
        return 0 if self.delays is None else int(self.delays.max(initial=0))

    def matrix(self) -> npt.NDArray[Any]:
        """Return the weights as `(N, M)`; raises `GraphError` if the matrix is too large."""
        if self.units * self.inputs > LARGEST:
            raise GraphError(
                f"weights of {self.inputs} to {self.units} values are too many for a matrix"
            )
        matrix: npt.NDArray[Any] = self.weights.toarray()
        return matrix

    def apply(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the sums `(N, T)` of `x (M, T)`, ignoring delays."""
        sums: npt.NDArray[Any] = self.weights @ x
        return sums

    def delay_matrix(self) -> npt.NDArray[np.int64]:
        """Return the delays as `(N, M)`, 0 where there is no weight."""
        late: npt.NDArray[np.int64] = self._with(self.delays).toarray()
        return late

    def by_delay(self) -> list[tuple[int, csr_array]]:
        """Return a matrix of weights for each delay."""
        if self.delays is None:
            return [(0, self.weights)]
        return [
            (int(late), self._with(np.where(self.delays == late, self.weight, 0)))
            for late in np.unique(self.delays)
        ]

    def fan_out(self) -> npt.NDArray[np.int64]:
        """Return how many units each input reaches, `(M,) int64`."""
        return np.bincount(self.weights.indices, minlength=self.inputs)

    def reach(self, largest: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the largest sum of each unit, `(N,) int64`, for inputs up to `largest (M,)`."""
        sums: npt.NDArray[np.int64] = self._with(np.abs(self.weight).astype(np.int64)) @ largest
        return sums

    def holding(self, weight: npt.NDArray[Any]) -> "Sparse":
        """Return the same connections with other weights, in the order of `weight`."""
        return replace(self, weights=self._with(weight))

    def _with(self, data: Any) -> csr_array:
        return csr_array((data, self.weights.indices, self.weights.indptr), self.weights.shape)


@dataclass(frozen=True, eq=False)
class Direct:
    """No synapse: each input goes to the unit with the same number, as `factor x + offset`."""

    units: int
    factor: int = 1
    offset: int = 0

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return self.units

    @property
    def weight(self) -> npt.NDArray[Any]:
        """Empty: there are no weights."""
        return np.zeros(0, np.int64)

    def matrix(self) -> npt.NDArray[Any]:
        """Return the factor as `(N, N)`."""
        return self.factor * np.eye(self.units, dtype=np.int64)

    def apply(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return `factor x + offset` for `x (M, T)`."""
        return self.factor * x.astype(np.int64) + self.offset
