"""`python -m neuromorphic.loihi.worker IN.npz OUT.npy`: stock Dense and LIF on Lava's CPU back end.

IN holds `payload (M, T)`, `weight (N, M)`, `weight_exp`, `du`, `dv`, `vth`, `bias_mant (N,)` and
`bias_exp`, as `fixed_point` names them; OUT gets the spikes, `(T, N) bool`. Needs no torch.
"""

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.loihi import shim


def simulate(
    payload: npt.NDArray[np.int32],
    weight: npt.NDArray[np.int32],
    weight_exp: int,
    path: str,
    bias_mant: npt.NDArray[np.int32],
    **neuron: int,
) -> None:
    """Run RingBuffer, Dense, LIF and a sink in Lava's bit-accurate fixed point; write `path`."""
    shim.apply()
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.dense.process import Dense
    from lava.proc.io.source import RingBuffer
    from lava.proc.lif.process import LIF

    from neuromorphic.loihi.procs.sink import SpikeFile

    units, steps = len(weight), payload.shape[1]
    source = RingBuffer(data=payload)
    dense = Dense(weights=weight, weight_exp=weight_exp, num_message_bits=8)
    lif = LIF(shape=(units,), bias_mant=bias_mant, **neuron)
    sink = SpikeFile(units=units, steps=steps, path=path)
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    lif.s_out.connect(sink.a_in)
    lif.run(condition=RunSteps(num_steps=steps), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    lif.stop()


def main() -> None:
    """Read the arguments, simulate."""
    source, path = sys.argv[1:]
    with np.load(source, allow_pickle=False) as arrays:
        given: dict[str, Any] = {k: v if v.ndim else int(v) for k, v in arrays.items()}
    simulate(path=path, **given)


if __name__ == "__main__":
    main()
