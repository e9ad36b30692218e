"""Write a bundle: everything that a user of a trained model needs, in one folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from export import onnx_graphs
from export.certificate import certify
from export.evidence import make_probe, write_evidence
from export.folder import bundle_folder
from neuromorphic.graphs.files import write_graph
from neuromorphic.integers.exact import ExactLayer, network_of
from neuromorphic.integers.netx import write_netx
from neuromorphic.integers.nir_forms import exact_graph, portable_graph
from runtime.bundle import (
    DECODER,
    DECODER_FAST,
    ENCODER,
    EXACT,
    NETX,
    PAYLOAD_BITS,
    PORTABLE,
    Bundle,
    open_bundle,
    write_manifest,
)
from runtime.errors import ExportError
from runtime.kinds import KINDS
from train import checkpoint as checkpoints
from train.checkpoint import Checkpoint
from train.config import CLIP_FRAMES, HOP, SAMPLE_RATE, Config, to_dict
from train.networks.bottleneck import Bottleneck, freeze
from train.networks.conformer import reach_frames
from train.networks.inhibition import Inhibition
from train.networks.model import Model
from train.networks.price import CHANNELS
from train.networks.trunks import context_frames
from train.stages import stages_of

OVERLAP_FRAMES = 16  # frames on each side of a diffusion window in which windows cross-fade
COUNTED_FRAMES = 64
UNFITTED_STEPS = 4  # default steps of a U-Net that was not fitted to few steps
CERTIFIED = ("nir", "nir-lif", "integer", "lava")  # the verb certify runs all available ones


@dataclass(frozen=True)
class Terms:
    """The terms of use of a bundle: its `licence`, and whose work it builds on."""

    licence: str = "not stated"
    attribution: str = "not stated"


def export(
    run: Path,
    folder: Path,
    steps: int | None = None,
    terms: Terms = Terms(),
    overwrite: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Bundle:
    """Export a finished run to a bundle folder, and open that.

    `steps` becomes the default number of sampler steps; if None, it is the number that the U-Net
    was fitted to, or 4. `terms` go into the manifest.

    Raises ExportError when the run has not finished, has no events, or was not trained on the
    chip's grid, CheckpointError for a damaged one, OutputError when the folder exists and
    `overwrite` is off, or it holds something other than a bundle.
    """
    checkpoint = checkpoints.load(run)
    config = checkpoint.config
    _require_finished(run, checkpoint)
    if steps is not None and not config.diffusion_stage.steps:
        raise ExportError(f"{run}: has no diffusion decoder to take {steps} steps; omit steps")
    model = Model(config)
    model.load_state_dict(checkpoint.part("model"))
    for context in (model.before, model.after):
        if context is not None:
            context.extend(*config.sparsity.mu)
    with bundle_folder(folder, overwrite) as made:
        manifest = _manifest_of(checkpoint, steps or _steps_of(config), terms)
        _write(model.eval(), manifest, made, progress or (lambda _: None))
    return open_bundle(folder)


def _require_finished(run: Path, checkpoint: Checkpoint[Config]) -> None:
    config = checkpoint.config
    last = stages_of(config)[-1]
    if checkpoint.stage != last.name or checkpoint.step < last.schedule.steps:
        raise ExportError(
            f"{run}: stopped at step {checkpoint.step} of stage {checkpoint.stage!r}; "
            "finish it first: spiking-music train --resume"
        )
    if config.code.kind not in KINDS:
        raise ExportError(
            f"{run}: {config.code.kind} has no events; train one of {', '.join(KINDS)}"
        )
    recurrent = any(getattr(trunk, "lstm", 0) for trunk in (config.encoder, config.waveform))
    if not config.code.on_grid or recurrent:
        raise ExportError(
            f"{run}: only a code trained on the chip's grid without LSTM has an exact export; "
            "train with code.on_grid=true and lstm=0"
        )


def _write(
    model: Model, manifest: dict[str, Any], folder: Path, progress: Callable[[float], None]
) -> None:
    units, with_mu = int(manifest["units"]), model.kind == "MU_SPARSE"
    layers = _frozen(model.bottleneck)
    encoder = onnx_graphs.deployed_encoder(model, layers)
    waveform, unet = onnx_graphs.deployed_waveform(model), onnx_graphs.deployed_unet(model)
    stages = manifest["training"]["steps"]
    onnx_graphs.export_encoder(encoder, folder / ENCODER, with_mu)
    progress(0.25)
    if model.unet.on_residual or not stages.keys() <= {"diffusion", "few"}:
        onnx_graphs.export_waveform(waveform, units, folder / DECODER_FAST, with_mu)
    progress(0.4)
    if stages.keys() != {"codes"}:
        onnx_graphs.export_unet(unet, units, folder / DECODER, with_mu)
    progress(0.95)
    _write_bottleneck(layers, folder)
    operations = _operations(units, with_mu, encoder, waveform, unet)
    write_manifest(folder, {**manifest, "operations": operations})
    bundle = open_bundle(folder)
    probe = make_probe(bundle)
    write_evidence(bundle, probe, certify(bundle, probe, CERTIFIED))
    progress(1.0)


def _frozen(bottleneck: nn.Module) -> tuple[ExactLayer, ...]:
    if isinstance(bottleneck, Inhibition):
        return bottleneck.freeze()
    assert isinstance(bottleneck, Bottleneck)
    return freeze(bottleneck).exact


def _write_bottleneck(layers: Sequence[ExactLayer], folder: Path) -> None:
    write_graph(exact_graph(layers), folder / EXACT)
    write_graph(portable_graph(layers), folder / PORTABLE)
    if len(layers) == 1:  # netx holds chains only, and groups hear all those before them
        write_netx(network_of(layers), folder / NETX)


def _steps_of(config: Config) -> int:
    return max(config.few_stage.sampler_steps) if config.few_stage.steps else UNFITTED_STEPS


def _manifest_of(checkpoint: Checkpoint[Config], steps: int, terms: Terms) -> dict[str, Any]:
    config = checkpoint.config
    stages = {stage.name: stage.schedule for stage in stages_of(config)}
    overrides = " ".join(f"--set {name}_stage.steps={s.steps}" for name, s in stages.items())
    context = context_frames(config.encoder, config.waveform)
    if config.code.has_context:
        context += reach_frames(config.conformer)
    return {
        "name": config.name,
        "kind": config.code.kind,
        "units": config.code.units,
        "latent": config.code.latent + (CHANNELS if config.code.hears_price else 0),
        "hop": HOP,
        "sample_rate": SAMPLE_RATE,
        "chunk_frames": CLIP_FRAMES,
        "context_frames": context,
        "payload_bits": PAYLOAD_BITS,
        "decoder": {
            "default": "fast" if list(stages) == ["codes"] else "diffusion",
            "steps": steps,
            "spectrum": list(config.unet.spectrum),
            "residual_gain": config.unet.residual_gain,
            "context_frames": OVERLAP_FRAMES,
        },
        "licence": terms.licence,
        "attribution": terms.attribution,
        "training": {
            "command": f"spiking-music train {config.name} RUN --data {checkpoint.data} "
            + overrides,
            "data": checkpoint.data,
            "config": to_dict(config),
            "steps": {name: stage.steps for name, stage in stages.items()},
            "audio_seconds": {
                name: round(stage.steps * stage.batch * stage.samples / SAMPLE_RATE)
                for name, stage in stages.items()
            },
        },
        "quality": {},
    }


def _operations(
    units: int, with_mu: bool, encoder: nn.Module, waveform: nn.Module, unet: nn.Module
) -> dict[str, int]:
    events = torch.zeros(1, units, COUNTED_FRAMES)
    sound, sigma, mu = torch.zeros(1, 1, HOP * COUNTED_FRAMES), torch.zeros(1), torch.tensor([16])
    last = (mu,) if with_mu else ()
    return {
        "encoder_macs_per_frame": _macs(encoder, sound, *last),
        "decoder_fast_macs_per_frame": _macs(waveform, events, *last),
        "decoder_macs_per_frame_per_step": _macs(unet, sound, sigma, events, sound, *last),
    }


def _macs(module: nn.Module, *inputs: Tensor) -> int:
    """Multiply-accumulates per frame in convolutions and linear maps, counted in a run of torch."""
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        module(*inputs)
    return round(counter.get_total_flops() / 2 / COUNTED_FRAMES)
