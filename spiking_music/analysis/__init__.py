"""The room that asks what the units mean: which events follow which notes."""
