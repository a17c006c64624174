"""The job service: the only writer of job state.

- `jobs`        `JobService`: takes jobs in, cancels and deletes them; the face of what follows
- `submitting`  what may be submitted, once only for each idempotency key
- `requests`    cancelling and deleting, in a transaction
- `bulk`        the same for many jobs at once
- `endwatch`    wakes who waits for the end of a job
- `turns`       how jobs begin to run; `scheduling` says whose turn it is
- `starting`    what an attempt is given to run
- `attempts`    those that run now
- `recording`   how they end; `endings` says what becomes of their jobs
- `offering`    jobs that workers may come for
- `working`     the workers themselves
- `retention`   how long results and jobs are kept; `expiry` says which go
"""
