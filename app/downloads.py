"""Getting a data set's pictures in the background: one download per data set and process.

What has arrived when it is stopped is continued by the next start
(`hypuml.data.registry.download` sees to that).
"""

from __future__ import annotations

from app import resources
from app.jobs import Job, Jobs
from hypuml.data import registry

JOBS: Jobs[None] = Jobs("download")


def download(name: str) -> Job[None] | None:
    """The last download of a data set, the same one for all sessions; None before the first."""
    return JOBS.get(name)


def start(name: str) -> Job[None]:
    """Begin or continue the download of a data set; the job under way where there is one.

    Args:
        name: of the registry.
    """

    def work(job: Job[None]) -> None:
        registry.download(name, progress=job.report)
        for entry in resources.galleries.entries():
            if entry.gallery is not None and entry.gallery.name == name:
                entry.gallery.refresh()

    return JOBS.start(name, work, again=True)


def is_downloadable(name: str) -> bool:
    """Whether the registry has a source for a data set."""
    entry = registry.DATASETS.get(name)
    return entry is not None and entry.download is not None
