"""Pictures of units and of listeners' ratings, in one style."""
