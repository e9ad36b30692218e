import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from train.config import Rvq, load_preset
from train.networks.rvq import ResidualQuantiser

CONFIG = Rvq(quantisers=4, codes=16, decay=0.9, commitment=1.0)
CHANNELS = 6
SEEDS = st.integers(0, 10**6)


def latent_of(seed: int, batch: int = 3, frames: int = 40) -> Tensor:
    return torch.randn(batch, CHANNELS, frames, generator=torch.Generator().manual_seed(seed))


def trained(seed: int, steps: int = 5) -> ResidualQuantiser:
    """A quantiser that has seen some batches, the first of seed `seed`; in evaluation mode."""
    quantiser = ResidualQuantiser(CHANNELS, CONFIG)
    for step in range(steps):
        quantiser(latent_of(seed + step))
    return quantiser.eval()


def stages(quantiser: ResidualQuantiser, indices: Tensor) -> Tensor:
    """The sum of the first, the first two, ... codes that indices name: `(Q, B, M, T)`."""
    codes = [book.vectors()[indices[:, q]] for q, book in enumerate(quantiser.codebooks)]
    return torch.stack(codes).cumsum(0).transpose(2, 3)


@given(SEEDS)
@settings(max_examples=15)
def test_each_stage_lowers_what_is_left(seed: int) -> None:
    quantiser = trained(seed, steps=1)
    latent = latent_of(seed)
    sums = stages(quantiser, quantiser(latent).indices)
    left = [latent.square().mean().item(), *(latent - sums).square().mean((1, 2, 3)).tolist()]
    assert all(later < earlier for earlier, later in pairwise(left))


@given(SEEDS, st.integers(1, 4), st.integers(1, 30))
@settings(max_examples=15)
def test_indices_reproduce_the_latent(seed: int, batch: int, frames: int) -> None:
    quantiser = trained(seed)
    quantised = quantiser(latent_of(seed + 1, batch, frames))
    assert quantised.indices.shape == (batch, CONFIG.quantisers, frames)
    assert quantised.indices.min() >= 0
    assert quantised.indices.max() < CONFIG.codes
    torch.testing.assert_close(quantised.latent, stages(quantiser, quantised.indices)[-1])


@given(SEEDS)
@settings(max_examples=15)
def test_every_stage_takes_the_nearest_code(seed: int) -> None:
    quantiser = trained(seed)
    latent = latent_of(seed + 9)
    indices = quantiser(latent).indices
    sums = torch.cat([torch.zeros_like(latent)[None], stages(quantiser, indices)])
    for q, book in enumerate(quantiser.codebooks):
        distances = torch.cdist((latent - sums[q]).transpose(1, 2), book.vectors()[None])
        chosen = distances.gather(2, indices[:, q, :, None])
        torch.testing.assert_close(chosen, distances.amin(2, keepdim=True), atol=1e-3, rtol=1e-3)


@given(SEEDS)
@settings(max_examples=15)
def test_gradients_pass_straight_through(seed: int) -> None:
    quantiser, latent = trained(seed), latent_of(seed).requires_grad_()
    slope = latent_of(seed + 1)
    (quantiser(latent).latent * slope).sum().backward()
    assert latent.grad is not None
    torch.testing.assert_close(latent.grad, slope)


@given(SEEDS, st.booleans())
@settings(max_examples=15)
def test_every_stages_commitment_draws_the_latent_and_nothing_else(
    seed: int, training: bool
) -> None:
    """Its gradient is the sum of what each stage leaves, as if no stage knew of the others."""
    quantiser, latent = trained(seed), latent_of(seed).requires_grad_()
    indices = quantiser(latent).indices
    left = latent.detach() - stages(quantiser, indices)
    quantised = quantiser.train(training)(latent)
    assert quantised.commitment.item() == pytest.approx(left.square().mean().item(), rel=1e-4)
    quantised.commitment.backward()
    expected = 2 * left.sum(0) / (CONFIG.quantisers * latent.numel())
    assert latent.grad is not None
    torch.testing.assert_close(latent.grad, expected, atol=1e-7, rtol=1e-4)
    assert not list(quantiser.parameters())
    assert not any(buffer.requires_grad for buffer in quantiser.buffers())


def test_the_first_training_batch_places_the_codes_and_the_second_only_moves_them() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = 100 * torch.randn(CHANNELS, 4, generator=generator)
    latent = (
        centres[None].repeat(2, 1, 25) + torch.randn(2, CHANNELS, 100, generator=generator)
    ) + 5
    quantiser = ResidualQuantiser(CHANNELS, CONFIG)
    codebook = quantiser.codebooks[0]
    assert codebook.vectors().abs().max() == 0
    quantiser(latent)
    placed = codebook.vectors()
    frames = latent.transpose(1, 2).flatten(0, 1)
    # Every centre has codes of its own: what is left is the noise around the centres.
    assert torch.cdist(frames, placed).amin(1).square().mean() < CHANNELS
    quantiser(latent + 10)
    shift = (codebook.vectors() - placed).abs().amax(1)
    assert shift.median() < 2 * (1 - CONFIG.decay) * 10


def test_codes_settle_on_the_means_of_what_chose_them() -> None:
    generator = torch.Generator().manual_seed(1)
    centres = 10 * torch.randn(CHANNELS, 4, generator=generator)
    quantiser = ResidualQuantiser(CHANNELS, CONFIG)
    for _ in range(100):
        noise = 0.1 * torch.randn(2, CHANNELS, 100, generator=generator)
        quantiser(centres[None].repeat(2, 1, 25) + noise)
    distances = torch.cdist(centres.T, quantiser.codebooks[0].vectors())
    assert distances.amin(1).max() < 0.3


def test_dead_codes_are_revived() -> None:
    quantiser = trained(0, steps=1).train()
    codebook = quantiser.codebooks[0]
    codebook.sums[3] = 1000 * codebook.counts[3]
    for step in range(60):
        quantiser(latent_of(step))
    assert codebook.vectors().norm(dim=1).max() < 10
    used = torch.cat([quantiser(latent_of(step)).indices[:, 0].flatten() for step in range(9)])
    assert set(used.tolist()) == set(range(CONFIG.codes))


def test_a_batch_of_one_value_does_no_harm() -> None:
    quantiser = ResidualQuantiser(CHANNELS, CONFIG)
    for _ in range(30):
        quantiser(torch.zeros(1, CHANNELS, 2))
    assert all(torch.isfinite(buffer).all() for buffer in quantiser.buffers())
    for step in range(60):
        quantiser(latent_of(step))
    latent = latent_of(0)
    assert (quantiser.eval()(latent).latent - latent).square().mean() < 0.3


@given(SEEDS, st.booleans())
@settings(max_examples=10)
def test_evaluation_changes_nothing(seed: int, started: bool) -> None:
    quantiser = trained(seed) if started else ResidualQuantiser(CHANNELS, CONFIG).eval()
    before = {name: buffer.clone() for name, buffer in quantiser.state_dict().items()}
    latent = latent_of(seed)
    first, second = quantiser(latent), quantiser(latent)
    assert torch.equal(first.latent, second.latent)
    assert torch.isfinite(first.latent).all()
    for name, buffer in quantiser.state_dict().items():
        assert torch.equal(buffer, before[name])


@given(SEEDS)
@settings(max_examples=10)
def test_clips_are_quantised_apart(seed: int) -> None:
    quantiser, latent = trained(seed), latent_of(seed + 3)
    together = quantiser(latent).indices
    apart = torch.cat([quantiser(clip[None]).indices for clip in latent])
    # Sums of another length may round otherwise, where two codes are equally near.
    assert (together != apart).float().mean() < 0.01


@given(SEEDS)
@settings(max_examples=10)
def test_the_state_says_all_and_no_other_randomness_enters(seed: int) -> None:
    whole = trained(seed, steps=8)
    torch.manual_seed(seed)
    state = torch.get_rng_state()
    halted = trained(seed, steps=5)
    resumed = ResidualQuantiser(CHANNELS, CONFIG)
    resumed.load_state_dict(halted.state_dict())
    for step in range(5, 8):
        resumed(latent_of(seed + step))
    assert torch.equal(torch.get_rng_state(), state)
    for name, buffer in resumed.state_dict().items():
        assert torch.equal(buffer, whole.state_dict()[name])


def test_the_papers_quantiser_spends_the_bits_of_its_events() -> None:
    preset = load_preset("paper")
    assert preset.rvq.quantisers * math.log2(preset.rvq.codes) == preset.code.units


def test_mixed_precision_changes_no_code() -> None:
    quantiser, latent = trained(2), latent_of(7)
    expected = quantiser(latent)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = quantiser(latent)
        quantiser.train()(latent.bfloat16())
    assert torch.equal(mixed.indices, expected.indices)
    torch.testing.assert_close(mixed.latent, expected.latent)
