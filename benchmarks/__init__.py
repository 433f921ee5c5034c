"""The figures: one script each, peers measured in the same run."""
