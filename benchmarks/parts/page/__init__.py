"""Parts of `benchmarks.viewer` and `benchmarks.fit`: a page in a browser, its server, and what it shows."""
