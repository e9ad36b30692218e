import pytest

from train.config import ConfigError, from_dict, load_preset, to_dict


@pytest.mark.parametrize("name", ["tiny", "paper"])
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


def test_an_unknown_preset_names_those_that_exist() -> None:
    with pytest.raises(ConfigError, match="paper, tiny"):
        load_preset("huge")


def test_the_paper_has_the_papers_sizes() -> None:
    config = load_preset("paper")
    assert config.unet.channels == (8, 32, 64, 128, 256, 512, 512, 1024, 1024)
    assert config.unet.factors == (1, 4, 4, 4, 2, 2, 2, 2, 2)
    assert (config.code.units, config.diffusion_stage.batch) == (80, 32)
    assert (config.diffusion_stage.samples, config.diffusion_stage.steps) == (2**17, 1_000_000)
