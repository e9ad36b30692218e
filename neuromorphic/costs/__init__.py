"""What a run costs: operations counted, priced, and added up to a bill."""
