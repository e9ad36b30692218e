"""A source that reads its frames from a file when they are due, to keep memory small."""

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class FrameFile(AbstractProcess):
    """Sends the frames of the `.npy` file at `path`, `(T, inputs)`, and then zeros."""

    def __init__(self, *, inputs: int, path: str) -> None:
        super().__init__(inputs=inputs, path=path)
        self.s_out = OutPort(shape=(inputs,))


class _PyFrameFile(PyLoihiProcessModel):
    dtype: type = np.int32

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.frames = np.load(proc_params["path"], mmap_mode="r", allow_pickle=False)
        self.silence = np.zeros(proc_params["inputs"], self.dtype)

    def run_spk(self) -> None:
        """Send one frame."""
        due = self.time_step - 1
        frame = self.frames[due].astype(self.dtype) if due < len(self.frames) else self.silence
        self.s_out.send(frame)


@implements(proc=FrameFile, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyFrameFileFixed(_PyFrameFile):
    """Sends integers."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)


@implements(proc=FrameFile, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyFrameFileFloat(_PyFrameFile):
    """Sends floats."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    dtype = np.float64
