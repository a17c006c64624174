"""The contender: a Django application over ASGI that takes jobs in and gives them back.

As little as does the same: one model, JSON, SQLite with WAL and `synchronous=FULL`, so that a job
that was answered with 202 is on the disk. It has no tokens, no quotas, no story of a job and no
feed; nothing but Django's own middleware, of which none is needed, stands before a view.

Served by `uvicorn benchmarks.django_jobs:application`; `BENCH_DATABASE` names the file.
"""

from __future__ import annotations

import json
import os
import uuid
from typing import Any

import django  # type: ignore[import-not-found,unused-ignore]
from django.conf import settings  # type: ignore[import-not-found,unused-ignore]

settings.configure(
    DEBUG=False,
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    MIDDLEWARE=[],
    LOGGING_CONFIG=None,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["BENCH_DATABASE"],
            # One connection for good: opening it anew for each request would halve the figure.
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    },
)
django.setup()

# Django reads its settings when these are imported.
from django.core.asgi import (  # type: ignore[import-not-found,unused-ignore]  # noqa: E402
    get_asgi_application,
)
from django.db import (  # type: ignore[import-not-found,unused-ignore]  # noqa: E402
    connection,
    models,
)
from django.http import (  # type: ignore[import-not-found,unused-ignore]  # noqa: E402
    HttpRequest,
    HttpResponse,
    JsonResponse,
)
from django.urls import path  # type: ignore[import-not-found,unused-ignore]  # noqa: E402
from django.utils import timezone  # type: ignore[import-not-found,unused-ignore]  # noqa: E402


class Job(models.Model):  # type: ignore[misc,unused-ignore]
    """What a job must have to be shown in a list."""

    id = models.CharField(primary_key=True, max_length=32)
    name = models.TextField()
    sql = models.TextField()
    source = models.TextField()
    owner = models.TextField()
    state = models.CharField(max_length=16, db_index=True)
    priority = models.IntegerField()
    created = models.DateTimeField(db_index=True)

    class Meta:
        """Outside of any installed application."""

        app_label = "bench"


def told(job: Any) -> dict[str, Any]:
    """A job as JSON has it."""
    return {
        "id": job.id,
        "name": job.name,
        "sql": job.sql,
        "source": job.source,
        "owner": job.owner,
        "state": job.state,
        "priority": job.priority,
        "created": job.created.isoformat(),
    }


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """JSON with its length, which Django leaves to a middleware: answers would come in chunks."""
    response = JsonResponse(body, status=status, headers=headers)
    response["Content-Length"] = str(len(response.content))
    return response


async def jobs(request: HttpRequest) -> HttpResponse:
    """Submit, or list the newest hundred."""
    if request.method != "POST":
        newest = [told(job) async for job in Job.objects.order_by("-created")[:100]]
        return answer({"jobs": newest, "total": await Job.objects.acount()})
    asked = json.loads(request.body)
    job = await Job.objects.acreate(
        id=uuid.uuid4().hex,
        name=asked.get("name", ""),
        sql=asked["sql"],
        source=asked.get("source", "sample"),
        owner="me",
        state="queued",
        priority=asked.get("priority", 0),
        created=timezone.now(),
    )
    return answer(told(job), 202, {"Location": f"/v1/jobs/{job.id}"})


async def one(_request: HttpRequest, job_id: str) -> HttpResponse:
    """One job."""
    return answer(told(await Job.objects.aget(id=job_id)))


urlpatterns = [path("v1/jobs", jobs), path("v1/jobs/<str:job_id>", one)]

with connection.schema_editor() as schema:
    schema.create_model(Job)
connection.close()

application = get_asgi_application()
