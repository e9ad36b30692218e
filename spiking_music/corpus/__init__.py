"""Encode many recordings: a folder or a list of them becomes a folder of `.spk` files."""
