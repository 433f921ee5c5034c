"""What was before: past events and past generations of a project."""
