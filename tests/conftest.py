from hypothesis import settings

from lionsearch.evaluate.device import configure_jax

configure_jax()

settings.register_profile("lionsearch", deadline=None, print_blob=True)
settings.load_profile("lionsearch")
