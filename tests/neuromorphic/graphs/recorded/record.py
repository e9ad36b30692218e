"""Record random networks of a framework: its own export of each, and what it computes itself.

    python record.py FRAMEWORK [COUNT]

needs the framework, torch and nir in this Python, and writes `FRAMEWORK.npz` beside this file:
`N.nir`, the bytes of the NIR file, and `N.out (T, units)`, for each network N; and `versions`. The
input is random spikes, seed 0, of probability 0.2, 100 steps. Weights are doubled or halved until
each layer sends between 0.02 and 0.8 spikes a unit and step; they are multiples of 1/32, so that
ties occur.
"""

import sys
import tempfile
from importlib import metadata
from pathlib import Path

import nir
import numpy as np
import torch
from torch import nn

STEPS = 100


def snntorch(seed, sizes, a, b):
    import snntorch as snn
    from snntorch.export_nir import export_to_nir

    def units(n):
        common = {"beta": torch.full((n,), a), "threshold": torch.ones(n), "init_hidden": True}
        if seed % 3 == 0:
            return snn.Leaky(**common)
        if seed % 3 == 1:
            return snn.Synaptic(alpha=torch.full((n,), b), **common)
        return snn.RLeaky(linear_features=n, **common)

    net = layered(sizes, nn.Linear, units)

    def run(x):
        for part in net:
            if hasattr(part, "reset_mem"):
                part.reset_mem()
        return [
            torch.stack(rows) for rows in zip(*(through(net, row[None]) for row in x), strict=True)
        ]

    return net, run, lambda x: export_to_nir(net, x[:1], ignore_dims=[0])


def norse(seed, sizes, a, b):
    import norse.torch as nt
    from norse.torch.functional.lif import LIFParameters
    from norse.torch.functional.lif_box import LIFBoxParameters
    from norse.torch.module.lif_box import LIFBoxCell

    def units(n):
        common = {"tau_mem_inv": torch.full((n,), 1000 * (1 - a)), "v_leak": torch.zeros(n)}
        if seed % 2:
            return LIFBoxCell(LIFBoxParameters(v_th=torch.full((n,), 0.3), **common))
        syn = torch.full((n,), 1000 * (1 - b))
        return nt.LIFCell(LIFParameters(tau_syn_inv=syn, v_th=torch.ones(n), **common))

    net = nt.SequentialState(*layered(sizes, nn.Linear, units))

    def run(x):
        states, rows = [None] * 4, []
        for row in x:
            out, outs = row[None], []
            for i, part in enumerate(net):
                if isinstance(part, nn.Linear):
                    out = part(out)
                else:
                    out, states[i] = part(out, states[i])
                    outs.append(out[0])
            rows.append(outs)
        return [torch.stack(each) for each in zip(*rows, strict=True)]

    return net, run, lambda x: nt.to_nir(net, x[:1])


def sinabs(seed, sizes, a, b):
    import sinabs.layers as sl
    from sinabs.nir import to_nir

    def units(n):
        if seed % 2:
            return sl.IAFSqueeze(batch_size=1)
        tau = torch.full((n,), 1 / (1 - a))
        return sl.LIFSqueeze(
            spike_threshold=torch.ones(n), tau_mem=tau, batch_size=1, norm_input=False
        )

    net = layered(sizes, nn.Linear, units)

    def run(x):
        for part in net:
            if hasattr(part, "reset_states"):
                part.reset_states()
        return through(net, x, whole=True)

    def export(x):
        net(x[:1])
        return to_nir(net, x[:1])

    return net, run, export


def spikingjelly(seed, sizes, a, b):
    from spikingjelly.activation_based import functional, layer, neuron
    from spikingjelly.activation_based.nir_exchange import export_to_nir

    def units(n):
        if seed % 3 == 0:
            return neuron.IFNode()
        if seed % 3 == 1:
            return neuron.LIFNode(tau=1 / (1 - a), decay_input=bool(seed % 2))
        return neuron.CUBALIFNode(c_decay=b, v_decay=a, v_threshold=1.0)

    net = layered(sizes, layer.Linear, units)

    def run(x):
        functional.reset_net(net)
        return [
            torch.stack(rows) for rows in zip(*(through(net, row[None]) for row in x), strict=True)
        ]

    return net, run, lambda x: export_to_nir(net, x[:1])


def rockpool(seed, sizes, a, b):
    from rockpool.nn.combinators import Sequential
    from rockpool.nn.modules import LIFNeuronTorch, LIFTorch, LinearTorch
    from rockpool.nn.modules.torch.nir import to_nir

    def units(n):
        common = {"tau_mem": 1e-3 / (1 - a), "threshold": 0.5, "dt": 1e-3}
        if seed % 2:
            return LIFNeuronTorch(n, **common)
        return LIFTorch(n, tau_syn=1e-3 / (1 - b), **common)

    m, h, o = sizes
    parts = [LinearTorch((m, h)), units(h), LinearTorch((h, o)), units(o)]
    net = Sequential(*parts)

    def run(x):
        net.reset_state()
        out, outs = x[None], []
        for part in parts:
            part.reset_state()
            out = part(out)[0]
            if not isinstance(part, LinearTorch):
                outs.append(out[0])
        return outs

    return net, run, lambda x: to_nir(net)


def layered(sizes, linear, units):
    m, h, o = sizes
    return nn.Sequential(linear(m, h), units(h), linear(h, o), units(o))


def through(net, row, whole=False):
    """Return what each layer of units puts out for one step, or for all."""
    outs = []
    for part in net:
        row = part(row)
        if not isinstance(part, nn.Linear):
            outs.append(row if whole else row[0])
    return outs


def lively(net, run, x):
    """Scale the weights of each layer until it sends some spikes, and not too many."""
    named = dict(nn.Module.named_parameters(net))
    for name, p in named.items():
        if name.endswith(("weight", "bias")):
            p.data = torch.round(p.data * 96) / 32
    weights = [p for name, p in named.items() if name.endswith("weight") and "rec" not in name]
    for layer, weight in enumerate(weights):
        for _ in range(8):
            rate = run(x)[layer].mean().item()
            if 0.02 < rate < 0.8:
                break
            weight.data *= 2.0 if rate < 0.1 else 0.5


def main():
    name, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 50
    found = {}
    torch.set_num_threads(1)
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            torch.manual_seed(seed)
            rng = np.random.default_rng(seed)
            sizes = [int(n) for n in rng.integers(4, 11, 3)]
            a, b = (float(decay) for decay in rng.uniform(0.5, 0.95, 2))
            spikes = np.random.default_rng(0).random((STEPS, sizes[0])) < 0.2
            x = torch.from_numpy(spikes.astype(np.float32))
            net, run, export = globals()[name](seed, sizes, a, b)
            lively(net, run, x)
            out = run(x)[-1].numpy()
            path = Path(folder, "a.nir")
            nir.write(path, export(x))
            found[f"{seed}.nir"] = np.frombuffer(path.read_bytes(), np.uint8)
            found[f"{seed}.out"] = out.astype(np.min_scalar_type(int(out.max())))
    versions = " ".join(f"{each} {metadata.version(each)}" for each in (name, "nir", "torch"))
    np.savez_compressed(Path(__file__).with_name(f"{name}.npz"), versions=versions, **found)
    silent = sum(not found[f"{seed}.out"].any() for seed in range(count))
    print(f"{versions}: {count} networks, {silent} silent")


if __name__ == "__main__":
    main()
