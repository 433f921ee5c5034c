"""How fast do large messages reach a browser? `python -m benchmarks.relay` measures it."""
