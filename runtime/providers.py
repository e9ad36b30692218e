"""What computes the graphs: the execution providers of ONNX Runtime that are here."""

import ctypes
from typing import Any, Final

from runtime.errors import SpikingMusicError

# By preference. OpenVINO has to be asked for, since it is slower where lengths may change.
PROVIDERS: Final = {
    "cuda": "CUDAExecutionProvider",
    "cpu": "CPUExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
# The same sound on every machine, to 1e-3, needs whole float32 products.
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "cuda": {"use_tf32": 0, "cudnn_conv_algo_search": "DEFAULT"},
    "openvino": {"precision": "ACCURACY"},
}


def chosen_provider(name: str | None = None) -> str:
    """Return `name`, one of `PROVIDERS`, or without one `cuda` where it works and else `cpu`.

    Raises `SpikingMusicError` when it is unknown, or not a part of the ONNX Runtime installed.
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
    """Return what a session is opened with: the provider and, for what it cannot do, the CPU."""
    both = dict.fromkeys((name, "cpu"))
    return [(PROVIDERS[one], _OPTIONS.get(one, {})) for one in both]


def _has_gpu() -> bool:
    # A runtime that was built for CUDA says so even where there is no GPU.
    try:
        return ctypes.CDLL("libcuda.so.1").cuInit(0) == 0
    except OSError:
        return False
