"""The certificate that the shipped LAPPED bundle brings."""

import json
from pathlib import Path

from runtime.bundle import CERTIFICATE, open_bundle


def test_it_is_of_these_units_and_holds() -> None:
    bundle = open_bundle(Path("lapped"))
    found = json.loads(bundle.file(CERTIFICATE).read_text())
    assert found["holds"]
    assert found["files"].items() <= bundle.manifest.files.items()
    rows = {row["name"]: row["wrong"] for row in found["rows"]}
    wanted = ("runtime", "torch", "onnx", "nir", "nir-lif", "lava", "netx", "snntorch")
    assert all(rows[name] == 0 for name in wanted)
