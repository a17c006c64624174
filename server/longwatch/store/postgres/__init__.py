"""PostgreSQL as the job store, for one server or several.

- `address`    where it is, and how connections are made
- `errors`     what PostgreSQL says, in the store's own errors
- `opening`    migrations, the index of texts, what has to be there
- `writer`     the one thread that writes, and tells what others wrote
- `readers`    threads that only read
- `listening`  hears that another server wrote something
- `leading`    which of several servers starts jobs
- `store`      all of it, as the event loop sees it
"""
