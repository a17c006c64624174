"""The job service: the only writer of job state.

- `jobs`        `JobService`: takes jobs in, cancels them, hears from the executor
- `submitting`  what may be submitted, once only for each idempotency key
- `requests`    cancelling and deleting, in a transaction
- `bulk`        the same for many jobs at once
- `endwatch`    wakes who waits for the end of a job
- `scheduling`  whose turn it is
- `starting`    what an attempt is given to run
- `endings`     what becomes of a job whose attempt is over
- `offering`    jobs that workers may come for
- `working`     the workers themselves
"""
