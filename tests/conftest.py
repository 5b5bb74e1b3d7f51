import atexit
import os
import shutil
import signal
import tempfile

from hypothesis import settings

from lionsearch.evaluate.device import configure_jax


def share_compilations() -> None:
    """Give all processes of this run one cache of compilations: most of its time went into repeating them.

    The workers of xdist, the command lines and the Ray actors inherit it; who made it takes it away.
    """
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        folder = tempfile.mkdtemp(prefix="lionsearch-compilations-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["JAX_COMPILATION_CACHE_DIR"] = folder
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.1"


share_compilations()
configure_jax()
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs with it ignored

settings.register_profile("lionsearch", deadline=None, print_blob=True)
settings.load_profile("lionsearch")
