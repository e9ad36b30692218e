import onnxruntime
import pytest

from runtime import providers
from runtime.errors import SpikingMusicError
from runtime.providers import PROVIDERS, chosen_provider, provider_list


@pytest.mark.parametrize(
    ("there", "gpu", "chosen"),
    [
        (("cpu",), True, "cpu"),
        (("cuda", "cpu"), True, "cuda"),
        (("cuda", "cpu"), False, "cpu"),
        (("openvino", "cpu"), False, "cpu"),
    ],
)
def test_the_choice_is_by_what_is_there(
    monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...], gpu: bool, chosen: str
) -> None:
    names = [PROVIDERS[name] for name in there]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    monkeypatch.setattr(providers, "_has_gpu", lambda: gpu)
    assert chosen_provider() == chosen
    for name in there:
        assert chosen_provider(name) == name


@pytest.mark.parametrize("name", ["openvino", "cuda", "abacus"])
def test_what_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [PROVIDERS["cpu"]])
    with pytest.raises(SpikingMusicError, match=name):
        chosen_provider(name)


def test_the_cpu_does_what_another_cannot() -> None:
    assert [name for name, _ in provider_list("cpu")] == [PROVIDERS["cpu"]]
    assert [name for name, _ in provider_list("cuda")] == [PROVIDERS["cuda"], PROVIDERS["cpu"]]
