"""What computes the graphs: the execution providers of the installed ONNX Runtime."""

import ctypes
from typing import Any, Final, Literal

from runtime.errors import SpikingMusicError

ProviderName = Literal["cuda", "cpu", "openvino"]
# In order of preference. OpenVINO must be asked for, since it is slower when lengths change.
PROVIDERS: Final = {
    "cuda": "CUDAExecutionProvider",
    "cpu": "CPUExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
# To give the same sound on every machine, within 1e-3, products must be full float32 (no TF32).
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "cuda": {"use_tf32": 0, "cudnn_conv_algo_search": "DEFAULT"},
    "openvino": {"precision": "ACCURACY"},
}


def chosen_provider(name: str | None = None) -> str:
    """Return `name`, one of `PROVIDERS`; for None, `cuda` if it works, else `cpu`.

    Raises `SpikingMusicError` when it is unknown, or the installed ONNX Runtime does not have it.
    """
    import onnxruntime

    there = onnxruntime.get_available_providers()
    if name is None:
        return "cuda" if PROVIDERS["cuda"] in there and _has_gpu() else "cpu"
    if name not in PROVIDERS:
        raise SpikingMusicError(f"provider {name!r}: choose one of {', '.join(PROVIDERS)}")
    if PROVIDERS[name] not in there:
        raise SpikingMusicError(
            f"provider {name}: this ONNX Runtime has {', '.join(there)}; install the package of "
            "ONNX Runtime that has it, or omit --provider"
        )
    return name


def provider_list(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the providers to open a session with: this one, and the CPU for what it cannot do."""
    both = dict.fromkeys((name, "cpu"))
    return [(PROVIDERS[one], _OPTIONS.get(one, {})) for one in both]


def _has_gpu() -> bool:
    # A runtime built for CUDA lists it even if there is no GPU.
    try:
        return ctypes.CDLL("libcuda.so.1").cuInit(0) == 0
    except OSError:
        return False
