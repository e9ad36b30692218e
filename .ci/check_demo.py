"""Check what `make demo` left in a folder: every file is there, whole, and says what it should."""

import json
import sys
from math import isfinite
from pathlib import Path

import soundfile


def main(folder: Path) -> None:
    report = json.loads((folder / "report.json").read_text())
    audio, wrong = report["audio"], report["wrong_bits"]
    sounds = [soundfile.info(folder / name) for name in ("decoded.wav", "small.wav")]
    page = (folder / "report.html").read_text()

    for decoded in sounds:
        assert decoded.frames == audio["samples"], (decoded.frames, audio)
        assert decoded.samplerate == audio["sample_rate"] == 22_050
    first = report["first"]
    assert first["name"] == "lapped", first
    assert (folder / "piece.spk").stat().st_size == first["bytes"]
    assert first["si_snr_db"] > report["quality"]["si_snr_db"], first
    assert (folder / "small.spk").stat().st_size == report["file"]["bytes"]
    assert report["file"]["kbps"] > report["rate"]["bound_kbps"] * 0.5 > 0
    assert report["rate"]["paper_kbps"] > 0
    assert 0 < report["events"]["density"] < 1
    assert isfinite(report["quality"]["si_snr_db"])
    assert report["reference"] == "torch", report["reference"]
    assert wrong["compared"] == 80 * -(-audio["samples"] // 512), wrong
    assert wrong["integer"] == wrong["lava"] == wrong["nir"], wrong
    assert wrong["onnx"] <= wrong["compared"] * 1e-4, wrong
    for chip, energy in report["energy"].items():
        priced = energy["mid_j"] is not None
        assert priced != bool(energy["refused"]), (chip, energy)
        assert not priced or 0 < energy["low_j"] <= energy["mid_j"] <= energy["high_j"], chip
    system = report["system"]
    assert not system["refused"], system["refused"]
    assert system["coverage"]["unknown"] == 0 < system["coverage"]["counted"], system["coverage"]
    assert 0 < system["total"]["low_j"] <= system["total"]["mid_j"] <= system["total"]["high_j"]
    assert abs(sum(part["share"] for part in system["parts"]) - 1) < 1e-9
    assert 0 < system["spiking"]["joules_share"] < 1
    assert page.count("<audio") == 4
    assert 'src="http' not in page
    print(f"demo: {folder} is whole; {wrong['compared']} bits compared, wrong: {wrong}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
