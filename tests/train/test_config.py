import re
from pathlib import Path

import pytest

from runtime.errors import ConfigError
from train.config import PRESETS, Spectral, from_dict, load_preset, to_dict


def test_settings_that_do_not_know_the_stage_of_few_steps_have_none() -> None:
    tree = to_dict(load_preset("small"))
    del tree["few_stage"]
    assert from_dict(tree).few_stage.steps == 0
    with pytest.raises(ConfigError, match="sampler_steps"):
        load_preset("tiny", ["few_stage.sampler_steps=[]"])


@pytest.mark.parametrize("name", ["tiny", "small", "paper", "spectral"])
def test_a_preset_survives_its_dictionary(name: str) -> None:
    config = load_preset(name)
    assert from_dict(to_dict(config)) == config
    assert config.name == name


def test_an_override_changes_one_value_of_the_same_type() -> None:
    config = load_preset("tiny", ["codes_stage.steps=7", "unet.items=[1,1]", "name=other"])
    assert (config.codes_stage.steps, config.unet.items, config.name) == (7, (1, 1), "other")


@pytest.mark.parametrize(
    "override",
    [
        "codes_stage.stepz=7",
        "codes_stage.steps",
        "codes_stage.steps=1.5",
        "code.units=many",
        "a.b=1",
    ],
)
def test_an_override_that_does_not_fit_is_refused(override: str) -> None:
    with pytest.raises(ConfigError):
        load_preset("tiny", [override])


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("codes_stage.stepz=7", "codes_stage.stepz=7"),
        ("code.kind=FRE", "choose one of FREE, SPARSE, MU_SPARSE, RVQ, MEL"),
        ("sparsity.mu=[6, 32]", "sparsity.mu [6, 32]: give the lowest and the highest, of 0..31"),
        ("sparsity.mu=[9, 6]", "sparsity.mu [9, 6]"),
        ("joint_stage.samples=5120", "and a multiple of 2048 samples"),
        ("codes_stage.batch=0", "codes_stage: 40 steps of 0 crops"),
        ("code.on_grid=3", "preset.code.on_grid: 3 is not of type bool"),
    ],
)
def test_a_misfit_is_named_in_one_line(override: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)) as caught:
        load_preset("tiny", [override])
    assert "\n" not in str(caught.value)


def test_a_preset_file_may_lie_anywhere_and_is_named_when_it_is_damaged(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    text = (PRESETS / "tiny.toml").read_text()
    own.write_text(text.replace('name = "tiny"', 'name = "own"'))
    assert load_preset(str(own)).name == "own"
    for damaged, said in (
        (text.partition("[joint_stage]")[0], "missing or unknown"),
        (text + "\nunknown = 1\n", "unknown"),
        ("]", "not valid TOML"),
    ):
        own.write_text(damaged)
        with pytest.raises(ConfigError, match=said):
            load_preset(str(own))


def test_an_unknown_preset_names_those_that_exist() -> None:
    with pytest.raises(ConfigError, match="paper, small, spectral, tiny"):
        load_preset("huge")


def test_the_paper_has_the_papers_sizes() -> None:
    config = load_preset("paper")
    assert config.unet.channels == (8, 32, 64, 128, 256, 512, 512, 1024, 1024)
    assert config.unet.factors == (1, 4, 4, 4, 2, 2, 2, 2, 2)
    assert (config.code.units, config.diffusion_stage.batch) == (80, 32)
    assert (config.diffusion_stage.samples, config.diffusion_stage.steps) == (2**17, 1_000_000)


def test_the_spectral_preset_has_a_trunk_at_the_frame_rate() -> None:
    config = load_preset("spectral")
    assert isinstance(config.encoder, Spectral)
    assert isinstance(config.waveform, Spectral)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("encoder.kind=wavelet", "encoder.kind: 'wavelet' is not one of seanet, spectral"),
        ("encoder.window=1024", "encoder.window 1024: give a multiple of 512, 2048 or more"),
        ("code.groups=7", "80 units in 7 groups"),
        ("code.kind=RVQ", "code.groups 8: only codes of events on the grid have groups"),
    ],
)
def test_a_spectral_trunk_and_its_groups_are_checked(override: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_preset("spectral", [override])
