import signal

from hypothesis import settings

from lionsearch.evaluate.device import configure_jax

configure_jax()
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs with it ignored

settings.register_profile("lionsearch", deadline=None, print_blob=True)
settings.load_profile("lionsearch")
