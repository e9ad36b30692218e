import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.decoders.samplers import DDIM, levels, sampled
from train.config import Config, Schedule, load_preset
from train.networks.model import Model
from train.stages import (
    Batch,
    Network,
    code_losses,
    draw,
    learning_rate,
    sampled_in_few,
    sound_losses,
    stages_of,
    velocity_loss,
)

TINY = load_preset("tiny")


def config_of(micro: tuple[str, ...], *changes: str) -> Config:
    return load_preset("tiny", [*micro, *changes])


def test_stages_without_steps_are_left_out(micro: tuple[str, ...]) -> None:
    names = {
        "": "codes diffusion joint",
        "joint_stage.steps=0": "codes diffusion",
        "few_stage.steps=1": "codes diffusion joint few",
    }
    for change, expected in names.items():
        found = stages_of(config_of(micro, *([change] if change else [])))
        assert " ".join(stage.name for stage in found) == expected


def test_diffusion_after_the_codes_leaves_them_alone_and_without_them_is_end_to_end(
    micro: tuple[str, ...],
) -> None:
    _, two_stage, joint = stages_of(config_of(micro))
    assert two_stage.modules == ("unet",)
    assert not two_stage.trains_code
    assert joint.trains_code
    (alone, _) = stages_of(config_of(micro, "codes_stage.steps=0"))
    assert alone.name == "diffusion"
    assert alone.trains_code
    assert "waveform" not in alone.modules


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 4]))
@settings(max_examples=20)
def test_the_shares_of_all_processes_are_the_draw_of_one(step: int, processes: int) -> None:
    whole = draw(torch.zeros(4, 1, 32), TINY, step, 4, 0)
    each = 4 // processes
    shares = [draw(torch.zeros(each, 1, 32), TINY, step, 4, rank) for rank in range(processes)]
    for name in ("mu", "sigma", "noise"):
        joined = torch.cat([getattr(share, name) for share in shares])
        assert torch.equal(joined, getattr(whole, name))


@given(st.integers(0, 10**6), st.integers(1, 16))
@settings(max_examples=20)
def test_draws_lie_in_their_ranges_and_levels_are_spread(step: int, batch: int) -> None:
    drawn = draw(torch.zeros(batch, 1, 8), TINY, step, batch, 0)
    low, high = TINY.sparsity.mu
    assert low <= drawn.mu.min() <= drawn.mu.max() <= high
    level = drawn.sigma.sort().values
    gaps = torch.diff(level, append=level[:1] + 1)
    torch.testing.assert_close(gaps, torch.full((batch,), 1 / batch), atol=1e-5, rtol=0)


def test_draws_differ_from_step_to_step_and_from_seed_to_seed() -> None:
    audio = torch.zeros(2, 1, 64)
    first = draw(audio, TINY, 0, 2, 0)
    for other in (
        draw(audio, TINY, 1, 2, 0),
        draw(audio, load_preset("tiny", ["seed=1"]), 0, 2, 0),
    ):
        assert not torch.equal(first.noise, other.noise)


@given(st.integers(0, 10**6))
@settings(max_examples=50)
def test_a_path_comes_down_the_levels_of_one_of_the_samplers(step: int) -> None:
    path = draw(torch.zeros(2, 1, 8), TINY, step, 2, 0).path.tolist()
    assert path in [levels(steps)[:length] for steps in (1, 2, 4) for length in range(1, steps + 1)]


def test_all_paths_are_drawn() -> None:
    paths = [draw(torch.zeros(1, 1, 8), TINY, step, 1, 0).path.tolist() for step in range(200)]
    assert len(set(map(tuple, paths))) == 1 + 1 + 3  # [1], [1, 1/2], [1, 3/4], ...


def test_a_path_is_that_of_the_runtimes_sampler(micro: tuple[str, ...]) -> None:
    config = config_of(micro, "code.units=16")
    model, audio = Model(config).eval(), 0.1 * torch.randn(1, 1, 4096)
    with torch.no_grad():
        heard = model.code(audio, torch.zeros(1).long()).heard
        sound, base = model.begun(heard)
        noise = torch.randn_like(audio)

        def velocity(sample: np.ndarray, sigma: float) -> np.ndarray:
            return model.unet(torch.from_numpy(sample), torch.tensor([sigma]), heard, base).numpy()

        made = torch.from_numpy(sampled(DDIM(4), velocity, noise.numpy()))
        expected = model.restored(made, sound)
        found = sampled_in_few(model, heard, noise, torch.tensor(levels(4)[:-1]))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["FREE", "MU_SPARSE", "RVQ"])
def test_each_stage_has_the_losses_of_what_it_trains(micro: tuple[str, ...], kind: str) -> None:
    config = config_of(micro, f"code.kind={kind}", "few_stage.steps=1")
    model = Model(config)
    batch = draw(0.1 * torch.randn(2, 1, 4096), config, 0, 2, 0)
    found = {}
    for stage in stages_of(config):
        outputs = Network(model, stage)(batch.audio, batch.mu, batch.sigma, batch.noise, batch.path)
        found[stage.name] = sound_losses(batch, outputs) | velocity_loss(outputs)
        code = code_losses(config, batch, outputs, 0.5)
        assert code.keys() == {"FREE": set(), "MU_SPARSE": {"price"}, "RVQ": {"commitment"}}[kind]
    assert {name: set(losses) for name, losses in found.items()} == {
        "codes": {"noise", "mel"},
        "diffusion": {"velocity"},
        "joint": {"noise", "mel", "velocity"},
        "few": {"noise", "mel"},
    }


def test_the_price_has_its_weight_and_is_gone_without_one(micro: tuple[str, ...]) -> None:
    config = config_of(micro, "code.kind=SPARSE", "sparsity.budget_kbps=0.0")
    zeros = torch.zeros(2)
    sound = torch.zeros(2, 1, 512)
    batch = Batch(sound, zeros.long(), zeros, sound, torch.ones(1))
    outputs = {"events": torch.rand(2, 6, 8).round()}
    one, three = (code_losses(config, batch, outputs, weight)["price"] for weight in (1.0, 3.0))
    assert three.item() == pytest.approx(3 * one.item())
    assert one.item() > 0
    assert code_losses(config, batch, outputs, 0.0) == {}


@given(st.integers(1, 5000))
def test_the_learning_rate_warms_up_then_falls_to_zero(steps: int) -> None:
    stage = Schedule(steps=steps, settle=steps, batch=1, samples=512, learning_rate=0.1, ema=0.9)
    rates = [learning_rate(stage, step) for step in range(steps)]
    assert 0 < rates[0] <= 0.1 / 100 + 1e-9
    assert max(rates) <= 0.1
    after = rates[100:]
    assert after == sorted(after, reverse=True)
    assert learning_rate(stage, steps) == pytest.approx(0, abs=1e-12)


def test_the_velocity_of_a_quiet_clip_weighs_as_that_of_a_loud_one() -> None:
    velocity = torch.randn(2, 1, 64) * torch.tensor([1.0, 1e-3]).view(2, 1, 1)
    outputs = {"velocity": velocity, "predicted": 0.5 * velocity}
    assert velocity_loss(outputs)["velocity"].item() == pytest.approx(0.25, rel=1e-4)
