"""Which executor does a project get? The one that the settings name: on this machine, or on a Ray cluster."""

from structlog.typing import FilteringBoundLogger

from broker.ids import ProjectId
from reconstructor.config import Settings
from reconstructor.executors import Executor
from reconstructor.executors.local import LocalExecutor
from reconstructor.executors.ray import Cluster, Hosting, RayExecutor, check_installed
from reconstructor.executors.slots import Slots
from reconstructor.storage.store import Store


def executor_of(
    settings: Settings, project: ProjectId, store: Store, slots: Slots, log: FilteringBoundLogger
) -> Executor:
    """The project's executor, not yet started; raises RayMissingError."""
    environment = {
        "CAIRN_ENGINE_LEARNED_CAMERAS": str(settings.data_dir.absolute() / "learned_cameras.json"),
        "CAIRN_ENGINE_POINTS_LIMIT": str(settings.points_limit),
    }
    if settings.executor == "local":
        return LocalExecutor(
            settings.black_box,
            store.black_box_folder,
            memory_limit_bytes=settings.memory_limit_bytes,
            load_timeout_s=settings.load_timeout_s,
            log=log,
            environment=environment,
            slots=slots,
            rest_s=settings.black_box_rest_s,
        )
    check_installed()
    hosting = Hosting(
        project=project,
        black_box=settings.black_box,
        folder=store.black_box_folder.absolute(),
        memory_limit_bytes=settings.memory_limit_bytes,
        load_timeout_s=settings.load_timeout_s,
        rest_s=settings.black_box_rest_s,
        environment=environment,
    )
    cluster = Cluster(address=settings.ray_address, gpu_share=settings.gpu_share)
    return RayExecutor(hosting, cluster, slots=slots, log=log)
