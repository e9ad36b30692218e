"""Pictures: one style for all of them, and those of units and of listeners' ratings."""
