"""The tasks above the smallest: functions that return a `Problem`, named by files of `proxy_tasks/`.

Each module holds the tasks of one kind. A module of the data or of the networks is imported, not what is in it, so that
whoever may name a function here can name no other.
"""
