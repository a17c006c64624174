"""The process that carries out one attempt: `python -m longwatch.runner`."""
