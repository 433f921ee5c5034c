"""Shards over HTTP: how the page server keeps and serves them by their digest, and how the command line gets them."""
