"""Why is a PLY file of a black box refused? One error for each reason, with what to do."""

from broker.errors import CairnError


class UnreadablePlyError(CairnError):
    """Not a PLY, or not one with a point cloud."""

    code = "ply_unreadable"
    remedy = "Let the function write a point cloud as PLY; docs/black_box.md says which kinds are read."


class TruncatedPlyError(CairnError):
    """The file has fewer rows than the header announces."""

    code = "ply_truncated"
    remedy = "Let the function finish its file before it returns."


class EmptyPlyError(CairnError):
    """The file has no points."""

    code = "ply_empty"
    remedy = "Let the function leave a file out rather than write one without points."


class NotFinitePlyError(CairnError):
    """NaN or infinity among the coordinates."""

    code = "ply_not_finite"
    remedy = "Remove points with NaN or infinite coordinates."


class PlyTooLargeError(CairnError):
    """More points than `reconstructor.points_limit`."""

    code = "ply_too_large"
    remedy = "Write fewer points, or raise reconstructor.points_limit."
