"""What happens to a whole project? It is backed up, restored, imported from its images, and removed."""
