"""Black boxes for tests that start processes by fork, as data loaders and pools do."""

import multiprocessing
import os
import sys
import time
from typing import NoReturn

from tests.black_boxes import instant


def uses_a_pool(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Works in processes that are forked from its own."""
    with multiprocessing.get_context("fork").Pool(2) as pool:
        if pool.map(abs, [-1, -2, -3]) != [1, 2, 3]:
            raise ValueError("the pool is wrong")
    return instant(input_img_path, old_point_cloud, new_img_id)


def uses_a_data_loader(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Loads its batches as most code that learns does."""
    import torch  # noqa: PLC0415 - the other black boxes start without it

    rows = torch.utils.data.TensorDataset(torch.arange(8))
    loader = torch.utils.data.DataLoader(rows, batch_size=2, num_workers=2)
    if sum(int(batch.sum()) for (batch,) in loader) != sum(range(8)):
        raise ValueError("the loader is wrong")
    return instant(input_img_path, old_point_cloud, new_img_id)


def returns_twice(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Forks and lets the child go on where the parent does."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
    return instant(input_img_path, old_point_cloud, new_img_id)


def waits_for_its_exiting_child(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Forks a child that ends by itself, and asks for its status."""
    pid = os.fork()
    if not pid:
        sys.exit(5)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 5:
        raise ValueError("the child's status is lost")
    return instant(input_img_path, old_point_cloud, new_img_id)


def dies_before_its_children(input_img_path: str, old_point_cloud: str, new_img_id: str) -> NoReturn:
    """Leaves a forked process that waits, and ends."""
    if not os.fork():
        time.sleep(3600)
    os._exit(9)
