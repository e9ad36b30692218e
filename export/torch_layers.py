"""The NIR node of each torch and snnTorch layer, with its parameters in float64."""

from collections.abc import Callable
from typing import Any

import nir
import numpy as np
import numpy.typing as npt
import snntorch as snn
import torch
from torch import nn

from runtime.errors import ExportError

Array = npt.NDArray[np.float64]
Shape = tuple[int, ...]

UNITS = (snn.Leaky, snn.Synaptic, snn.RLeaky, snn.RSynaptic)
WEIGHTS = (nn.Linear, nn.Conv1d, nn.Conv2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.LPPool2d)
DROPPED = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d)
LAYERS = (*WEIGHTS, *NORMS, *POOLS, nn.Flatten, *UNITS)
NEVER = 2.0**40  # steps: the time constant of a state that never decays


def refused(name: str, layer: nn.Module, reason: str) -> ExportError:
    """Return the error that says why a layer has no NIR form."""
    return ExportError(f"node {name!r}: {type(layer).__name__} {reason}")


def node_of(name: str, layer: nn.Module, given: Shape, dt: float) -> nir.NIRNode:
    """Return the node of a layer whose input in one step has the shape `given`, without a batch.

    Raises `ExportError`, naming the layer, for one that NIR cannot express.
    """
    for kind, make in _MAKE.items():
        if isinstance(layer, kind):
            made: nir.NIRNode = make(name, layer, given, dt)
            return made
    raise refused(name, layer, f"has no NIR node; use {', '.join(k.__name__ for k in LAYERS)}")


def folded(name: str, norm: nn.Module, node: nir.NIRNode) -> nir.NIRNode:
    """Return a node of weights with the batch norm that follows it folded in."""
    assert isinstance(norm, NORMS)
    if norm.running_mean is None or norm.running_var is None:
        raise refused(name, norm, "has no running statistics; use track_running_stats=True")
    gain = 1 / np.sqrt(array(norm.running_var) + norm.eps)
    if norm.weight is not None:
        gain = gain * array(norm.weight)
    bias = -gain * array(norm.running_mean)
    if norm.bias is not None:
        bias = bias + array(norm.bias)
    weight = node.weight * gain.reshape(-1, *[1] * (node.weight.ndim - 1))
    bias = bias + gain * getattr(node, "bias", 0.0)
    if isinstance(node, nir.Linear):
        return nir.Affine(weight, bias)
    node.weight, node.bias = weight, bias
    return node


def resets(name: str, unit: nn.Module) -> str:
    """Return the reset of a unit as the dialect `snntorch` has it: `subtract` or `zero`.

    Raises `ExportError` for a unit that does what no dialect says.
    """
    assert isinstance(unit, UNITS)
    if unit.inhibition or unit.state_quant:
        raise refused(name, unit, "has inhibition or state_quant, which NIR does not have")
    if not torch.all(unit.graded_spikes_factor == 1):
        raise refused(name, unit, "has a graded_spikes_factor; NIR's neurons send ones")
    how, delayed = unit.reset_mechanism, unit.reset_delay
    if how == "subtract" and delayed:
        return "subtract"
    # Apart from Leaky, a late reset to zero swallows the input of its step.
    if how == "zero" and ((isinstance(unit, snn.Leaky) and delayed) or not delayed):
        if not torch.all(unit.threshold > 0):
            raise refused(name, unit, "resets to zero, and its threshold is not positive")
        return "zero"
    raise refused(
        name,
        unit,
        f"has reset_mechanism={how!r} and reset_delay={delayed}, which no dialect of NIR has; use "
        "'subtract' with a delay, or 'zero' without one",
    )


def array(tensor: torch.Tensor) -> Array:
    """Return the values of a tensor in float64."""
    values: Array = tensor.detach().cpu().double().numpy()
    return values


def _linear(name: str, layer: nn.Linear, given: Shape, dt: float) -> nir.NIRNode:
    weight = array(layer.weight)
    return nir.Linear(weight) if layer.bias is None else nir.Affine(weight, array(layer.bias))


def _convolution(name: str, layer: nn.Conv1d | nn.Conv2d, given: Shape, dt: float) -> nir.NIRNode:
    if layer.padding_mode != "zeros":
        raise refused(name, layer, f"pads with {layer.padding_mode!r}; NIR pads with zeros")
    weight = array(layer.weight)
    bias = np.zeros(len(weight)) if layer.bias is None else array(layer.bias)
    flat = isinstance(layer, nn.Conv1d)

    def sizes(value: Any) -> Any:
        return int(value[0]) if flat and not isinstance(value, str) else value

    return (nir.Conv1d if flat else nir.Conv2d)(
        input_shape=sizes(given[1:]),
        weight=weight,
        stride=sizes(layer.stride),
        padding=sizes(layer.padding),
        dilation=sizes(layer.dilation),
        groups=layer.groups,
        bias=bias,
    )


def _pool(name: str, layer: Any, given: Shape, dt: float) -> nir.NIRNode:
    if layer.ceil_mode:
        raise refused(name, layer, "has ceil_mode, which NIR does not have")
    sums = isinstance(layer, nn.LPPool2d)
    if sums and layer.norm_type != 1:
        raise refused(name, layer, f"has norm_type {layer.norm_type}; only 1, the sum, is in NIR")
    axes = 1 if isinstance(layer, nn.AvgPool1d) else 2
    size, stride, padding = (
        np.broadcast_to(value, axes).astype(int)
        for value in (
            layer.kernel_size,
            layer.kernel_size if layer.stride is None else layer.stride,
            0 if sums else layer.padding,
        )
    )
    if padding.any() and not layer.count_include_pad:
        raise refused(name, layer, "does not count padding, and NIR's AvgPool2d does")
    if not sums and axes == 2 and layer.divisor_override is not None:
        raise refused(name, layer, "has divisor_override, which NIR does not have")
    if axes == 2:
        return (nir.SumPool2d if sums else nir.AvgPool2d)(size, stride, padding)
    channels, width = given[0], int(size[0])  # NIR has no AvgPool1d
    return nir.Conv1d(
        input_shape=given[1],
        weight=np.full((channels, 1, width), 1 / width),
        stride=int(stride[0]),
        padding=int(padding[0]),
        dilation=1,
        groups=channels,
        bias=np.zeros(channels),
    )


def flatten(name: str, given: Shape, start: int, end: int) -> nir.NIRNode:
    """Return a Flatten whose `start` and `end` are torch's, with the batch as dimension 0.

    They are written from the end, where importers that count a batch agree with those that don't.
    """
    dimensions = len(given) + 1
    first, last = range(dimensions)[start], range(dimensions)[end]
    if first == 0:
        raise ExportError(f"node {name!r}: flattens the batch too; use start_dim=1")
    return nir.Flatten({"input": np.array(given)}, first - dimensions, last - dimensions)


def _flatten(name: str, layer: nn.Flatten, given: Shape, dt: float) -> nir.NIRNode:
    return flatten(name, given, layer.start_dim, layer.end_dim)


def _unit(name: str, unit: Any, given: Shape, dt: float) -> nir.NIRNode:
    resets(name, unit)
    tau, r = _time(unit.beta, given, dt)
    common = {
        "v_leak": np.zeros(given),
        "v_threshold": _each(unit.threshold, given),
        "v_reset": np.zeros(given),
    }
    if isinstance(unit, snn.Leaky | snn.RLeaky):
        node = nir.LIF(tau=tau, r=r, **common)
    else:
        tau_syn, w_in = _time(unit.alpha, given, dt)
        node = nir.CubaLIF(tau_syn=tau_syn, tau_mem=tau, r=r, w_in=w_in, **common)
    if isinstance(unit, snn.RLeaky | snn.RSynaptic):
        return _recurrent(name, unit, node, given, dt)
    return node


def _recurrent(name: str, unit: Any, node: nir.NIRNode, given: Shape, dt: float) -> nir.NIRGraph:
    if unit.all_to_all:
        back = node_of(f"{name}.w_rec", unit.recurrent, given, dt)
    elif len(given) == 1:
        back = nir.Linear(np.diag(_each(unit.recurrent.V, given)))
    else:
        back = nir.Scale(_each(unit.recurrent.V, given))
    shape = np.array(given)
    return nir.NIRGraph(
        {
            "input": nir.Input({"input": shape}),
            "lif": node,
            "w_rec": back,
            "output": nir.Output({"output": shape}),
        },
        [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
        type_check=False,
    )


def _time(decay: torch.Tensor, given: Shape, dt: float) -> tuple[Array, Array]:
    """Return the time constant of a decay in every step, and the gain that makes an input whole."""
    lost = np.maximum(1 - np.clip(_each(decay, given), 0, 1), 1 / NEVER)
    return dt / lost, 1 / lost


def _each(parameter: torch.Tensor, given: Shape) -> Array:
    """Return a parameter for every unit; torch broadcasts it over the batch too."""
    return np.broadcast_to(array(parameter), (1, *given))[0].copy()


_MAKE: dict[Any, Callable[..., nir.NIRNode]] = {
    nn.Linear: _linear,
    nn.Conv1d | nn.Conv2d: _convolution,
    nn.AvgPool1d | nn.AvgPool2d | nn.LPPool2d: _pool,
    nn.Flatten: _flatten,
    snn.Leaky | snn.Synaptic | snn.RLeaky | snn.RSynaptic: _unit,
}
