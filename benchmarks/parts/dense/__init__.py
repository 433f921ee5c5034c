"""Parts of `benchmarks.dense`: the truth, and how far colours, rims and a refetch are from it."""
