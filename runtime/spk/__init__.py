"""The `.spk` file, block by block; `docs/spk-format.md` is the format on one page."""
