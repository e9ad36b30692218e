"""Networks on chips: integer arithmetic, NIR graphs, Lava, counts, energy. Never imports torch."""
