from hypothesis import settings

settings.register_profile("lionsearch", deadline=None, print_blob=True)
settings.load_profile("lionsearch")
