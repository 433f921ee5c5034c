"""Parts of `benchmarks.coverage`: the clouds to judge, seeded holes, and advice that is followed."""
