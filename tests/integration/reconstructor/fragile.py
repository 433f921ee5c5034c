"""A reconstructor with a defect: an image called `poison` ends its process. `python -m tests.integration.reconstructor.fragile`."""

import os
from typing import Any

from cairn import main
from reconstructor.intake import receipts
from reconstructor.intake.validation import Taken, Upload, take_in


async def take_in_or_end(upload: Upload, *others: Any) -> Taken:
    """As the product's, but for one name."""
    if upload.name == "poison":
        os._exit(9)
    return await take_in(upload, *others)


if __name__ == "__main__":
    vars(receipts)["take_in"] = take_in_or_end
    main()
