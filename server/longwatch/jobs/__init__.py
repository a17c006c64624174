"""The domain of jobs: how one is made, what may happen to it. No I/O."""
