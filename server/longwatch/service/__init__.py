"""The job service: the only writer of job state.

- `jobs`        `JobService`: takes jobs in, cancels them, hears from the executor
- `scheduling`  whose turn it is
- `endings`     what becomes of a job whose attempt is over
"""
