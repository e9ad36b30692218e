"""A LIF with what no stock process of Lava does: subtraction, counts of spikes, a floor."""

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

LARGEST = 2**23


class ExtendedLIF(AbstractProcess):
    """`shape` units with the parameters of Lava's LIF; the others are those of `firing.Firing`.

    `starts` is the step in which the first input arrives; what happened before is forgotten then.
    `most` spikes are sent in one step, as a graded spike that counts them.
    """

    def __init__(self, *, shape: tuple[int], **facts: Any) -> None:
        super().__init__(shape=shape, **facts)
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)


@implements(proc=ExtendedLIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyExtendedLIF(PyLoihiProcessModel):
    """In the integers of Lava's bit-accurate LIF."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        names = ("du", "dv", "vth", "bias_mant", "bias_exp", "starts", "most")
        facts = ("subtracts", "late", "ties", "floor")
        given = {name: np.asarray(proc_params[name], np.int64) for name in names}
        self.keep_u, self.keep_v = 4095 - given["du"], 4096 - given["dv"]
        self.level, self.bias = given["vth"] << 6, given["bias_mant"] << given["bias_exp"]
        self.starts, self.most = int(given["starts"]), int(given["most"])
        self.subtracts, self.late, self.ties, self.floor = (proc_params[name] for name in facts)
        self.u, self.v, self.owed = np.zeros((3, *proc_params["shape"]), np.int64)

    def run_spk(self) -> None:
        """Take one step."""
        if self.time_step == self.starts:
            self.u, self.v, self.owed = np.zeros((3, *self.u.shape), np.int64)
        u = _kept(self.u, self.keep_u) + (self.a_in.recv().astype(np.int64) << 6)
        u = u - 2 * LARGEST * (u > LARGEST) + 2 * LARGEST * (u <= -LARGEST)
        v = _kept(self.v, self.keep_v) + u + self.bias - self.owed
        v = np.clip(v, 1 - LARGEST, LARGEST - 1)
        if self.most > 1:
            sent = np.clip(v // self.level, 0, self.most)
        else:
            sent = ((v > self.level) | (self.ties & (v == self.level))).astype(np.int64)
        taken = sent * self.level
        if not self.subtracts:
            v[sent > 0] = 0
        elif not self.late:
            v -= taken
        self.owed = taken if self.late else 0 * taken
        self.u, self.v = u, np.maximum(v, -self.level) if self.floor else v
        self.s_out.send(sent.astype(np.int32))


def _kept(value: Any, factor: Any) -> Any:
    return np.sign(value) * (np.abs(value) * factor >> 12)
