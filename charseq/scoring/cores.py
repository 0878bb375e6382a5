"""Independent jobs on the cores of this machine, as threads: numpy and compiled code let others run too.

What jobs compute does not depend on the number of threads: each product is computed on one core.
"""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any, TypeAlias

from charseq.gradients.plan import num_cores

Job: TypeAlias = Callable[[], None]
_here = threading.local()


def num_threads() -> int:
    """Return the number of cores that this process may use, or OMP_NUM_THREADS if that is less."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(num_cores(), int(wanted)) if wanted.isdecimal() and int(wanted) else num_cores()


def run_jobs(jobs: Sequence[Job]) -> None:
    """Run all jobs, side by side if there are several; a job's own jobs run one after the other.

    The first error, in the order of the jobs, is raised.
    """
    if getattr(_here, "is_worker", False):
        for job in jobs:
            job()
        return
    num_workers = min(num_threads(), len(jobs))
    with _controller().limit(limits=1, user_api="blas"):
        if num_workers < 2:
            for job in jobs:
                job()
            return
        pool = ThreadPoolExecutor(num_workers, initializer=_mark)
        try:
            for future in [pool.submit(copy_context().run, job) for job in jobs]:
                future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _mark() -> None:
    _here.is_worker = True


@cache
def _controller() -> Any:
    """Return the control of the numbers of threads, which takes a while to find the libraries."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
