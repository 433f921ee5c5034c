"""Is no image lost when programs are killed? `python -m benchmarks.chaos` measures it."""
