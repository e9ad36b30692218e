import pytest
import torch

from train.config import KINDS, Config, load_preset
from train.networks.model import Model
from train.stages import Network, code_losses, draw, sound_losses, stages_of, velocity_loss

FRAMES = 8
SPECTRUM = "unet.spectrum=[6.0, 0.0, -12.0, -30.0]"


def config_of(micro: tuple[str, ...], kind: str, *changes: str) -> Config:
    return load_preset("tiny", [*micro, f"code.kind={kind}", *changes])


def sound(batch: int = 2) -> torch.Tensor:
    return 0.3 * torch.randn(batch, 1, 512 * FRAMES)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_heard_has_a_frame_a_hop_and_decodes_to_as_many_samples(
    micro: tuple[str, ...], kind: str
) -> None:
    config = config_of(micro, kind)
    model, audio, mu = Model(config).eval(), sound(), torch.tensor([3, 30])
    coded = model.code(audio, mu)
    heard = {"FREE": config.code.units, "MEL": 160}.get(kind, config.code.latent)
    units = 0 if kind in ("RVQ", "MEL") else config.code.units
    assert coded.heard.shape == (2, heard, FRAMES)
    assert coded.events.shape == (2, units, FRAMES)
    assert set(coded.events.unique().tolist()) <= {0.0, 1.0}
    assert coded.commitment.shape == ()
    assert model.waveform(coded.heard).shape == audio.shape
    base, target = model.residual(audio, coded.heard)
    assert base.shape == target.shape == audio.shape
    velocity = model.unet(target, torch.tensor([0.1, 0.9]), coded.heard, base)
    assert velocity.shape == audio.shape


@pytest.mark.parametrize("kind", KINDS)
def test_every_trained_parameter_of_every_stage_gets_a_gradient(
    micro: tuple[str, ...], kind: str
) -> None:
    config = config_of(micro, kind, "code.units=16")
    for change in (("few_stage.steps=1",), ("codes_stage.steps=0",)):
        config = config_of(micro, kind, "code.units=16", *change)
        model = Model(config)
        for stage in stages_of(config):
            model.requires_grad_(False).eval()
            for name in stage.modules:
                module = getattr(model, name)
                if module is not None:
                    module.requires_grad_(True).train()
            batch = draw(sound(4), config, 3, 4, 0)
            outputs = Network(model, stage)(
                batch.audio, batch.mu, batch.sigma, batch.noise, batch.path
            )
            losses = sound_losses(batch, outputs) | velocity_loss(outputs)
            if stage.trains_code:
                losses |= code_losses(config, batch, outputs, 1.0)
            model.zero_grad()
            sum(losses.values(), torch.zeros(())).backward()
            # torch's data-parallel training waits for those that get none.
            without = [
                name
                for name, parameter in model.named_parameters()
                if parameter.requires_grad and parameter.grad is None
            ]
            assert not without, (stage.name, without)
            frozen = [p for p in model.parameters() if not p.requires_grad]
            assert all(parameter.grad is None for parameter in frozen)


@pytest.mark.parametrize("kind", ["FREE", "MEL"])
@pytest.mark.parametrize("spectrum", ["unet.spectrum=[]", SPECTRUM])
def test_the_residual_and_its_restoration_are_inverse(
    micro: tuple[str, ...], kind: str, spectrum: str
) -> None:
    model, audio = Model(config_of(micro, kind, spectrum)).eval(), sound()
    with torch.no_grad():
        heard = model.code(audio, torch.tensor([8, 8])).heard
        base, target = model.residual(audio, heard)
        decoded, begun = model.begun(heard)
        assert torch.equal(begun, base)
        torch.testing.assert_close(model.restored(target, decoded), audio, atol=1e-4, rtol=1e-3)


def test_without_a_residual_the_unet_makes_the_sound_itself(micro: tuple[str, ...]) -> None:
    model, audio = Model(config_of(micro, "FREE", "unet.on_residual=false")).eval(), sound()
    heard = model.code(audio, torch.tensor([8, 8])).heard
    base, target = model.residual(audio, heard)
    assert torch.equal(target, audio)
    assert not base.any()
    assert torch.equal(model.restored(target, base), audio)


@pytest.mark.parametrize("kind", KINDS)
def test_mu_is_heard_by_mu_sparse_alone(micro: tuple[str, ...], kind: str) -> None:
    model, audio = Model(config_of(micro, kind)).eval(), sound(1)
    for context in (model.before, model.after):
        if context is not None and context.mu is not None:  # which begins as nothing
            torch.nn.init.normal_(context.mu.weight)
    one, other = (model.code(audio, torch.tensor([mu])).heard for mu in (2, 30))
    assert torch.equal(one, other) == (kind != "MU_SPARSE")


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_alone_says_where_a_model_begins(micro: tuple[str, ...], kind: str) -> None:
    torch.manual_seed(1)
    one = Model(config_of(micro, kind)).state_dict()
    torch.manual_seed(2)
    same = Model(config_of(micro, kind)).state_dict()
    other = Model(config_of(micro, kind, "seed=5")).state_dict()
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", KINDS)
def test_every_stage_runs_in_half_precision(micro: tuple[str, ...], kind: str) -> None:
    config = config_of(micro, kind)
    model = Model(config)
    for stage in stages_of(config):
        batch = draw(sound(), config, 0, 2, 0)
        with torch.autocast("cpu", torch.bfloat16):
            outputs = Network(model, stage)(
                batch.audio, batch.mu, batch.sigma, batch.noise, batch.path
            )
        losses = sound_losses(batch, outputs) | velocity_loss(outputs)
        assert all(torch.isfinite(loss) for loss in losses.values())
