"""What a run costs: counts, prices, bills."""
