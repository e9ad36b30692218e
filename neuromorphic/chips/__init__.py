"""What chips are: their figures, with source and evidence, and their arithmetic."""
