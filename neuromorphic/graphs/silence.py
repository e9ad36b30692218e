"""Meaningless runs: layers that never fire, steps that do not suit the time constants."""

from collections.abc import Iterable, Mapping

import nir
import numpy as np

from neuromorphic.graphs.graph import Graph, Stage
from neuromorphic.graphs.neurons import SPIKING, Array

FAR = 1000  # in steps; a time constant is rarely longer


def remarks(graph: Graph, values: Mapping[str, Array], dt: float) -> list[str]:
    """Return warnings about a run, one line each; none if all is well.

    `values` are those of `graph_values` at steps of `dt` s. Warnings name the nodes in which no
    unit fired, steps of at most a thousandth of every time constant or longer than all of them, and
    what would help.
    """
    silent = [
        stage
        for stage in graph.stages
        if isinstance(stage.node, SPIKING) and not values[stage.name].any()
    ]
    lines = [
        f"node {stage.name!r}: none of its {values[stage.name][:1].size} units fires in "
        f"{len(values[stage.name])} steps"
        for stage in silent
    ]
    return lines + list(_of_step(graph.stages, silent, dt))


def _of_step(stages: Iterable[Stage], silent: list[Stage], dt: float) -> Iterable[str]:
    found = [
        getattr(stage.node, field).ravel()
        for stage in stages
        for field in ("tau", "tau_mem", "tau_syn")
        if hasattr(stage.node, field)
    ]
    taus = np.concatenate([*found, np.zeros(0)])
    if taus.size and dt * FAR <= taus.min() * (1 + 1e-9):
        yield (
            f"dt is {dt:g} s and every time constant {taus.min() / dt:.0f} steps or more; where "
            "they are in steps, --dt 1"
        )
    elif taus.size and dt > taus.max():
        yield f"dt is {dt:g} s, longer than every time constant: nothing lasts from step to step"
    elif silent and dt < 1 and any(isinstance(stage.node, nir.IF) for stage in silent):
        yield f"an IF adds dt r times its input, and dt is {dt:g} s; where r is for a step, --dt 1"
