"""A work directory: one run at a time in it, and what is said when its disk is full."""

import contextlib
import errno
import fcntl
import os
import pathlib

FULL = {errno.ENOSPC, errno.EDQUOT}


@contextlib.contextmanager
def held(workdir: pathlib.Path):
    """Keeps other runs out of a work directory. The system lets go of the lock, in whatever way this process ends.

    A directory in which nothing was written goes again.

    Raises:
      ValueError: where another process holds it.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    lock = workdir / "lock"
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise ValueError(
                f"workdir={str(workdir)!r}: another run (process {file.read()}) is writing there; stop it, or give "
                "another --workdir"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            if list(workdir.iterdir()) == [lock]:
                lock.unlink()
                workdir.rmdir()


@contextlib.contextmanager
def room(folder: pathlib.Path, workdir: pathlib.Path):
    """Within it, what writes to `folder` ends with one line where its disk is full.

    Raises:
      OSError: naming the folder and how to go on.
    """
    try:
        yield
    except Exception as error:  # TensorFlow has no class of its own for it, only the system's words
        if getattr(error, "errno", None) not in FULL and not any(os.strerror(number) in str(error) for number in FULL):
            raise
        raise OSError(
            f"{folder}: no room is left on its disk; make some, or keep fewer checkpoints (--keep=1), and give the "
            f"same command: it goes on from the last checkpoint in {workdir}"
        ) from None
