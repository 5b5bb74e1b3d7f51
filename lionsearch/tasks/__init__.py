"""Models and data behind `proxy_tasks/*.toml`."""

from lionsearch.tasks.problem import Problem as Problem
