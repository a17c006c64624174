"""A worker: carries attempts out on this machine for a server elsewhere.

Celery tells it of them; what there is to do it hears from the server itself, over HTTP. Its pool's
processes are children of one that runs no query; each has one attempt at a time, carried out by
the same runner that a server without workers starts.

- `options`   what it was told
- `reaching`  patience with a server that is away
- `carrying`  one attempt, from its claim to its end
- `delivery`  brings a result to the server
- `leftover`  what a process of the pool left that was killed
- `child`     what lives in each process of the pool
- `program`   Celery's part
"""
