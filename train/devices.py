"""Where a training runs: one processor, one GPU, or the processes that `torchrun` has started.

    torchrun --standalone --nproc-per-node 4 --no-python spiking-music train paper RUN_DIR

starts one process a GPU of a machine; for several machines torchrun takes `--nnodes` and
`--rdzv-endpoint` in place of `--standalone`. The batch is the whole run's, shared evenly.
"""

import os

import torch
from lightning_fabric import Fabric


def launched() -> Fabric:
    """Fabric for this process; under `torchrun`, one member of its data-parallel group.

    bf16 autocast on GPUs alone: on processors without matrix units it is slower than float32.
    """
    local, everyone = (int(os.environ.get(k, "1")) for k in ("LOCAL_WORLD_SIZE", "WORLD_SIZE"))
    gpu = torch.cuda.is_available()
    fabric = Fabric(
        accelerator="cuda" if gpu else "cpu",
        devices=local,
        num_nodes=everyone // local,
        strategy="ddp" if everyone > 1 else "auto",
        precision="bf16-mixed" if gpu else "32-true",
    )
    fabric.launch()
    return fabric
