"""The coder of levels in a lapped basis: which bins of a frame fire, how often, with which sign."""
