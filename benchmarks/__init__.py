"""The figures: one script each, peers measured in the same run."""

# Its environment must be set before torch or pycolmap are imported, which the scripts do in any order.
import reconstructor.engine  # noqa: F401
