"""The background runner: one job per key, its end, and what is kept of it."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from app.jobs import Job, Jobs, StoppedError
from tests.support.browser_support import ROOT


def ended(job: Job) -> Job:
    assert job.finished.wait(30)
    return job


def test_a_job_reports_and_has_an_outcome():
    gate = threading.Event()
    reported = threading.Event()

    def work(job: Job[int]) -> int:
        job.report(2, 5, "Counting")
        reported.set()
        assert gate.wait(30)
        job.report(5, 5)
        return 7

    job = Job("test", work)
    assert reported.wait(30)
    assert (job.state, job.done, job.total, job.phase) == ("running", 2, 5, "Counting")
    gate.set()
    ended(job)
    assert (job.state, job.done, job.phase, job.outcome) == ("done", 5, "Counting", 7)


def test_a_stopped_job_ends_with_its_next_report_and_can_be_started_again():
    jobs: Jobs[int] = Jobs("test")
    gate = threading.Event()

    def work(job: Job[int]) -> int:
        assert gate.wait(30)
        job.report(1, 2)
        raise AssertionError("a stopped job goes on")

    job = jobs.start("a", work)
    job.stop()
    assert job.state == "stopping"
    assert jobs.start("a", work) is job  # never two at once
    gate.set()
    assert ended(job).state == "stopped"
    assert job.problem == ""
    again = jobs.start("a", lambda job: 3)
    assert again is not job
    assert ended(again).outcome == 3
    assert jobs.start("a", lambda job: 4) is again
    assert ended(jobs.start("a", lambda job: 4, again=True)).outcome == 4
    with pytest.raises(StoppedError):
        job.report(1, 1)


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ValueError("no such thing"), "no such thing"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (RuntimeError("odd"), "RuntimeError (odd)"),
        (ValueError(), "ValueError"),
    ],
)
def test_an_error_becomes_a_sentence(error, problem):
    def work(job: Job[None]) -> None:
        raise error

    job = ended(Job("test", work))
    assert (job.state, job.problem, job.outcome) == ("failed", problem, None)


def test_finished_jobs_are_not_kept_for_ever():
    jobs: Jobs[int] = Jobs("test", most=6)
    gate = threading.Event()
    waiting = jobs.start("waiting", lambda job: int(gate.wait(30)))
    for number in range(20):
        ended(jobs.start(number, lambda job: 1))
    assert len(jobs.all()) <= 6
    assert jobs.get(19) is not None
    assert jobs.get(0) is None
    assert jobs.get("waiting") is waiting
    gate.set()
    ended(waiting)


def test_a_job_stopped_before_its_delay_is_over_never_begins():
    begun = threading.Event()
    job = Job("test", lambda job: begun.set(), delay=60)
    job.stop()
    assert ended(job).state == "stopped"
    assert not begun.is_set()


def test_the_end_of_the_program_waits_for_a_job_under_way():
    code = """
import time
from app.jobs import Job
def work(job):
    time.sleep(0.5)
    print("whole", flush=True)
Job("test", work)
time.sleep(0.1)
"""
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "whole\n"
