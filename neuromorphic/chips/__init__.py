"""Chip descriptions: figures, each with its source and evidence, and integer widths."""
