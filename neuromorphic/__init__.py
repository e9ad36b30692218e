"""Chips: integer arithmetic, NIR graphs, Lava simulation, counts and energy. Never torch."""
