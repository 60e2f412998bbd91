"""Starts the processes to measure, itself small and without site packages.

A process reports at least the peak memory of the one that started it, so whoever measures must not be large.
Input, a line each: folder, output file, error file and command, separated by NUL. Answer: status, wall
seconds, processor seconds, peak KiB.
"""

import os
import sys
import time


def measure(folder: str, output: str, errors: str, command: list[str]) -> tuple[int, float, float, int]:
    """Run one command to its end; returns exit status, wall and processor seconds (its children's too), peak KiB."""
    os.chdir(folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    streams = [(os.POSIX_SPAWN_OPEN, 1, output, flags, 0o600), (os.POSIX_SPAWN_OPEN, 2, errors, flags, 0o600)]
    begun = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=streams)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - begun
    return os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


if __name__ == "__main__":
    for line in sys.stdin:
        where, out, err, *words = line.rstrip("\n").split("\0")
        print(*measure(where, out, err, words), flush=True)
