"""One TOML file a chip: every figure with unit, range, evidence, scope and source. Data only."""
