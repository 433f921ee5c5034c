"""A camera without hardware: known heritage objects, rendered with their exact truth."""
